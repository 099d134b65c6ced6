import { ErrorName } from '../../lambda/contract/errors';
import { compareBuckets } from '../../local/buckets/compare';
import { restorableOf } from '../../local/buckets/history';
import { SampleBucket } from '../../local/buckets/sample';
import { bytes } from '../../local/buckets/sample-content';
import { inParallel } from '../../local/support/parallel';
import { Bucket } from './buckets';
import type { E2eWorld } from './world';

const mib = 1024 * 1024;
const objects = 50;
const large = { key: 'large/of-five-parts', size: 21 * mib + 1, parts: 5 };

/** The stack whose units are small, and whose workers are out of time as soon as they begin. */
export function smallUnits(world: () => E2eWorld): void {
  describe('a job of many units and turns', () => {
    let bucket: SampleBucket;

    beforeAll(async () => {
      const options = { name: Bucket.small, ownership: 'BucketOwnerPreferred' } as const;
      bucket = await SampleBucket.existing(world().engine, options);
      await bucket.setVersioning('Enabled');
      const keys = Array.from({ length: objects }, (_, index) => `many/${String(index).padStart(3, '0')}`);
      await inParallel(keys, 8, async (key, index) => {
        await bucket.put(key, { body: `first ${key}`, tags: { n: String(index) } });
        if (index % 5 === 0) await bucket.put(key, { body: `second ${key}` });
        if (index % 10 === 0) await bucket.delete(key);
      });
      await bucket.put(large.key, {
        body: bytes(large.size, large.key),
        headers: { 'content-type': 'video/mp4', 'cache-control': 'no-store' },
        metadata: { camera: 'one' },
        tags: { kind: 'video' },
      });
    });
    afterAll(() => bucket.destroy());

    test('runs through the Distributed Map, goes on from its cursors, and stores everything', async () => {
      const { small } = world();
      const output = await small.backups.succeed({ bucket: Bucket.small });
      expect(output).toMatchObject({ status: 'COMPLETED', stored: objects + objects / 5 + 1, skipped: {} });
      expect(await small.backups.enteredStates(output.executionArn)).toContain('BackUpRanges in parallel');
      const turns = (await small.scratchFiles()).filter((name) => /\/ranges\/[^/]+\/turn-\d+\.json$/.test(name));
      const units = new Set(turns.map((name) => name.replace(/\/turn-.*/, '')));
      expect(units.size).toBeGreaterThan(1);
      expect(turns.length).toBeGreaterThan(units.size);
      const pages = (await small.files()).filter((name) => name.startsWith(`buckets/${Bucket.small}/index/`));
      expect(pages.length).toBeGreaterThan(1);
    });

    test('comes back byte for byte, the large object part by part', async () => {
      const destinationBucket = `${Bucket.small}-restored`;
      const request = { sourceBucket: Bucket.small, destinationBucket, createBucket: true, versions: 'all' };
      const output = await world().small.restores.succeed(request);
      expect(output).toMatchObject({ status: 'COMPLETED', failed: 0 });
      expect(output.requests).toMatchObject({ UploadPartCopy: large.parts, CompleteMultipartUpload: 1 });
      const states = await world().small.restores.enteredStates(output.executionArn);
      expect(states).toEqual(expect.arrayContaining(['PlanRanges in parallel', 'RestoreRanges in parallel']));
      const restored = await world().reader.read(destinationBucket);
      expect(compareBuckets(restorableOf(bucket.snapshot()), restored).differences).toEqual([]);
    });

    test('with nothing changed makes no request for an object either', async () => {
      const output = await world().small.backups.succeed({ bucket: Bucket.small });
      expect(output).toMatchObject({ status: 'COMPLETED', stored: 0 });
      expect(output.requests).toEqual({ ListObjectVersions: 1 });
    });

    test('nobody restores into its vault from another one', async () => {
      const { main, small } = world();
      // A vault has a file that tells what it is from its first backup on.
      if ((await small.files()).length === 0) await small.backups.succeed({ bucket: Bucket.small });
      const before = await small.files();
      await world().sample();
      const input = { sourceBucket: Bucket.sample, destinationBucket: small.names.vault };
      expect(await main.restores.run(input)).toMatchObject({
        error: ErrorName.invalidRequest,
        cause: expect.stringContaining('is the bucket of a backup vault') as string,
      });
      expect(await small.files()).toEqual(before);
    });
  });
}
