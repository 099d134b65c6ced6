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

  test('hides the bytes of an object under KMS from its ETag', () => {
    const s3 = new MemoryS3();
    s3.createBucket('vault', { encryption: { type: 'SSE_KMS' } });
    s3.put('vault', 'a', 'same');
    s3.put('vault', 'b', 'same');
    expect(s3.find('vault', 'a').etag).not.toBe(s3.find('vault', 'b').etag);
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
