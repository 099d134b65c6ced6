import type { Grant, ObjectProperties } from '../../lambda/ports/object-store';
import keys from '../fixtures/keys.json';
import { bytes, type S3World, text } from '../support/s3-world';

const HELLO_ETAG = '5d41402abc4b2a76b9719d911017c592';
const OTHER_ETAG = '00000000000000000000000000000000';
const ALL_USERS = 'http://acs.amazonaws.com/groups/global/AllUsers';

/** Everything that an object can be written with, but for an ACL. */
export const EVERYTHING: ObjectProperties = {
  headers: {
    'cache-control': 'no-store',
    'content-disposition': `inline; filename*=UTF-8''%e2%82%ac.txt`,
    'content-encoding': 'gzip',
    'content-language': 'fr',
    'content-type': 'text/html; charset="utf-8"',
    expires: 'Wed, 21 Oct 2015 07:28:00 GMT',
    'website-redirect-location': '/elsewhere?a=b',
  },
  userMetadata: { one: 'first value', two: 'a=b&c, "d"', empty: '' },
  tags: { 'clé & co': 'valeur = 1+1 / 2', 'a:b@c.d-e_f': '✓', none: '' },
};

/** A text in UTF-8 as HTTP clients see it: one character a byte. */
const rawly = (value: string): string => Buffer.from(value, 'utf8').toString('latin1');

/** Ten tags of the largest size. */
export const LARGEST_TAGS = Object.fromEntries(
  Array.from({ length: 10 }, (_, i) => [`${String(i)}${'钥'.repeat(127)}`, '值'.repeat(256)]),
);

/** More than the headers of a request hold. */
const MANY_GRANTS = Array.from({ length: 90 }, (_, n): Grant => ({
  grantee: { id: n.toString(16).padStart(64, 'b') },
  permission: 'READ',
}));

