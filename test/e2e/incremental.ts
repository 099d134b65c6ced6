import { compareBuckets } from '../../local/buckets/compare';
import { restorableOf } from '../../local/buckets/history';
import type { SampleBucket } from '../../local/buckets/sample';
import { inParallel } from '../../local/support/parallel';
import { Bucket } from './buckets';
import type { E2eWorld } from './world';

const objects = 120;
const changed = 3;

export function incremental(world: () => E2eWorld): void {
  describe('backups of one bucket, one after the other', () => {
    let bucket: SampleBucket;
    const backUp = async () => {
      const { main } = world();
      const before = new Set(await main.files());
      const output = await main.backups.succeed({ bucket: Bucket.plain });
      return { output, written: (await main.files()).filter((name) => !before.has(name)) };
    };

    beforeAll(async () => {
      bucket = await world().newBucket({ name: Bucket.plain });
      const keys = Array.from({ length: objects }, (_, index) => `small/${index}`);
      await inParallel(keys, 8, (key) =>
        bucket.put(key, { body: `body of ${key}`, headers: { 'cache-control': 'no-cache' } }),
      );
    });
    afterAll(() => bucket.destroy());

    test('the first one takes one GET for each small object without tags, and no HEAD', async () => {
      const { output } = await backUp();
      expect(output).toMatchObject({ status: 'COMPLETED', objects, stored: objects, reused: 0 });
      expect(output.requests).toEqual({ GetObject: objects, ListObjectVersions: 2, ListObjectsV2: 1 });
    });

    test('with nothing changed: no request for an object, no pack and no segment', async () => {
      const { output, written } = await backUp();
      expect(output).toMatchObject({ status: 'COMPLETED', objects, stored: 0, reused: objects, removed: 0 });
      expect(output.requests).toEqual({ ListObjectVersions: 1 });
      const unexpected = written.filter((name) => !/^buckets\/[^/]+\/(timeline|reports)\//.test(name));
      expect(unexpected).toEqual([]);
    });

    test('with some objects changed: those are stored, and no others', async () => {
      for (let index = 0; index < changed; index++) await bucket.put(`small/${index}`, { body: 'changed' });
      await bucket.delete('small/10');
      await bucket.deleteVersion('small/11', 0);
      const { output, written } = await backUp();
      expect(output).toMatchObject({ objects: objects - 2, stored: changed, reused: objects - 1, removed: 1 });
      expect(output.requests).toEqual({ GetObject: changed, ListObjectVersions: 1 });
      expect(written.filter((name) => name.startsWith('packs/'))).toHaveLength(1);
      expect(written.filter((name) => name.endsWith('.parquet'))).toHaveLength(1);
    });

    test('each recovery point gives the bucket as it was then', async () => {
      const restore = async (number: number) => {
        const destinationBucket = `${Bucket.plain}-${number}`;
        const recoveryPointId = `${Bucket.plain}/${String(number).padStart(20, '0')}`;
        const request = { sourceBucket: Bucket.plain, recoveryPointId, versions: 'all', createBucket: true };
        await world().main.restores.succeed({ ...request, destinationBucket });
        return world().reader.read(destinationBucket);
      };
      expect(compareBuckets(restorableOf(bucket.snapshot()), await restore(3)).differences).toEqual([]);
      const first = await restore(1);
      expect(first.size).toBe(objects);
      expect(compareBuckets(first, await restore(2)).differences).toEqual([]);
    });
  });
}
