import type { Headers } from '../../lambda/ports/object-store';
import keys from '../fixtures/keys.json';
import { bytes, type S3World, text } from '../support/s3-world';

const HEADERS: Headers = {
  'cache-control': 'max-age=60, private',
  'content-disposition': `attachment; filename="a b.txt"`,
  'content-encoding': 'x-custom',
  'content-language': 'en, de',
  'content-type': 'text/plain; charset=utf-8',
};

export function readingContract(world: () => S3World): void {
  describe('reading', () => {
    test('reads bodies under hostile keys, by version', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      for (const key of keys) {
        const versionId = await world().put(bucket, key, `old ${key}`);
        await world().put(bucket, key, `new ${key}`);
        expect(text((await store.get({ bucket, key, versionId })).body)).toBe(`old ${key}`);
        expect(text((await store.get({ bucket, key })).body)).toBe(`new ${key}`);
        expect((await store.head({ bucket, key, versionId })).versionId).toBe(versionId);
      }
      expect(store.counts()).toEqual({ GetObject: 2 * keys.length, HeadObject: keys.length });
    });

    test('gives back headers, metadata and everything else with body and head', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      const userMetadata = { plain: 'value', 'with-dash': 'a, b; c="d"', empty: '' };
      const versionId = await world().put(bucket, 'key', 'hello', {
        headers: HEADERS,
        userMetadata,
        tags: { one: '1', two: '2' },
        storageClass: 'STANDARD_IA',
      });
      const { body, ...head } = await store.get({ bucket, key: 'key', versionId });
      expect(text(body)).toBe('hello');
      expect(head).toMatchObject({
        versionId,
        etag: '5d41402abc4b2a76b9719d911017c592',
        size: 5,
        storageClass: 'STANDARD_IA',
        headers: HEADERS,
        userMetadata,
        missingMetadata: 0,
        tagCount: 2,
      });
      expect(Math.abs(head.lastModified - head.date)).toBeLessThanOrEqual(2);
      expect(Math.abs(head.date - world().now())).toBeLessThanOrEqual(2);
      const { date, ...same } = await store.head({ bucket, key: 'key', versionId });
      expect(date).toBeGreaterThanOrEqual(head.date);
      expect({ ...same, date: head.date }).toEqual(head);
    });

    test('says what an object has by default', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      await store.put({ bucket, key: 'key', body: bytes('') });
      const { body, ...head } = await store.get({ bucket, key: 'key' });
      expect(body).toHaveLength(0);
      expect(head).toMatchObject({
        etag: 'd41d8cd98f00b204e9800998ecf8427e',
        size: 0,
        storageClass: 'STANDARD',
        headers: { 'content-type': 'binary/octet-stream' },
        userMetadata: {},
        tagCount: 0,
      });
    });

    test('reads a range and still knows the whole size', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      const versionId = await world().put(bucket, 'key', '0123456789');
      await world().put(bucket, 'key', 'newer');
      const get = async (offset: number, length: number) => {
        const { body, size } = await store.get({ bucket, key: 'key', versionId, range: { offset, length } });
        return { body: text(body), size };
      };
      expect(await get(0, 1)).toEqual({ body: '0', size: 10 });
      expect(await get(3, 4)).toEqual({ body: '3456', size: 10 });
      expect(await get(8, 100)).toEqual({ body: '89', size: 10 });
      const current = await store.get({ bucket, key: 'key', range: { offset: 1, length: 2 } });
      expect(text(current.body)).toBe('ew');
      await expect(get(10, 1)).rejects.toMatchObject({ code: 'invalid' });
    });

    test('reads only under the expected ETag', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      await world().put(bucket, 'key', 'hello');
      const ifMatch = '5d41402abc4b2a76b9719d911017c592';
      expect((await store.get({ bucket, key: 'key', ifMatch })).etag).toBe(ifMatch);
      expect((await store.head({ bucket, key: 'key', ifMatch })).etag).toBe(ifMatch);
      await world().put(bucket, 'key', 'other');
      await expect(store.get({ bucket, key: 'key', ifMatch })).rejects.toMatchObject({ code: 'precondition-failed' });
      await expect(store.head({ bucket, key: 'key', ifMatch })).rejects.toMatchObject({ code: 'precondition-failed' });
    });

    test('reads null versions', async () => {
      const store = world().store();
      const bucket = await world().newBucket({ versioning: 'Disabled' });
      await world().put(bucket, 'key', 'null');
      expect((await store.get({ bucket, key: 'key' })).versionId).toBeUndefined();
      await world().setVersioning(bucket, 'Enabled');
      await world().put(bucket, 'key', 'newer');
      const { body, versionId } = await store.get({ bucket, key: 'key', versionId: 'null' });
      expect([text(body), versionId]).toEqual(['null', 'null']);
    });

    test('reads tags and ACLs of any version, also under a delete marker', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      const tags = { 'naïve key': 'ünïcode ✓', 'a+b/c=d:e': '@x y', empty: '' };
      const old = await world().put(bucket, 'key', 'old', { tags });
      const newer = await world().put(bucket, 'key', 'newer');
      expect(await store.getTags({ bucket, key: 'key', versionId: old })).toEqual(tags);
      expect(await store.getTags({ bucket, key: 'key' })).toEqual({});
      await world().delete(bucket, 'key');
      await world().setTags(bucket, 'key', { set: 'later' }, newer);
      expect(await store.getTags({ bucket, key: 'key', versionId: old })).toEqual(tags);
      expect(await store.getTags({ bucket, key: 'key', versionId: newer })).toEqual({ set: 'later' });
      const acl = await store.getAcl({ bucket, key: 'key', versionId: old });
      expect(acl.grants).toEqual([{ grantee: { id: acl.owner }, permission: 'FULL_CONTROL' }]);
      expect(acl.owner).not.toBe('');
    });

    test('tells apart what is not there', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      const versionId = await world().put(bucket, 'key', 'body');
      const marker = await world().delete(bucket, 'key');
      const gone = await world().put(bucket, 'gone', 'body');
      await world().deleteVersion(bucket, 'gone', gone);
      const code = (name: string) => expect.objectContaining({ name: 'StoreError', code: name });

      const failure = (promise: Promise<unknown>) =>
        promise.then(
          () => 'no error',
          (error: unknown) => error,
        );
      const missing = `${bucket}-missing`;
      expect(await failure(store.get({ bucket: missing, key: 'key' }))).toEqual(code('no-such-bucket'));
      for (const read of [store.get.bind(store), store.head.bind(store)]) {
        expect(await failure(read({ bucket, key: 'never' }))).toEqual(code('not-found'));
        expect(await failure(read({ bucket, key: 'gone', versionId: gone }))).toEqual(code('not-found'));
        expect(await failure(read({ bucket, key: 'key' }))).toEqual(code('delete-marker'));
        expect(await failure(read({ bucket, key: 'key', versionId: marker }))).toEqual(code('delete-marker'));
      }
      expect(await failure(store.getTags({ bucket, key: 'never' }))).toEqual(code('not-found'));
      expect(await failure(store.getAcl({ bucket, key: 'never' }))).toEqual(code('not-found'));
      expect(await failure(store.getTags({ bucket, key: 'gone', versionId: gone }))).toEqual(code('not-found'));
      expect(text((await store.get({ bucket, key: 'key', versionId })).body)).toBe('body');
    });

    test('keeps out of other accounts', async () => {
      const store = world().store({ accountId: '999999999999' });
      const bucket = await world().newBucket();
      await world().put(bucket, 'key', 'body');
      for (const attempt of [
        () => store.get({ bucket, key: 'key' }),
        () => store.head({ bucket, key: 'key' }),
        () => store.getTags({ bucket, key: 'key' }),
        () => store.getAcl({ bucket, key: 'key' }),
      ]) {
        await expect(attempt()).rejects.toMatchObject({ code: 'access-denied' });
      }
    });

    test('says that an archived object needs a restore', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      await world().put(bucket, 'cold', 'body', { storageClass: 'GLACIER', tags: { a: 'b' } });
      await world().put(bucket, 'instant', 'body', { storageClass: 'GLACIER_IR' });
      await expect(store.get({ bucket, key: 'cold' })).rejects.toMatchObject({ code: 'archived' });
      expect(await store.head({ bucket, key: 'cold' })).toMatchObject({ storageClass: 'GLACIER', size: 4 });
      expect(await store.getTags({ bucket, key: 'cold' })).toEqual({ a: 'b' });
      expect(text((await store.get({ bucket, key: 'instant' })).body)).toBe('body');
      const copy = { source: { bucket, key: 'cold' }, bucket, key: 'copy', properties: 'copy' } as const;
      await expect(store.copy(copy)).rejects.toMatchObject({ code: 'archived' });
    });

    test("says that an object is under a customer's key", async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      await world().put(bucket, 'secret', 'body', { sseC: true });
      await expect(store.get({ bucket, key: 'secret' })).rejects.toMatchObject({ code: 'sse-c' });
      await expect(store.head({ bucket, key: 'secret' })).rejects.toMatchObject({ code: 'sse-c' });
      const copy = { source: { bucket, key: 'secret' }, bucket, key: 'copy', properties: 'copy' } as const;
      await expect(store.copy(copy)).rejects.toMatchObject({ code: 'sse-c' });
    });

    test('gives the checksum that S3 keeps', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      await store.put({ bucket, key: 'key', body: bytes('hello') });
      const checksum = { algorithm: 'SHA256', value: 'LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=' };
      expect((await store.head({ bucket, key: 'key' })).checksum).toEqual(checksum);
      expect((await store.get({ bucket, key: 'key' })).checksum).toEqual(checksum);
      expect((await store.listVersions({ bucket })).entries[0]?.checksumAlgorithm).toBe('SHA256');
    });
  });
}
