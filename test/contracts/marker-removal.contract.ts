import type { MarkerRemoval } from '../../lambda/ports/marker-removal';
import type { S3World } from '../support/s3-world';

export function markerRemovalContract(world: () => S3World): void {
  const open = (options?: { accountId?: string }): MarkerRemoval => world().markers(options);
  describe('removing delete markers', () => {
    const listed = async (bucket: string): Promise<string[]> =>
      (await world().store().listVersions({ bucket })).entries.map(({ versionId }) => versionId);

    test('the version under a marker is current again, the very same', async () => {
      const bucket = await world().newBucket();
      const versionId = await world().put(bucket, 'ä/ö 𝄞?#%2F+', 'body', { tags: { a: 'b' } });
      const before = await world().store().head({ bucket, key: 'ä/ö 𝄞?#%2F+' });
      const marker = await world().delete(bucket, 'ä/ö 𝄞?#%2F+');
      const removal = open();
      await removal.remove({ bucket, key: 'ä/ö 𝄞?#%2F+', versionId: marker });
      const after = await world().store().head({ bucket, key: 'ä/ö 𝄞?#%2F+' });
      expect({ ...after, date: 0 }).toEqual({ ...before, date: 0 });
      expect(await listed(bucket)).toEqual([versionId]);
      expect(removal.counts()).toEqual({ DeleteObject: 1 });
    });

    test('one of several markers goes alone', async () => {
      const bucket = await world().newBucket();
      const versionId = await world().put(bucket, 'key', 'body');
      const below = await world().delete(bucket, 'key');
      const top = await world().delete(bucket, 'key');
      await open().remove({ bucket, key: 'key', versionId: below });
      expect(await listed(bucket)).toEqual([top, versionId]);
      await expect(world().store().head({ bucket, key: 'key' })).rejects.toMatchObject({ code: 'delete-marker' });
    });

    test('one that is gone already is no error', async () => {
      const bucket = await world().newBucket();
      const versionId = await world().put(bucket, 'key', 'body');
      const marker = await world().delete(bucket, 'key');
      for (let time = 0; time < 2; time++) await open().remove({ bucket, key: 'key', versionId: marker });
      expect(await listed(bucket)).toEqual([versionId]);
    });

    test('null versions are refused, and stay', async () => {
      const bucket = await world().newBucket({ versioning: 'Suspended' });
      await world().put(bucket, 'object', 'body');
      await world().delete(bucket, 'marker');
      const removal = open();
      for (const key of ['object', 'marker'])
        await expect(removal.remove({ bucket, key, versionId: 'null' })).rejects.toMatchObject({ code: 'invalid' });
      expect(await listed(bucket)).toEqual(['null', 'null']);
      expect(removal.counts()).toEqual({});
    });

    test('a bucket of somebody else, or of nobody', async () => {
      const bucket = await world().newBucket();
      await world().put(bucket, 'key', 'body');
      const versionId = await world().delete(bucket, 'key');
      const stranger = open({ accountId: '999999999999' });
      const marker = { bucket, key: 'key', versionId };
      await expect(stranger.remove(marker)).rejects.toMatchObject({ code: 'access-denied' });
      await expect(open().remove({ ...marker, bucket: `${bucket}-missing` })).rejects.toMatchObject({
        code: 'no-such-bucket',
      });
      expect(await listed(bucket)).toHaveLength(2);
    });
  });
}
