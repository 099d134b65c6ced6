import type { CopyOptions, Grant, ObjectRef } from '../../lambda/ports/object-store';
import keys from '../fixtures/keys.json';
import { bytes, type S3World, text } from '../support/s3-world';
import { EVERYTHING, LARGEST_TAGS } from './writing.contract';

const HELLO_ETAG = '5d41402abc4b2a76b9719d911017c592';
const HELLO_SHA256 = 'LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=';
const HELLO_CRC64NVME = 'M3eFcAZSQlc=';
const OTHER_ETAG = '00000000000000000000000000000000';
const MIB = 1024 * 1024;

export function copyingContract(world: () => S3World): void {
  describe('copying', () => {
    test('copies an old version from and to hostile keys', async () => {
      const store = world().store();
      const from = await world().newBucket();
      const bucket = await world().newBucket();
      for (const key of keys) {
        const versionId = await world().put(from, key, `old ${key}`);
        await world().put(from, key, 'newer');
        await store.copy({ source: { bucket: from, key, versionId }, bucket, key, properties: 'copy' });
        expect(text((await store.get({ bucket, key })).body)).toBe(`old ${key}`);
      }
      expect(store.counts()).toMatchObject({ CopyObject: keys.length });
    });

    test('keeps or replaces all properties', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      await store.put({ bucket, key: 'source', body: bytes('hello'), ...EVERYTHING, storageClass: 'STANDARD_IA' });
      const source = { bucket, key: 'source' };
      const copiedHeaders = { ...EVERYTHING.headers, 'website-redirect-location': undefined };

      const kept = await store.copy({ source, bucket, key: 'kept', properties: 'copy', storageClass: 'GLACIER_IR' });
      expect(kept.etag).toBe(HELLO_ETAG);
      const keptHead = await store.head({ bucket, key: 'kept', versionId: kept.versionId });
      expect({ ...keptHead.headers, 'website-redirect-location': undefined }).toEqual(copiedHeaders);
      expect(keptHead).toMatchObject({ userMetadata: EVERYTHING.userMetadata, storageClass: 'GLACIER_IR' });
      expect(await store.getTags({ bucket, key: 'kept' })).toEqual(EVERYTHING.tags);

      await store.copy({ source, bucket, key: 'bare', properties: {}, storageClass: 'STANDARD' });
      const bare = await store.get({ bucket, key: 'bare' });
      expect(bare).toMatchObject({ userMetadata: {}, storageClass: 'STANDARD', size: 5 });
      expect(bare.headers).toEqual({ 'content-type': 'binary/octet-stream' });
      expect(await store.getTags({ bucket, key: 'bare' })).toEqual({});

      await store.copy({ source: { bucket, key: 'bare' }, bucket, key: 'full', properties: EVERYTHING });
      const full = await store.head({ bucket, key: 'full' });
      expect(full.headers).toEqual(EVERYTHING.headers);
      expect(full.userMetadata).toEqual(EVERYTHING.userMetadata);
      expect(await store.getTags({ bucket, key: 'full' })).toEqual(EVERYTHING.tags);
    });

    test('writes grants, and copies none', async () => {
      const store = world().store();
      const bucket = await world().newBucket({ ownership: 'ObjectWriter' });
      await store.put({ bucket, key: 'source', body: bytes('hello') });
      const { owner } = await store.getAcl({ bucket, key: 'source' });
      const grants: Grant[] = [
        { grantee: { id: owner }, permission: 'FULL_CONTROL' },
        { grantee: { id: 'c'.repeat(64) }, permission: 'READ' },
      ];
      await store.copy({ source: { bucket, key: 'source' }, bucket, key: 'shared', properties: { grants } });
      expect((await store.getAcl({ bucket, key: 'shared' })).grants).toEqual(expect.arrayContaining(grants));
      await store.copy({ source: { bucket, key: 'shared' }, bucket, key: 'private', properties: 'copy' });
      expect((await store.getAcl({ bucket, key: 'private' })).grants).toHaveLength(1);
    });

    test('returns the checksum that it was asked for', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      await world().put(bucket, 'source', 'hello');
      const source = { bucket, key: 'source' };
      const checksum = { algorithm: 'SHA256', value: HELLO_SHA256 };
      const copied = await store.copy({ source, bucket, key: 'copy', properties: 'copy', checksum: 'SHA256' });
      expect(copied.checksum).toEqual(checksum);
      expect((await store.head({ bucket, key: 'copy' })).checksum).toEqual(checksum);
    });

    test('copies only what it expects, to where it expects it', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      await world().put(bucket, 'source', 'hello');
      const copy = (options: Partial<CopyOptions>, ifMatch?: string) =>
        store.copy({ source: { bucket, key: 'source', ifMatch }, bucket, key: 'copy', properties: 'copy', ...options });
      const failed = expect.objectContaining({ code: 'precondition-failed' });
      await expect(copy({}, OTHER_ETAG)).rejects.toEqual(failed);
      await copy({ ifAbsent: true }, HELLO_ETAG);
      await expect(copy({ ifAbsent: true })).rejects.toEqual(failed);
      await expect(copy({ ifMatch: OTHER_ETAG })).rejects.toEqual(failed);
      await copy({ ifMatch: HELLO_ETAG });
      await world().delete(bucket, 'copy');
      await copy({ ifAbsent: true });
    });

    test('says what is wrong with the source', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      const versionId = await world().put(bucket, 'gone', 'body');
      await world().deleteVersion(bucket, 'gone', versionId);
      await world().put(bucket, 'deleted', 'body');
      const marker = await world().delete(bucket, 'deleted');
      const copy = (source: ObjectRef) => store.copy({ source, bucket, key: 'copy', properties: 'copy' });
      await expect(copy({ bucket, key: 'never' })).rejects.toMatchObject({ code: 'not-found' });
      await expect(copy({ bucket, key: 'gone', versionId })).rejects.toMatchObject({ code: 'not-found' });
      await expect(copy({ bucket, key: 'deleted', versionId: marker })).rejects.toMatchObject({
        code: 'delete-marker',
      });
      const missing = { bucket: `${bucket}-missing`, key: 'key' };
      await expect(copy(missing)).rejects.toMatchObject({ code: 'no-such-bucket' });
      const stranger = world().store({ accountId: '999999999999' });
      const source = { bucket, key: 'key' };
      await expect(stranger.copy({ source, bucket, key: 'copy', properties: 'copy' })).rejects.toMatchObject({
        code: 'access-denied',
      });
    });
  });

  describe('multipart copies', () => {
    const partSize = 5 * MIB;
    const body = new Uint8Array(partSize + 100).map((_, i) => (i * 7) >>> 2);

    test('puts an object together with all its properties', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      const { versionId = '', etag } = await store.put({ bucket, key: 'source', body });
      const source = { bucket, key: 'source', versionId, ifMatch: etag };
      const upload = await store.createUpload({
        bucket,
        key: 'large +%',
        ...EVERYTHING,
        storageClass: 'STANDARD_IA',
        checksum: 'CRC64NVME',
      });
      expect(await store.listParts(upload)).toEqual([]);
      const ranges = [
        { offset: 0, length: partSize },
        { offset: partSize, length: 100 },
      ] as const;
      const second = await store.copyPart({ ...upload, partNumber: 2, source, range: ranges[1] });
      const first = await store.copyPart({ ...upload, partNumber: 1, source, range: ranges[0] });
      expect([first, second].map(({ partNumber, size }) => [partNumber, size])).toEqual([
        [1, partSize],
        [2, 100],
      ]);
      expect(await store.listParts(upload)).toEqual([first, second]);

      const written = await store.completeUpload({ ...upload, parts: [first, second], ifAbsent: true });
      expect(written.etag).toMatch(/^[0-9a-f]{32}-2$/);
      expect(written.checksum?.algorithm).toBe('CRC64NVME');
      const read = await store.get({ bucket, key: 'large +%', versionId: written.versionId });
      expect(Buffer.compare(read.body, body)).toBe(0);
      expect(read).toMatchObject({ storageClass: 'STANDARD_IA', tagCount: 3, etag: written.etag });
      expect(read.headers).toEqual(EVERYTHING.headers);
      expect(read.userMetadata).toEqual(EVERYTHING.userMetadata);
      expect(read.checksum).toEqual(written.checksum);
      expect(await store.getTags({ bucket, key: 'large +%' })).toEqual(EVERYTHING.tags);
      expect(store.counts()).toMatchObject({
        CreateMultipartUpload: 1,
        UploadPartCopy: 2,
        ListParts: 2,
        CompleteMultipartUpload: 1,
      });
    });

    test('writes ten tags of the largest size, which no header holds', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      await world().put(bucket, 'source', 'hello');
      const upload = await store.createUpload({ bucket, key: 'copy', tags: LARGEST_TAGS });
      const range = { offset: 0, length: 5 };
      const part = await store.copyPart({ ...upload, partNumber: 1, source: { bucket, key: 'source' }, range });
      await store.completeUpload({ ...upload, parts: [part], properties: { tags: LARGEST_TAGS } });
      expect(await store.getTags({ bucket, key: 'copy' })).toEqual(LARGEST_TAGS);
    });

    test('is not completed over an object that is gone', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      await world().put(bucket, 'source', 'hello');
      await world().put(bucket, 'copy', 'other');
      const { etag: ifMatch } = await store.head({ bucket, key: 'copy' });
      const upload = await store.createUpload({ bucket, key: 'copy' });
      const range = { offset: 0, length: 5 };
      const part = await store.copyPart({ ...upload, partNumber: 1, source: { bucket, key: 'source' }, range });
      await world().delete(bucket, 'copy');
      const complete = store.completeUpload({ ...upload, parts: [part], ifMatch });
      await expect(complete).rejects.toMatchObject({ code: 'precondition-failed' });
    });

    test('has the checksum of the whole object', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      await world().put(bucket, 'source', 'hello');
      const upload = await store.createUpload({ bucket, key: 'copy', checksum: 'CRC64NVME' });
      const range = { offset: 0, length: 5 };
      const part = await store.copyPart({ ...upload, partNumber: 1, source: { bucket, key: 'source' }, range });
      const { checksum } = await store.completeUpload({ ...upload, parts: [part] });
      expect(checksum).toEqual({ algorithm: 'CRC64NVME', value: HELLO_CRC64NVME });
    });

    test('completes under conditions, and can be tried again after a failed one', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      await world().put(bucket, 'source', 'hello');
      await world().put(bucket, 'copy', 'in the way');
      const upload = await store.createUpload({ bucket, key: 'copy' });
      const range = { offset: 0, length: 5 };
      const part = await store.copyPart({ ...upload, partNumber: 1, source: { bucket, key: 'source' }, range });
      const complete = store.completeUpload({ ...upload, parts: [part], ifAbsent: true });
      await expect(complete).rejects.toMatchObject({ code: 'precondition-failed' });
      const { etag: ifMatch } = await store.head({ bucket, key: 'copy' });
      await store.completeUpload({ ...upload, parts: [part], ifMatch });
      expect(text((await store.get({ bucket, key: 'copy' })).body)).toBe('hello');
    });

    test('a part is copied only under the expected ETag, and from what is there', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      await world().put(bucket, 'source', 'hello');
      const upload = await store.createUpload({ bucket, key: 'copy' });
      const copyPart = (source: ObjectRef & { ifMatch?: string }) =>
        store.copyPart({ ...upload, partNumber: 1, source, range: { offset: 0, length: 5 } });
      await expect(copyPart({ bucket, key: 'source', ifMatch: OTHER_ETAG })).rejects.toMatchObject({
        code: 'precondition-failed',
      });
      await expect(copyPart({ bucket, key: 'never' })).rejects.toMatchObject({ code: 'not-found' });
    });

    test('an aborted upload is gone, and may be aborted again', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      await world().put(bucket, 'source', 'hello');
      const upload = await store.createUpload({ bucket, key: 'copy' });
      await store.abortUpload(upload);
      await store.abortUpload(upload);
      const gone = expect.objectContaining({ code: 'no-such-upload' });
      const source = { bucket, key: 'source' };
      const range = { offset: 0, length: 5 };
      await expect(store.copyPart({ ...upload, partNumber: 1, source, range })).rejects.toEqual(gone);
      await expect(store.listParts(upload)).rejects.toEqual(gone);
      const parts = [{ partNumber: 1, etag: HELLO_ETAG, size: 5 }];
      await expect(store.completeUpload({ ...upload, parts })).rejects.toEqual(gone);
    });
  });
}
