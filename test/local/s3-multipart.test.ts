import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
  type CompletedPart,
  type CreateMultipartUploadCommandInput,
} from '@aws-sdk/client-s3';
import { setTimeout as sleep } from 'node:timers/promises';
import { clientConfig } from '../../local/service/aws-env';
import { startEngine, type Engine } from '../../local/service/engine';
import { engineStartLimitMs } from './support';

const MiB = 1024 * 1024;
const Bucket = 'multipart';
const parts = [Buffer.alloc(5 * MiB, 'a'), Buffer.from('the end')];

let engine: Engine;
let s3: S3Client;
let keys = 0;

beforeAll(async () => {
  engine = await startEngine();
  s3 = new S3Client(clientConfig(engine));
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
}, engineStartLimitMs);

afterAll(() => engine.stop());

const newKey = (): string => `key-${String(++keys)}`;

async function begin(Key: string, more: Partial<CreateMultipartUploadCommandInput> = {}): Promise<string> {
  return (await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }))).UploadId ?? '';
}

async function upload(Key: string, UploadId: string, bodies: Buffer[]): Promise<CompletedPart[]> {
  const completed: CompletedPart[] = [];
  for (const [index, Body] of bodies.entries()) {
    const PartNumber = index + 1;
    const { ETag } = await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }));
    completed.push({ PartNumber, ETag });
  }
  return completed;
}

const complete = (Key: string, UploadId: string, Parts: CompletedPart[]) =>
  s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));

const head = (Key: string) => s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));

/** What a plain PutObject of the same bytes has. */
async function reference(): Promise<string | undefined> {
  const Key = newKey();
  const Body = Buffer.concat(parts);
  const answer = await s3.send(new PutObjectCommand({ Bucket, Key, Body, ChecksumAlgorithm: 'CRC64NVME' }));
  return answer.ChecksumCRC64NVME;
}

test('tags given at the start are those of the object', async () => {
  const Key = newKey();
  const id = await begin(Key, { Tagging: 'a=1&b=%20' });
  await complete(Key, id, await upload(Key, id, [Buffer.from('small')]));
  const { TagSet } = await s3.send(new GetObjectTaggingCommand({ Bucket, Key }));
  expect(TagSet).toEqual([
    { Key: 'a', Value: '1' },
    { Key: 'b', Value: ' ' },
  ]);
});

test('a part below 5 MiB is too small unless it is the last', async () => {
  const Key = newKey();
  const id = await begin(Key);
  const uploaded = await upload(Key, id, [Buffer.from('small'), Buffer.from('last')]);
  await expect(complete(Key, id, uploaded)).rejects.toMatchObject({ name: 'EntityTooSmall' });
  await complete(Key, id, uploaded.slice(1));
});

test('CRC64NVME is one of the whole object, at completion and on HEAD, of uploads and copies alike', async () => {
  const expected = { ChecksumCRC64NVME: await reference(), ChecksumType: 'FULL_OBJECT' };
  const Key = newKey();
  const id = await begin(Key, { ChecksumAlgorithm: 'CRC64NVME', ChecksumType: 'FULL_OBJECT' });
  expect(await complete(Key, id, await upload(Key, id, parts))).toMatchObject(expected);
  const object = await head(Key);
  expect(object).toMatchObject(expected);

  const target = newKey();
  const UploadId = await begin(target, { ChecksumAlgorithm: 'CRC64NVME' });
  const source = { Bucket, Key: target, UploadId, CopySource: `${Bucket}/${Key}?versionId=${object.VersionId ?? ''}` };
  const copied: CompletedPart[] = [];
  for (const [PartNumber, CopySourceRange] of [
    [1, `bytes=0-${String(5 * MiB - 1)}`],
    [2, `bytes=${String(5 * MiB)}-${String(5 * MiB + 6)}`],
  ] as const) {
    const { CopyPartResult } = await s3.send(new UploadPartCopyCommand({ ...source, PartNumber, CopySourceRange }));
    expect(CopyPartResult?.ChecksumCRC64NVME).toBeDefined();
    copied.push({ PartNumber, ETag: CopyPartResult?.ETag, ChecksumCRC64NVME: CopyPartResult?.ChecksumCRC64NVME });
  }
  expect(await complete(target, UploadId, copied)).toMatchObject(expected);
  expect(await head(target)).toMatchObject(expected);
});

test('SHA256 is a checksum of checksums; a plain copy has one of the whole and an ETag without a part count', async () => {
  const [Key, target] = [newKey(), newKey()];
  const id = await begin(Key, { ChecksumAlgorithm: 'SHA256' });
  const sent: CompletedPart[] = [];
  for (const [index, Body] of parts.entries()) {
    const part = { Bucket, Key, UploadId: id, PartNumber: index + 1, Body, ChecksumAlgorithm: 'SHA256' as const };
    const { ETag, ChecksumSHA256 } = await s3.send(new UploadPartCommand(part));
    sent.push({ PartNumber: index + 1, ETag, ChecksumSHA256 });
  }
  await complete(Key, id, sent);
  const object = await s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
  expect(object).toMatchObject({ ETag: expect.stringMatching(/-2"$/) as string, ChecksumType: 'COMPOSITE' });
  expect(object.ChecksumSHA256).toMatch(/-2$/);
  const { VersionId } = object;
  const old = await s3.send(new HeadObjectCommand({ Bucket, Key, VersionId, ChecksumMode: 'ENABLED' }));
  expect(old.ChecksumType).toBe('COMPOSITE');

  await s3.send(new CopyObjectCommand({ Bucket, Key: target, CopySource: `${Bucket}/${Key}` }));
  const copied = await head(target);
  expect(copied).toMatchObject({
    ETag: expect.stringMatching(/^"[0-9a-f]{32}"$/) as string,
    ChecksumType: 'FULL_OBJECT',
  });
  expect(copied.ChecksumSHA256).not.toMatch(/-/);
});

test('an object is dated, and ranked among its versions, by the start of its upload', async () => {
  const Key = newKey();
  const id = await begin(Key);
  const uploaded = await upload(Key, id, [Buffer.from('multipart')]);
  await sleep(2100);
  const { VersionId } = await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'written meanwhile' }));
  const completed = await complete(Key, id, uploaded);
  const { Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: Key }));
  expect(Versions?.map((v) => [v.VersionId, v.IsLatest])).toEqual([
    [VersionId, true],
    [completed.VersionId, false],
  ]);
  // What was written two seconds after its start is dated later.
  expect(Number(Versions?.[1]?.LastModified)).toBeLessThan(Number(Versions?.[0]?.LastModified));
  expect((await head(Key)).VersionId).toBe(VersionId);
});

test('archived sources, and buckets of another owner, are refused part by part', async () => {
  const [Key, target] = [newKey(), newKey()];
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'cold', StorageClass: 'DEEP_ARCHIVE' }));
  const UploadId = await begin(target);
  const part = { Bucket, Key: target, UploadId, PartNumber: 1, CopySource: `${Bucket}/${Key}` };
  await expect(s3.send(new UploadPartCopyCommand(part))).rejects.toMatchObject({ name: 'InvalidObjectState' });
  const ExpectedBucketOwner = '111122223333';
  await expect(s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ExpectedBucketOwner }))).rejects.toMatchObject({
    name: 'AccessDenied',
  });
});
