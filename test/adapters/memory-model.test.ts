import { ManualDeadline, MemoryObjectStore, MemoryS3 } from '../../lambda/adapters/memory';
import { StoreError, type VersionCursor } from '../../lambda/ports/object-store';
import { bytes, text } from '../support/s3-world';

describe('the model of S3', () => {
  test('has a clock of its own', async () => {
    const s3 = new MemoryS3({ now: 1_000.9 });
    s3.createBucket('photos');
    const store = new MemoryObjectStore(s3);
    s3.put('photos', 'key', 'a');
    s3.put('photos', 'key', 'b', { at: 2_000.5 });
    s3.advance(10);
    await store.put({ bucket: 'photos', key: 'key', body: bytes('c') });
    const { entries, date } = await store.listVersions({ bucket: 'photos' });
    expect(entries.map(({ lastModified }) => lastModified)).toEqual([2_010, 2_000, 1_000]);
    expect(date).toBe(2_010);
  });

  test('dates a multipart object by the start of its upload, and so orders it', async () => {
    const s3 = new MemoryS3({ now: 100 });
    s3.createBucket('photos');
    const store = new MemoryObjectStore(s3);
    s3.put('photos', 'source', 'hello');
    const upload = await store.createUpload({ bucket: 'photos', key: 'key' });
    s3.put('photos', 'key', 'newer', { at: 200 });
    const range = { offset: 0, length: 5 };
    const part = await store.copyPart({ ...upload, partNumber: 1, source: { bucket: 'photos', key: 'source' }, range });
    s3.now = 300;
    await store.completeUpload({ ...upload, parts: [part] });
    expect(s3.history('photos', 'key').map(({ lastModified }) => lastModified)).toEqual([200, 100]);
    expect(s3.text('photos', 'key')).toBe('newer');
  });

  test('undeletes, restores and damages', async () => {
    const s3 = new MemoryS3();
    s3.createBucket('photos');
    const store = new MemoryObjectStore(s3);
    s3.put('photos', 'key', 'hello');
    s3.delete('photos', 'key');
    expect(s3.keys('photos')).toEqual([]);
    s3.undelete('photos', 'key');
    expect(s3.text('photos', 'key')).toBe('hello');

    const before = await store.get({ bucket: 'photos', key: 'key' });
    s3.corrupt('photos', 'key');
    const after = await store.get({ bucket: 'photos', key: 'key' });
    expect(text(after.body)).not.toBe('hello');
    expect({ ...after, body: before.body }).toEqual(before);

    s3.put('photos', 'cold', 'x', { storageClass: 'DEEP_ARCHIVE' });
    s3.restoreArchived('photos', 'cold');
    expect(text((await store.get({ bucket: 'photos', key: 'cold' })).body)).toBe('x');
  });

  test("gives the copy of an object without a checksum S3's default one", async () => {
    const s3 = new MemoryS3();
    s3.createBucket('photos');
    const store = new MemoryObjectStore(s3);
    s3.put('photos', 'old', 'hello', { checksum: 'none' });
    const source = { bucket: 'photos', key: 'old' };
    expect((await store.head(source)).checksum).toBeUndefined();
    const { checksum } = await store.copy({ source, bucket: 'photos', key: 'copy', properties: 'copy' });
    expect(checksum).toEqual({ algorithm: 'CRC64NVME', value: 'M3eFcAZSQlc=' });
  });

  test('hides the bytes of an object under KMS from its ETag', () => {
    const s3 = new MemoryS3();
    s3.createBucket('vault', { encryption: { type: 'SSE_KMS' } });
    s3.put('vault', 'a', 'same');
    s3.put('vault', 'b', 'same');
    expect(s3.find('vault', 'a').etag).not.toBe(s3.find('vault', 'b').etag);
  });

  test('takes replicas, which are as old as elsewhere, and puts them where they belong', () => {
    const s3 = new MemoryS3({ now: 100 });
    s3.createBucket('photos');
    s3.put('photos', 'key', 'own', { at: 200 });
    s3.advance(100);
    expect(s3.put('photos', 'key', 'replica', { replicaOf: { versionId: 'v-elsewhere', lastModified: 150 } })).toBe(
      'v-elsewhere',
    );
    s3.delete('photos', 'gone', { replicaOf: { versionId: 'm-elsewhere', lastModified: 160 } });
    const rows = s3.versions('photos').map(({ key, lastModified, isMarker }) => [key, lastModified, isMarker]);
    expect(rows).toEqual([
      ['gone', 160, true],
      ['key', 200, false],
      ['key', 150, false],
    ]);
    expect(s3.now).toBe(300);
  });

  test('refuses an object for a while, by a policy or by its key', async () => {
    const s3 = new MemoryS3();
    s3.createBucket('photos');
    s3.put('photos', 'key', 'x', { tags: { a: 'b' } });
    const store = new MemoryObjectStore(s3);
    const ref = { bucket: 'photos', key: 'key' };
    const denied = { code: 'access-denied' };
    const copy = { source: ref, bucket: 'photos', key: 'copy', properties: 'copy' } as const;
    for (const by of ['policy', 'key'] as const) {
      s3.refuse('photos', 'key', by);
      await expect(store.head(ref)).rejects.toMatchObject(denied);
      await expect(store.get(ref)).rejects.toMatchObject(denied);
      await expect(store.copy(copy)).rejects.toMatchObject(denied);
      if (by === 'key') expect(await store.getTags(ref)).toEqual({ a: 'b' });
      else await expect(store.getTags(ref)).rejects.toMatchObject(denied);
    }
    s3.refuse('photos', 'key', undefined);
    expect(text((await store.get(ref)).body)).toBe('x');
  });

  test('holds versioning only some time after it was enabled', () => {
    const s3 = new MemoryS3();
    s3.createBucket('photos', { versioning: 'Disabled' });
    s3.put('photos', 'key', 'before');
    s3.setVersioning('photos', 'Enabled', { holdsAfter: 900 });
    expect(s3.put('photos', 'key', 'still null')).toBe('null');
    s3.advance(900);
    expect(s3.put('photos', 'key', 'versioned')).not.toBe('null');
    expect(s3.history('photos', 'key')).toHaveLength(2);
  });

  test('takes eight kilobytes of request headers, and writes tags behind an object near that', async () => {
    const s3 = new MemoryS3();
    s3.createBucket('photos');
    const store = new MemoryObjectStore(s3);
    const put = (length: number, tags = {}) =>
      store.put({ bucket: 'photos', key: 'key', body: bytes(''), userMetadata: { note: 'x'.repeat(length) }, tags });
    await expect(put(6000)).rejects.toMatchObject({ code: 'invalid' });
    await put(2000, { large: 'v'.repeat(200), small: 'ü'.repeat(80) });
    expect(store.counts()).toEqual({ PutObject: 2 });
    await put(5000, { large: 'ü'.repeat(100) });
    expect(store.counts()).toEqual({ PutObject: 3, PutObjectTagging: 1 });
  });

  test('lets a test fail or follow any call', async () => {
    const s3 = new MemoryS3();
    s3.createBucket('photos');
    const seen: string[] = [];
    const store = new MemoryObjectStore(s3, {
      beforeCall: ({ ordinal, operation }) => void seen.push(`${ordinal} ${operation}`),
    });
    const put = () => store.put({ bucket: 'photos', key: 'key', body: bytes('x') });
    await put();
    store.calls.beforeCall = () => {
      throw new StoreError('unavailable', 'never arrived');
    };
    await expect(put()).rejects.toThrow('never arrived');
    store.calls.beforeCall = undefined;
    store.calls.afterCall = ({ operation }) => {
      if (operation === 'PutObject') throw new StoreError('unavailable', 'answer lost');
    };
    await expect(put()).rejects.toThrow('answer lost');
    expect(seen).toEqual(['1 PutObject']);
    expect(s3.history('photos', 'key')).toHaveLength(2);
    expect(store.counts()).toEqual({ PutObject: 3 });
    expect(new MemoryObjectStore(s3).counts()).toEqual({});
  });

  test('holds many objects', async () => {
    const s3 = new MemoryS3();
    s3.createBucket('large');
    const body = bytes('x');
    const count = 100_000;
    for (let i = 0; i < count; i++) s3.put('large', `key-${(i * 7919) % count}`, body);
    const store = new MemoryObjectStore(s3);
    let cursor: VersionCursor | undefined;
    let last = '';
    let found = 0;
    do {
      const page = await store.listVersions({ bucket: 'large', cursor });
      for (const { key } of page.entries) {
        if (key <= last) throw new Error(`${key} after ${last}`);
        last = key;
      }
      found += page.entries.length;
      cursor = page.next;
    } while (cursor);
    expect(found).toBe(count);
  });
});

test('a manual deadline goes down with each look', () => {
  const deadline = new ManualDeadline(10, 4);
  expect([deadline.remainingMillis(), deadline.remainingMillis(), deadline.remainingMillis()]).toEqual([10, 6, 2]);
});
