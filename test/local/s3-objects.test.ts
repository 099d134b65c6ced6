import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketVersioningCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  DeleteObjectTaggingCommand,
  S3Client,
  type CopyObjectCommandInput,
} from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { clientConfig, localAccount } from '../../local/service/aws-env';
import { startEngine, type Engine } from '../../local/service/engine';
import { engineStartLimitMs } from './support';

let engine: Engine;
let s3: S3Client;
const Bucket = 'objects';
const plain = 'unversioned';
let keys = 0;

beforeAll(async () => {
  engine = await startEngine();
  s3 = new S3Client(clientConfig(engine));
  for (const name of [Bucket, plain])
    await s3.send(new CreateBucketCommand({ Bucket: name, ObjectOwnership: 'ObjectWriter' }));
  await s3.send(
    new PutBucketOwnershipControlsCommand({
      Bucket,
      OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] },
    }),
  );
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
}, engineStartLimitMs);

afterAll(() => engine.stop());

const newKey = (): string => `key-${String(++keys)}`;
const sha256 = (body: string): string => createHash('sha256').update(body).digest('base64');
const md5 = (body: string): string => `"${createHash('md5').update(body).digest('hex')}"`;
const copy = (from: string, Key: string, more: Partial<CopyObjectCommandInput> = {}) =>
  s3.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/${from}`, ...more }));

async function stored(more: Record<string, unknown> = {}): Promise<string> {
  const Key = newKey();
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'body', ...more }));
  return Key;
}

describe('tags and ACLs', () => {
  test('of an older version can be read and changed under a delete marker', async () => {
    const Key = newKey();
    const { VersionId } = await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', Tagging: 'a=1' }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    const tags = async () => (await s3.send(new GetObjectTaggingCommand({ Bucket, Key, VersionId }))).TagSet;
    expect(await tags()).toEqual([{ Key: 'a', Value: '1' }]);
    const Tagging = { TagSet: [{ Key: 'ключ', Value: 'ü' }] };
    await s3.send(new PutObjectTaggingCommand({ Bucket, Key, VersionId, Tagging }));
    expect(await tags()).toEqual(Tagging.TagSet);
    await s3.send(new DeleteObjectTaggingCommand({ Bucket, Key, VersionId }));
    expect(await tags()).toEqual([]);

    const acl = async () => (await s3.send(new GetObjectAclCommand({ Bucket, Key, VersionId }))).Grants;
    expect(await acl()).toHaveLength(1);
    await s3.send(new PutObjectAclCommand({ Bucket, Key, VersionId, ACL: 'bucket-owner-read' }));
    expect((await acl())?.length).toBeGreaterThan(0);
    await expect(s3.send(new GetObjectTaggingCommand({ Bucket, Key }))).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  test('are counted by GET and HEAD, of any version', async () => {
    const Key = newKey();
    const { VersionId } = await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', Tagging: 'a=1&b=2' }));
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'y' }));
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key, VersionId }))).TagCount).toBe(2);
    expect((await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }))).TagCount).toBe(2);
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key }))).TagCount).toBeUndefined();
  });

  test('of a null version go with it when it is replaced', async () => {
    const Key = newKey();
    await s3.send(new PutObjectCommand({ Bucket: plain, Key, Body: 'x', Tagging: 'a=1' }));
    await s3.send(new PutObjectCommand({ Bucket: plain, Key, Body: 'y' }));
    expect((await s3.send(new GetObjectTaggingCommand({ Bucket: plain, Key }))).TagSet).toEqual([]);
  });
});

describe('a copy', () => {
  test('keeps the conditions on its destination', async () => {
    const source = await stored();
    const taken = await stored({ Body: 'other' });
    const { ETag = '' } = await s3.send(new HeadObjectCommand({ Bucket, Key: taken }));
    await expect(copy(source, taken, { IfNoneMatch: '*' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await expect(copy(source, taken, { IfMatch: md5('none') })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await copy(source, newKey(), { IfNoneMatch: '*' });
    await copy(source, taken, { IfMatch: ETag });
    await s3.send(new DeleteObjectCommand({ Bucket, Key: taken }));
    await copy(source, taken, { IfNoneMatch: '*' });
  });

  test('lands in STANDARD unless a class is given', async () => {
    const source = await stored({ StorageClass: 'STANDARD_IA' });
    const [Key, other] = [newKey(), newKey()];
    await copy(source, Key);
    await copy(source, other, { StorageClass: 'ONEZONE_IA' });
    const classOf = async (name: string) => (await s3.send(new HeadObjectCommand({ Bucket, Key: name }))).StorageClass;
    expect([await classOf(Key), await classOf(other)]).toEqual([undefined, 'ONEZONE_IA']);
  });

  test.each(['GLACIER', 'DEEP_ARCHIVE'])('of an object in %s is refused', async (StorageClass) => {
    const source = await stored({ StorageClass });
    const { VersionId } = await s3.send(new HeadObjectCommand({ Bucket, Key: source }));
    const refused = { name: 'InvalidObjectState', $metadata: { httpStatusCode: 403 } };
    await expect(copy(source, newKey())).rejects.toMatchObject(refused);
    await expect(copy(`${source}?versionId=${VersionId ?? ''}`, newKey())).rejects.toMatchObject(refused);
  });

  test('has the checksum that was asked for, and otherwise one by the algorithm of its source', async () => {
    const source = await stored({ ChecksumAlgorithm: 'CRC32' });
    const [asked, same] = [newKey(), newKey()];
    const { CopyObjectResult } = await copy(source, asked, { ChecksumAlgorithm: 'SHA256' });
    expect(CopyObjectResult).toMatchObject({ ChecksumSHA256: sha256('body'), ChecksumType: 'FULL_OBJECT' });
    await copy(source, same);
    const head = (Key: string) => s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
    expect(await head(asked)).toMatchObject({ ChecksumSHA256: sha256('body') });
    expect((await head(asked)).ChecksumCRC32).toBeUndefined();
    expect((await head(same)).ChecksumCRC32).toBeDefined();
  });
});

describe('a write', () => {
  test('answers its checksum; one without gets CRC64NVME', async () => {
    const Key = newKey();
    const answer = await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'body', ChecksumAlgorithm: 'SHA256' }));
    expect(answer).toMatchObject({ ChecksumSHA256: sha256('body'), ChecksumType: 'FULL_OBJECT' });
    const bare = new S3Client({ ...clientConfig(engine), requestChecksumCalculation: 'WHEN_REQUIRED' });
    await bare.send(new PutObjectCommand({ Bucket, Key, Body: '123456789' }));
    // The check value of CRC-64/NVME, AE8B14860A799888, in base64.
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
    expect(head).toMatchObject({ ChecksumCRC64NVME: 'rosUhgp5mIg=', ChecksumType: 'FULL_OBJECT' });
  });

  test('has an MD5 as ETag, but not under KMS', async () => {
    const Key = newKey();
    expect((await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'body' }))).ETag).toBe(md5('body'));
    const kms = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: '11111111-1111-1111-1111-111111111111' } as const;
    const { ETag } = await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'body', ...kms }));
    expect(ETag).toMatch(/^"[0-9a-f]{32}"$/);
    expect(ETag).not.toBe(md5('body'));
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key }))).ETag).toBe(ETag);
    const copied = await copy(Key, newKey(), { ServerSideEncryption: 'AES256' });
    expect(copied.CopyObjectResult?.ETag).toBe(md5('body'));
  });

  test('to a key of more than 1,024 bytes is refused', async () => {
    const refused = { name: 'KeyTooLongError', $metadata: { httpStatusCode: 400 } };
    await expect(s3.send(new PutObjectCommand({ Bucket, Key: 'é'.repeat(513), Body: 'x' }))).rejects.toMatchObject(
      refused,
    );
    await s3.send(new PutObjectCommand({ Bucket, Key: 'é'.repeat(512), Body: 'x' }));
  });
});

describe('the expected owner of a bucket', () => {
  const stranger = '111122223333';
  const refused = { $metadata: { httpStatusCode: 403 } };

  test('is checked on every call', async () => {
    const Key = await stored();
    const foreign = { Bucket, ExpectedBucketOwner: stranger };
    const calls = [
      () => s3.send(new HeadBucketCommand(foreign)),
      () => s3.send(new ListObjectVersionsCommand(foreign)),
      () => s3.send(new HeadObjectCommand({ ...foreign, Key })),
      () => s3.send(new GetObjectCommand({ ...foreign, Key })),
      () => s3.send(new PutObjectCommand({ ...foreign, Key, Body: 'x' })),
      () => copy(Key, newKey(), { ExpectedBucketOwner: stranger }),
      () => copy(Key, newKey(), { ExpectedSourceBucketOwner: stranger }),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject(refused);
    await s3.send(new GetObjectCommand({ Bucket, Key, ExpectedBucketOwner: localAccount }));
    await copy(Key, newKey(), { ExpectedBucketOwner: localAccount, ExpectedSourceBucketOwner: localAccount });
  });
});
