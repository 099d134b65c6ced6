import type { ListedVersion, ObjectStore, VersionCursor } from '../../lambda/ports/object-store';
import keys from '../fixtures/keys.json';
import type { S3World } from '../support/s3-world';

const s3Order = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

async function everyVersion(store: ObjectStore, bucket: string, maxKeys?: number, prefix?: string) {
  const entries: ListedVersion[] = [];
  let cursor: VersionCursor | undefined;
  let pages = 0;
  do {
    const page = await store.listVersions({ bucket, prefix, cursor, maxKeys });
    entries.push(...page.entries);
    cursor = page.next;
    pages++;
  } while (cursor);
  return { entries, pages };
}

const names = (entries: readonly ListedVersion[]): string[] =>
  entries.map(({ key, versionId, isMarker }) => `${key} ${versionId}${isMarker ? ' marker' : ''}`);

export function listingContract(world: () => S3World): void {
  describe('listing', () => {
    test('names hostile keys as they are, in byte order', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      for (const key of keys) await world().put(bucket, key, '');
      const expected = [...keys].sort(s3Order);

      expect((await everyVersion(store, bucket)).entries.map(({ key }) => key)).toEqual(expected);
      expect((await everyVersion(store, bucket, 7)).entries.map(({ key }) => key)).toEqual(expected);

      const listed: string[] = [];
      let startAfter: string | undefined;
      do {
        const page = await store.listObjects({ bucket, startAfter, maxKeys: 9 });
        listed.push(...page.entries.map(({ key }) => key));
        startAfter = page.next;
      } while (startAfter !== undefined);
      expect(listed).toEqual(expected);
    });

    test('describes versions and markers', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      const first = await world().put(bucket, 'key', 'one');
      const second = await world().put(bucket, 'key', 'longer');
      const marker = await world().delete(bucket, 'key');

      const { entries, date, next } = await store.listVersions({ bucket });
      expect(names(entries)).toEqual([`key ${marker} marker`, `key ${second}`, `key ${first}`]);
      expect(entries.map(({ isLatest }) => isLatest)).toEqual([true, false, false]);
      expect(entries.map(({ size }) => size)).toEqual([undefined, 6, 3]);
      expect(entries[2]).toMatchObject({ etag: 'f97c5d29941bfb1b2fdab0874906ab82', storageClass: 'STANDARD' });
      expect(entries[0]?.etag).toBeUndefined();
      expect(next).toBeUndefined();
      expect(Math.abs(date - world().now())).toBeLessThanOrEqual(2);
      for (const { lastModified } of entries) expect(Math.abs(lastModified - date)).toBeLessThanOrEqual(5);
    });

    test('keeps the order of writes within a second, markers among the versions, on pages of any size', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      const written: string[] = [];
      for (let i = 0; i < 4; i++) {
        written.unshift(`key ${await world().put(bucket, 'key', String(i))}`);
        written.unshift(`key ${await world().delete(bucket, 'key')} marker`);
        written.unshift(`key ${await world().put(bucket, 'key', `${i} again`)}`);
      }
      const { entries } = await everyVersion(store, bucket);
      expect(names(entries)).toEqual(written);
      // The test means something only if several share a second.
      expect(new Set(entries.map(({ lastModified }) => lastModified)).size).toBeLessThan(entries.length);
      for (const { lastModified } of entries) expect(Number.isInteger(lastModified)).toBe(true);

      for (const maxKeys of [1, 2, 5]) {
        const paged = await everyVersion(store, bucket, maxKeys);
        expect(names(paged.entries)).toEqual(written);
        expect(paged.pages).toBe(Math.ceil(written.length / maxKeys));
      }
    });

    test('goes on after a page of delete markers only', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      const markers = [];
      for (const key of ['a', 'b', 'c']) markers.push(`${key} ${await world().delete(bucket, key)} marker`);
      const version = await world().put(bucket, 'd', 'body');
      const { entries } = await everyVersion(store, bucket, 2);
      expect(names(entries)).toEqual([...markers, `d ${version}`]);
    });

    test('goes on behind a version that was deleted meanwhile', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      const ids = [];
      for (let i = 0; i < 4; i++) ids.unshift(await world().put(bucket, 'key', String(i)));
      const page = await store.listVersions({ bucket, maxKeys: 3 });
      await world().deleteVersion(bucket, 'key', ids[0] ?? '');
      const rest = await store.listVersions({ bucket, cursor: page.next });
      expect(rest.entries.map(({ versionId }) => versionId)).toEqual([ids[3]]);
    });

    test('a cursor without a version goes on with the next key', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      for (const key of ['a', 'b', 'b', 'c']) await world().put(bucket, key, '');
      const { entries } = await store.listVersions({ bucket, cursor: { keyMarker: 'b' } });
      expect(entries.map(({ key }) => key)).toEqual(['c']);
      const between = await store.listVersions({ bucket, cursor: { keyMarker: 'aa' } });
      expect(between.entries.map(({ key }) => key)).toEqual(['b', 'b', 'c']);
    });

    test('narrows by prefix', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      for (const key of ['a', 'a b/1', 'a b/2', 'a+b/1', 'b']) await world().put(bucket, key, '');
      const { entries } = await everyVersion(store, bucket, 1, 'a b/');
      expect(entries.map(({ key }) => key)).toEqual(['a b/1', 'a b/2']);
      expect((await store.listObjects({ bucket, prefix: 'a+' })).entries.map(({ key }) => key)).toEqual(['a+b/1']);
      expect((await store.listObjects({ bucket, prefix: 'none' })).entries).toEqual([]);
    });

    test('calls the versions of an unversioned bucket null, and keeps them when versioning comes', async () => {
      const store = world().store();
      const bucket = await world().newBucket({ versioning: 'Disabled' });
      await world().put(bucket, 'key', 'before');
      await world().put(bucket, 'key', 'overwritten');
      expect(names((await everyVersion(store, bucket)).entries)).toEqual(['key null']);

      await world().setVersioning(bucket, 'Enabled');
      const version = await world().put(bucket, 'key', 'after');
      expect(names((await everyVersion(store, bucket)).entries)).toEqual([`key ${version}`, 'key null']);

      await world().setVersioning(bucket, 'Suspended');
      await world().put(bucket, 'key', 'null again');
      expect(names((await everyVersion(store, bucket)).entries)).toEqual(['key null', `key ${version}`]);
      await world().delete(bucket, 'key');
      expect(names((await everyVersion(store, bucket)).entries)).toEqual(['key null marker', `key ${version}`]);
    });

    test('lists current objects only', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      await world().put(bucket, 'deleted', '');
      await world().delete(bucket, 'deleted');
      await world().put(bucket, 'kept', 'old');
      await world().put(bucket, 'kept', 'newer');
      const { entries, next } = await store.listObjects({ bucket });
      expect(entries).toHaveLength(1);
      expect(entries[0]).toMatchObject({ key: 'kept', size: 5, etag: '0c10f4a0c12ba89211235026b861263d' });
      expect(Number.isInteger(entries[0]?.lastModified)).toBe(true);
      expect(next).toBeUndefined();
    });

    test('says when the bucket is missing, or another account has it', async () => {
      const bucket = await world().newBucket();
      const missing = `${bucket}-missing`;
      await expect(world().store().listVersions({ bucket: missing })).rejects.toMatchObject({ code: 'no-such-bucket' });
      await expect(world().store().listObjects({ bucket: missing })).rejects.toMatchObject({ code: 'no-such-bucket' });
      const stranger = world().store({ accountId: '999999999999' });
      await expect(stranger.listVersions({ bucket })).rejects.toMatchObject({ code: 'access-denied' });
    });

    test('counts its requests', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      for (const key of ['a', 'b', 'c']) await world().put(bucket, key, '');
      await everyVersion(store, bucket, 1);
      await store.listObjects({ bucket });
      expect(store.counts()).toEqual({ ListObjectVersions: 3, ListObjectsV2: 1 });
    });
  });
}
