import { Sha512 } from '@aws-sdk/checksums/sha';
import { Xxh3_128, Xxh3_64, Xxh64 } from '@aws-sdk/checksums/xxh';
import { createHash } from 'node:crypto';
import { AwsObjectStore } from '../../lambda/adapters/aws/s3/aws-object-store';
import { CHECKSUM_ALGORITHMS } from '../../lambda/core/objects/properties';
import { bytes } from '../support/s3-world';
import { FakeS3 } from '../support/fake-s3';

const object = { bucket: 'photos', key: 'key' };
const done = { headers: { etag: '"e"', 'x-amz-version-id': 'v' } };
const storeOn = (s3: FakeS3): AwsObjectStore => new AwsObjectStore({ client: { ...s3.config, maxAttempts: 1 } });
const base64 = (value: Uint8Array): string => Buffer.from(value).toString('base64');

/** Algorithms that the SDK knows by name and refuses to validate. */
const NEWER = [
  ['SHA512', Sha512],
  ['XXHASH64', Xxh64],
  ['XXHASH3', Xxh3_64],
  ['XXHASH128', Xxh3_128],
] as const;

test.each([...NEWER, ['MD5', undefined]] as const)(
  'an object with %s is read, and checked',
  async (algorithm, Hash) => {
    const sum = Hash && new Hash();
    sum?.update(bytes('hello'));
    const value = sum ? base64(await sum.digest()) : createHash('md5').update('hello').digest('base64');
    const header = `x-amz-checksum-${algorithm.toLowerCase()}`;
    const s3 = new FakeS3({ headers: { ...done.headers, [header]: value }, body: 'hello' });
    const store = storeOn(s3);
    for (let n = 0; n < 2; n++) {
      const { body, checksum } = await store.get(object);
      expect([Buffer.from(body).toString(), checksum]).toEqual(['hello', { algorithm, value }]);
    }
    const other = storeOn(new FakeS3({ headers: { ...done.headers, [header]: value }, body: 'hullo' }));
    for (let n = 0; n < 2; n++) await expect(other.get(object)).rejects.toMatchObject({ code: 'unavailable' });
  },
);

test.each(CHECKSUM_ALGORITHMS)('a put sends the %s that it is given, and no other', async (algorithm) => {
  const s3 = new FakeS3(done);
  const store = storeOn(s3);
  const checksum = { algorithm, value: 'abcd' };
  for (let n = 0; n < 2; n++) {
    await store.put({ ...object, body: bytes('hello'), checksum });
    const sent = Object.entries(s3.last.headers).filter(([name]) => name.startsWith('x-amz-checksum-'));
    expect(sent).toEqual([[`x-amz-checksum-${algorithm.toLowerCase()}`, 'abcd']]);
    expect(s3.last.headers).toHaveProperty('x-amz-content-sha256', createHash('sha256').update('hello').digest('hex'));
  }
});

test('an upload is completed with the checksum of the object', async () => {
  const body = '<CompleteMultipartUploadResult><ETag>"e-1"</ETag></CompleteMultipartUploadResult>';
  const s3 = new FakeS3({ body });
  const checksum = { algorithm: 'CRC64NVME', value: 'M3eFcAZSQlc=' } as const;
  await storeOn(s3).completeUpload({ ...object, uploadId: 'u', parts: [], checksum });
  expect(s3.last.headers).toMatchObject({
    'x-amz-checksum-crc64nvme': 'M3eFcAZSQlc=',
    'x-amz-checksum-type': 'FULL_OBJECT',
  });
});
