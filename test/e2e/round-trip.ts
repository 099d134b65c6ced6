import { compareBuckets } from '../../local/buckets/compare';
import { bodiesOf, currentOf, moved, outside, restorableOf, under } from '../../local/buckets/history';
import keys from '../fixtures/keys.json';
import { Bucket } from './buckets';
import type { E2eWorld } from './world';

const maxKeyBytes = 1024;

/** The comparison is the demo's: with what was noted down when it was written, by requests of its own. */
export function roundTrip(world: () => E2eWorld): void {
  describe('what is hard to back up', () => {
    test('is stored without a loss', async () => {
      const { output, history } = await world().sample();
      expect(output).toMatchObject({
        status: 'COMPLETED',
        objects: currentOf(history).size,
        versions: bodiesOf(history).length,
        stored: bodiesOf(history).length,
        skipped: {},
      });
    });

    test('comes back in a new bucket, with all versions and delete markers in order', async () => {
      const { history } = await world().sample();
      const destinationBucket = 'e2e-all-versions';
      const output = await world().main.restores.succeed({
        sourceBucket: Bucket.sample,
        destinationBucket,
        createBucket: true,
        versions: 'all',
      });
      expect(output).toMatchObject({ status: 'COMPLETED', failed: 0 });
      expect(compareBuckets(restorableOf(history), await world().reader.read(destinationBucket)).differences).toEqual(
        [],
      );
    });

    test('comes back in an existing bucket under a prefix, beside what is there', async () => {
      const { history } = await world().sample();
      const destinationPrefix = 'restored/é + b/';
      const name = 'e2e-existing';
      const destination = await world().newBucket({ name, ownership: 'BucketOwnerPreferred' });
      await destination.put('a+b', { body: 'of somebody else' });
      const output = await world().main.restores.succeed({
        sourceBucket: Bucket.sample,
        destinationBucket: name,
        destinationPrefix,
      });
      const wanted = moved(currentOf(history), destinationPrefix);
      const fitting = new Map([...wanted].filter(([key]) => Buffer.byteLength(key) <= maxKeyBytes));
      expect(output).toMatchObject({
        // The longest keys can't be any longer, and the job says so.
        status: 'PARTIAL',
        restored: fitting.size,
        skipped: { 'key-too-long': wanted.size - fitting.size },
      });
      const actual = await world().reader.read(name);
      expect(compareBuckets(fitting, under(actual, destinationPrefix)).differences).toEqual([]);
      const beside = compareBuckets(destination.snapshot(), outside(actual, destinationPrefix), { versionIds: true });
      expect(beside.differences).toEqual([]);
    });

    test('can be named key by key', async () => {
      const { history } = await world().sample();
      const destinationBucket = 'e2e-named-keys';
      const items = keys.map((key) => ({ key }));
      await world().main.restores.succeed({
        sourceBucket: Bucket.sample,
        destinationBucket,
        createBucket: true,
        items,
      });
      const wanted = new Map([...currentOf(history)].filter(([key]) => keys.includes(key)));
      expect(wanted.size).toBe(keys.length);
      expect(compareBuckets(wanted, await world().reader.read(destinationBucket)).differences).toEqual([]);
    });

    test('stays as it is in a dry run, and the plan says what a restore would take', async () => {
      const { history } = await world().sample();
      const request = { sourceBucket: Bucket.sample, destinationBucket: 'e2e-never-made', createBucket: true };
      const { dryRun, planned, restored, requests } = await world().main.restores.succeed({ ...request, dryRun: true });
      expect({ dryRun, restored, requests }).toEqual({ dryRun: true, restored: 0, requests: {} });
      expect(planned).toMatchObject({ versions: currentOf(history).size, conflicts: 0 });
      expect(planned.estimatedCost).toBeGreaterThan(0);
      expect(await world().countVersions('e2e-never-made')).toBe(0);
    });
  });
}