export function writingContract(world: () => S3World): void {
  describe('putting', () => {
    test('writes under hostile keys', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      for (const key of keys) {
        const { versionId } = await store.put({ bucket, key, body: bytes(key) });
        expect(text((await store.get({ bucket, key, versionId })).body)).toBe(key);
      }
      expect(store.counts()).toMatchObject({ PutObject: keys.length });
    });

    test('writes all properties', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      const written = await store.put({
        bucket,
        key: 'key',
        body: bytes('hello'),
        ...EVERYTHING,
        storageClass: 'GLACIER_IR',
      });
      expect(written.etag).toBe(HELLO_ETAG);
      const { body, ...head } = await store.get({ bucket, key: 'key', versionId: written.versionId });
      expect(text(body)).toBe('hello');
      expect(head.headers).toEqual(EVERYTHING.headers);
      expect(head.userMetadata).toEqual(EVERYTHING.userMetadata);
      expect(head).toMatchObject({ storageClass: 'GLACIER_IR', tagCount: 3, etag: HELLO_ETAG });
      expect(await store.getTags({ bucket, key: 'key' })).toEqual(EVERYTHING.tags);
    });

    test('writes ten tags of the largest size, which no header holds, at a put and at a copy', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      const tags = LARGEST_TAGS;
      await store.put({ bucket, key: 'tagged', body: bytes('x'), tags });
      expect(await store.getTags({ bucket, key: 'tagged' })).toEqual(tags);
      await store.copy({ source: { bucket, key: 'tagged' }, bucket, key: 'copied', properties: { tags } });
      expect(await store.getTags({ bucket, key: 'copied' })).toEqual(tags);
    });

    test('replaces the tags of a version that is there', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      const { versionId } = await store.put({ bucket, key: 'tagged', body: bytes('x'), tags: { old: 'tag' } });
      await store.put({ bucket, key: 'tagged', body: bytes('y') });
      await store.putTags({ bucket, key: 'tagged', versionId, tags: LARGEST_TAGS });
      expect(await store.getTags({ bucket, key: 'tagged', versionId })).toEqual(LARGEST_TAGS);
      expect(await store.getTags({ bucket, key: 'tagged' })).toEqual({});
      const missing = store.putTags({ bucket, key: 'missing', tags: { a: 'b' } });
      await expect(missing).rejects.toMatchObject({ code: 'not-found' });
    });

    test('writes an ACL that no header holds, at a put, a copy and an upload', async () => {
      const store = world().store();
      const bucket = await world().newBucket({ ownership: 'ObjectWriter' });
      await store.put({ bucket, key: 'put', body: bytes('hello'), grants: MANY_GRANTS });
      const source = { bucket, key: 'put' };
      await store.copy({ source, bucket, key: 'copy', properties: { grants: MANY_GRANTS } });
      const upload = await store.createUpload({ bucket, key: 'parts', grants: MANY_GRANTS });
      const parts = [await store.copyPart({ ...upload, partNumber: 1, source, range: { offset: 0, length: 5 } })];
      await store.completeUpload({ ...upload, parts, properties: { grants: MANY_GRANTS } });
      for (const key of ['put', 'copy', 'parts'])
        expect((await store.getAcl({ bucket, key })).grants).toEqual(MANY_GRANTS);
      expect(store.counts()).toMatchObject({ PutObjectAcl: 3 });
    });

    test('replaces the grants of a version that is there', async () => {
      const store = world().store();
      const bucket = await world().newBucket({ ownership: 'ObjectWriter' });
      const { versionId } = await store.put({ bucket, key: 'key', body: bytes('x') });
      await store.put({ bucket, key: 'key', body: bytes('y') });
      await store.putAcl({ bucket, key: 'key', versionId, grants: MANY_GRANTS });
      expect((await store.getAcl({ bucket, key: 'key', versionId })).grants).toEqual(MANY_GRANTS);
      expect((await store.getAcl({ bucket, key: 'key' })).grants).toHaveLength(1);
      const missing = store.putAcl({ bucket, key: 'missing', grants: MANY_GRANTS });
      await expect(missing).rejects.toMatchObject({ code: 'not-found' });
      const enforced = await world().newBucket();
      await store.put({ bucket: enforced, key: 'key', body: bytes('x'), grants: MANY_GRANTS }).then((written) => {
        expect(written.aclRefused).toBe('acls-disabled');
      });
    });

    test('leaves content-encoding as it is and keeps a text in expires that is no date', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      await store.put({ bucket, key: 'plain', body: bytes('hello') });
      expect((await store.head({ bucket, key: 'plain' })).headers).toEqual({ 'content-type': 'binary/octet-stream' });
      await store.put({ bucket, key: 'odd', body: bytes('hello'), headers: { expires: 'tomorrow, maybe' } });
      expect((await store.head({ bucket, key: 'odd' })).headers.expires).toBe('tomorrow, maybe');
    });

    test('writes headers with bytes beyond ASCII as they were read', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      const headers = {
        'cache-control': rawly('max-age=1; café'),
        'content-disposition': rawly('attachment; filename="ü 文.txt"'),
        'content-language': 'latin-\u00fc\u00ff',
        'content-type': rawly('text/plain; title="é"'),
        expires: rawly('später'),
      };
      await store.put({ bucket, key: 'put', body: bytes('hello'), headers });
      expect((await store.get({ bucket, key: 'put' })).headers).toEqual(headers);
      await store.copy({ source: { bucket, key: 'put' }, bucket, key: 'copied', properties: { headers } });
      expect((await store.head({ bucket, key: 'copied' })).headers).toEqual(headers);
      const upload = await store.createUpload({ bucket, key: 'parts', headers });
      const part = { partNumber: 1, source: { bucket, key: 'put' }, range: { offset: 0, length: 5 } };
      const parts = [await store.copyPart({ ...upload, ...part })];
      await store.completeUpload({ ...upload, parts });
      expect((await store.head({ bucket, key: 'parts' })).headers).toEqual(headers);
    });

    test('writes grants where the bucket allows ACLs', async () => {
      const store = world().store();
      const bucket = await world().newBucket({ ownership: 'ObjectWriter' });
      await store.put({ bucket, key: 'private', body: bytes('') });
      const { owner } = await store.getAcl({ bucket, key: 'private' });
      const grants: Grant[] = [
        { grantee: { id: owner }, permission: 'FULL_CONTROL' },
        { grantee: { id: 'b'.repeat(64) }, permission: 'READ' },
        { grantee: { uri: ALL_USERS }, permission: 'READ' },
        { grantee: { uri: ALL_USERS }, permission: 'READ_ACP' },
        { grantee: { id: 'b'.repeat(64) }, permission: 'WRITE_ACP' },
      ];
      await store.put({ bucket, key: 'shared', body: bytes(''), grants });
      const acl = await store.getAcl({ bucket, key: 'shared' });
      expect(acl.owner).toBe(owner);
      expect(acl.grants).toHaveLength(grants.length);
      expect(acl.grants).toEqual(expect.arrayContaining(grants));
    });

    test('writes empty headers as it read them, and refuses a grant that no header says', async () => {
      const store = world().store();
      const bucket = await world().newBucket({ ownership: 'ObjectWriter' });
      const headers = { 'cache-control': '', 'content-disposition': '', 'content-type': '', expires: '' };
      await store.put({ bucket, key: 'empty', body: bytes('hello'), headers });
      const { headers: read } = await store.head({ bucket, key: 'empty' });
      await store.put({ bucket, key: 'again', body: bytes('hello'), headers: read });
      expect((await store.head({ bucket, key: 'again' })).headers).toEqual(read);
      const grants: Grant[] = [{ grantee: { uri: ALL_USERS }, permission: 'WRITE' }];
      await expect(store.put({ bucket, key: 'key', body: bytes(''), grants })).rejects.toMatchObject({
        code: 'invalid',
      });
    });

    test('refuses grants where the bucket does not allow ACLs', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      const grants: Grant[] = [{ grantee: { uri: ALL_USERS }, permission: 'READ' }];
      const refused = expect.objectContaining({ code: 'acls-disabled' });
      await expect(store.put({ bucket, key: 'key', body: bytes(''), grants })).rejects.toEqual(refused);
      await expect(store.createUpload({ bucket, key: 'key', grants })).rejects.toEqual(refused);
    });

    test('writes only where nothing is', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      const put = () => store.put({ bucket, key: 'key', body: bytes('hello'), ifAbsent: true });
      await put();
      await expect(put()).rejects.toMatchObject({ code: 'precondition-failed' });
      await world().delete(bucket, 'key');
      await put();
      expect((await store.listVersions({ bucket })).entries).toHaveLength(3);
    });

    test('writes only over the expected object', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      const put = (key: string, ifMatch: string) => store.put({ bucket, key, body: bytes('hello'), ifMatch });
      await store.put({ bucket, key: 'key', body: bytes('hello') });
      await put('key', HELLO_ETAG);
      await expect(put('key', OTHER_ETAG)).rejects.toMatchObject({ code: 'precondition-failed' });
      await expect(put('never', HELLO_ETAG)).rejects.toMatchObject({ code: 'precondition-failed' });
      await world().delete(bucket, 'key');
      await expect(put('key', HELLO_ETAG)).rejects.toMatchObject({ code: 'precondition-failed' });
    });

    test('refuses what S3 refuses', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      const body = bytes('');
      const key = 'é'.repeat(513);
      await expect(store.put({ bucket, key, body })).rejects.toMatchObject({ code: 'key-too-long' });
      const tags = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`tag-${i}`, '']));
      await expect(store.put({ bucket, key: 'key', body, tags })).rejects.toMatchObject({ code: 'invalid' });
      const missing = `${bucket}-missing`;
      await expect(store.put({ bucket: missing, key: 'key', body })).rejects.toMatchObject({ code: 'no-such-bucket' });
      const stranger = world().store({ accountId: '999999999999' });
      await expect(stranger.put({ bucket, key: 'key', body })).rejects.toMatchObject({ code: 'access-denied' });
    });

    test('writes bodies of megabytes', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      const body = new Uint8Array(5_000_001).map((_, i) => (i * 31) >>> 3);
      await store.put({ bucket, key: 'large', body });
      const read = await store.get({ bucket, key: 'large' });
      expect(read.size).toBe(body.length);
      expect(Buffer.compare(read.body, body)).toBe(0);
      const range = { offset: 4_999_990, length: 11 };
      expect((await store.get({ bucket, key: 'large', range })).body).toEqual(body.slice(range.offset));
    });
  });

  describe('deleting', () => {
    test('adds a marker over anything', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      await world().put(bucket, 'key', 'hello');
      const marker = await store.addMarker({ bucket, key: 'key' });
      const second = await store.addMarker({ bucket, key: 'key' });
      const nothing = await store.addMarker({ bucket, key: 'never' });
      const { entries } = await store.listVersions({ bucket });
      expect(entries.map(({ versionId }) => versionId).slice(0, 2)).toEqual([second.versionId, marker.versionId]);
      expect(entries.map(({ isMarker }) => isMarker)).toEqual([true, true, false, true]);
      expect(entries[3]).toMatchObject({ key: 'never', versionId: nothing.versionId });
      expect(store.counts()).toMatchObject({ DeleteObject: 3 });
    });

    test('adds a marker only over the expected object', async () => {
      const store = world().store();
      const bucket = await world().newBucket();
      await world().put(bucket, 'key', 'hello');
      const attempt = (key: string, ifMatch: string) => store.addMarker({ bucket, key, ifMatch });
      await expect(attempt('key', OTHER_ETAG)).rejects.toMatchObject({ code: 'precondition-failed' });
      await expect(attempt('never', HELLO_ETAG)).rejects.toMatchObject({ code: 'precondition-failed' });
      await attempt('key', HELLO_ETAG);
      await expect(attempt('key', HELLO_ETAG)).rejects.toMatchObject({ code: 'precondition-failed' });
    });
  });
}
