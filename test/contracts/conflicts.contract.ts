import { bytes, type S3World } from '../support/s3-world';

/**
 * What AWS answers to a conditional completion once the key was written or deleted under the upload. The local engine knows no such conflict:
 * the suite runs on the model only.
 */
export function conflictsContract(world: () => S3World): void {
  describe('a key that changes under an upload', () => {
    const begun = async (body?: string) => {
      const store = world().store();
      const bucket = await world().newBucket();
      await world().put(bucket, 'source', 'hello');
      if (body !== undefined) await world().put(bucket, 'key', body);
      const upload = await store.createUpload({ bucket, key: 'key' });
      const part = { partNumber: 1, source: { bucket, key: 'source' }, range: { offset: 0, length: 5 } };
      const parts = [await store.copyPart({ ...upload, ...part })];
      return { store, bucket, upload: { ...upload, parts } };
    };

    test('makes its conditional completion fail for good, and not that of a new one', async () => {
      const { store, bucket, upload } = await begun();
      await world().put(bucket, 'key', 'live');
      await world().delete(bucket, 'key');
      for (let attempt = 0; attempt < 2; attempt++)
        await expect(store.completeUpload({ ...upload, ifAbsent: true })).rejects.toMatchObject({ code: 'conflict' });
      const again = await store.createUpload({ bucket, key: 'key' });
      const part = { partNumber: 1, source: { bucket, key: 'source' }, range: { offset: 0, length: 5 } };
      const parts = [await store.copyPart({ ...again, ...part })];
      await store.completeUpload({ ...again, parts, ifAbsent: true });
      // Without a condition there is nothing to conflict with.
      await store.completeUpload(upload);
    });

    test('does so too when the same bytes are written again', async () => {
      const { store, bucket, upload } = await begun('same');
      const { etag } = await store.put({ bucket, key: 'key', body: bytes('same') });
      const complete = store.completeUpload({ ...upload, ifMatch: etag });
      await expect(complete).rejects.toMatchObject({ code: 'conflict' });
    });
  });
}
