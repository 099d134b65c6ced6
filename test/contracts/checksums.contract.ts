import type { Checksum } from '../../lambda/ports/object-store';
import { bytes, type S3World } from '../support/s3-world';

/** Of the text `hello`, as S3 writes them. */
const HELLO = [
  { algorithm: 'CRC32', value: 'NhCmhg==' },
  { algorithm: 'CRC32C', value: 'mnG7TA==' },
  { algorithm: 'CRC64NVME', value: 'M3eFcAZSQlc=' },
  { algorithm: 'SHA1', value: 'qvTGHdzF6KLavt4PO0gs2a6pQ00=' },
  { algorithm: 'SHA256', value: 'LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=' },
] as const satisfies readonly Checksum[];
/** Of parts, S3 makes a checksum of the full object by these only. */
const OF_UPLOADS = ['CRC32', 'CRC32C', 'CRC64NVME'] as const;
const wrong = ({ algorithm, value }: Checksum): Checksum => ({
  algorithm,
  value: value.startsWith('A') ? `B${value.slice(1)}` : `A${value.slice(1)}`,
});
const helloOf = (wanted: Checksum['algorithm']): Checksum => {
  const found = HELLO.find(({ algorithm }) => algorithm === wanted);
  if (!found) throw new Error(wanted);
  return found;
};
const MIB = 1024 * 1024;
const refused = { code: 'bad-digest' };

/** Algorithms and types of checksums: API reference of PutObject, CopyObject and CompleteMultipartUpload; User Guide, checking-object-integrity. */
export function checksumsContract(world: () => S3World): void {
  describe.each(HELLO)('the checksum $algorithm', (checksum) => {
    const { algorithm } = checksum;

    test('is kept with what is put, and given back', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      const key = 'key';
      expect(await store.put({ bucket, key, body: bytes('hello'), checksum })).toMatchObject({ checksum });
      expect(await store.head({ bucket, key })).toMatchObject({ checksum });
      // The second one goes past the SDK.
      await store.put({ bucket, key, body: bytes('hello'), checksum });
      for (let n = 0; n < 2; n++) expect(await store.get({ bucket, key })).toMatchObject({ checksum });
      const { entries } = await store.listVersions({ bucket });
      expect(entries.map(({ checksumAlgorithm }) => checksumAlgorithm)).toEqual([algorithm, algorithm]);
      const range = { offset: 0, length: 2 };
      expect((await store.get({ bucket, key, range })).checksum).toBeUndefined();
    });

    test('is proved by S3: nothing is written under a wrong one', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      const put = (key: string, sent: Checksum) => store.put({ bucket, key, body: bytes('hello'), checksum: sent });
      await expect(put('key', wrong(checksum))).rejects.toMatchObject(refused);
      await put('other', checksum);
      await expect(put('key', wrong(checksum))).rejects.toMatchObject(refused);
      expect((await store.listVersions({ bucket })).entries.map(({ key }) => key)).toEqual(['other']);
    });

    test('is the one of a copy too, unless that is asked for another', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      await world().put(bucket, 'source', 'hello', { checksum: algorithm });
      const source = { bucket, key: 'source' };
      const copy = await store.copy({ source, bucket, key: 'copy', properties: 'copy' });
      expect(copy.checksum).toEqual(checksum);
      for (const asked of HELLO) {
        const other = { source, bucket, key: 'other', properties: {}, checksum: asked.algorithm };
        expect((await store.copy(other)).checksum).toEqual(asked);
        expect((await store.head({ bucket, key: 'other' })).checksum).toEqual(asked);
      }
    });
  });

  test('a checksum of parts becomes one of the full object in a copy', async () => {
    const store = world().store();
    const bucket = await world().newBucket();
    const parts = [new Uint8Array(5 * MIB).fill(7), bytes('the rest')];
    await store.put({ bucket, key: 'whole', body: Buffer.concat(parts) });
    for (const algorithm of ['SHA256', 'CRC64NVME'] as const) {
      await world().putInParts(bucket, 'parts', parts, algorithm);
      const source = { bucket, key: 'parts' };
      const { checksum } = await store.head(source);
      expect([checksum?.algorithm, checksum?.value.endsWith('-2')]).toEqual([algorithm, algorithm === 'SHA256']);
      const copied = await store.copy({ source, bucket, key: 'copy', properties: 'copy' });
      const whole = { source: { bucket, key: 'whole' }, bucket, key: 'again', properties: {}, checksum: algorithm };
      expect(copied.checksum).toEqual((await store.copy(whole)).checksum);
    }
  });

  describe.each(OF_UPLOADS)('an upload with %s', (algorithm) => {
    const begun = async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      await world().put(bucket, 'source', 'hello');
      const upload = await store.createUpload({ bucket, key: 'key', checksum: algorithm });
      const part = { partNumber: 1, source: { bucket, key: 'source' }, range: { offset: 0, length: 5 } };
      return { store, bucket, upload: { ...upload, parts: [await store.copyPart({ ...upload, ...part })] } };
    };

    test('has the checksum of the full object, proved by S3', async () => {
      const { store, bucket, upload } = await begun();
      const checksum = helloOf(algorithm);
      await expect(store.completeUpload({ ...upload, checksum: wrong(checksum) })).rejects.toMatchObject(refused);
      expect((await store.listVersions({ bucket, prefix: 'key' })).entries).toEqual([]);
      // The upload is still there.
      expect(await store.completeUpload({ ...upload, checksum })).toMatchObject({ checksum });
      expect((await store.head({ bucket, key: 'key' })).checksum).toEqual(checksum);
    });
  });
}
