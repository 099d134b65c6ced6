import { ListBucketInventoryConfigurationsCommand } from '@aws-sdk/client-s3';
import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorName } from '../../lambda/contract/errors';
import { inventoryConfigId } from '../../lambda/core/inventory/place';
import { compareBuckets } from '../../local/buckets/compare';
import { bodiesOf, currentOf, restorableOf } from '../../local/buckets/history';
import { SampleBucket } from '../../local/buckets/sample';
import { reportInventory } from '../../local/inventory';
import { fullMinuteAfter } from '../../local/support/full-minute';
import { inParallel } from '../../local/support/parallel';
import keys from '../fixtures/keys.json';
import { Bucket } from './buckets';
import type { E2eWorld } from './world';

const request = { bucket: Bucket.inventory, source: 'inventory' };
/** Reports date versions by seconds and tell no order within one. */
const nextSecondMs = 1_100;

let bucket: SampleBucket;
let writtenAt: number;

/** First of two: what comes between them fills the minute that a report needs. */
export function inventoryBefore(world: () => E2eWorld): void {
  describe('a backup by inventory of a bucket without a report', () => {
    beforeAll(async () => {
      bucket = await fill(world());
      writtenAt = Date.now();
    });

    test('fails, writes nothing about it to the vault, and has S3 make reports from then on', async () => {
      const { main, s3 } = world();
      expect(await main.backups.run(request)).toMatchObject({
        status: 'FAILED',
        error: ErrorName.noInventory,
        cause: expect.stringMatching(/e2e-inventory.*no complete inventory report.* wait for the first one/) as string,
      });
      // Reports of before the configuration are not believed.
      writtenAt = Date.now();
      // Scheduled jobs write at the same time, about other buckets.
      const files = await main.files();
      expect(files.filter((name) => name.startsWith(`buckets/${Bucket.inventory}/`))).toEqual([]);
      const { InventoryConfigurationList } = await s3.send(
        new ListBucketInventoryConfigurationsCommand({ Bucket: Bucket.inventory }),
      );
      expect(InventoryConfigurationList).toEqual([
        expect.objectContaining({
          Id: inventoryConfigId(main.names.scratch),
          IsEnabled: true,
          IncludedObjectVersions: 'All',
          Schedule: { Frequency: 'Daily' },
        }),
      ]);
    });
  });
}

/** Second of two. */
export function inventoryAfter(world: () => E2eWorld): void {
  describe('a backup by inventory', () => {
    afterAll(() => bucket.destroy());

    test('reads the report that S3 delivered, and lists nothing', async () => {
      const { main, engine } = world();
      const startedAt = await fullMinuteAfter(writtenAt);
      const { rows, files } = await reportInventory(engine, Bucket.inventory, { startedAt });
      expect(files.length).toBeGreaterThan(1);
      const history = bucket.snapshot();
      expect(rows).toBe([...history.values()].flat().length);
      const output = await main.backups.succeed(request);
      expect(output).toMatchObject({
        status: 'COMPLETED',
        source: 'inventory',
        objects: currentOf(history).size,
        versions: bodiesOf(history).length,
        stored: bodiesOf(history).length,
        skipped: {},
      });
      expect(Date.parse(output.asOf)).toBe(startedAt);
      expect(output.requests).not.toHaveProperty('ListObjectVersions');
    });

    test('brings hostile keys back, with all versions, delete markers, tags and grants', async () => {
      const destinationBucket = `${Bucket.inventory}-restored`;
      const output = await world().main.restores.succeed({
        sourceBucket: Bucket.inventory,
        destinationBucket,
        createBucket: true,
        versions: 'all',
      });
      expect(output).toMatchObject({ status: 'COMPLETED', failed: 0 });
      const restored = await world().reader.read(destinationBucket);
      expect(compareBuckets(restorableOf(bucket.snapshot()), restored).differences).toEqual([]);
    });

    test('is refused until there is a newer report', async () => {
      const { error, cause } = await world().main.backups.run(request);
      expect(error).toBe(ErrorName.noInventory);
      expect(cause).toMatch(/wait for the next report/);
    });
  });
}

/** Hostile keys with a history: null versions, versions with tags and grants, and delete markers. */
async function fill({ engine }: E2eWorld): Promise<SampleBucket> {
  const filled = await SampleBucket.create(engine, { name: Bucket.inventory, ownership: 'BucketOwnerPreferred' });
  const round = async (every: number, write: (key: string) => Promise<void>): Promise<void> => {
    const some = keys.filter((_, index) => index % every === 0);
    await inParallel(some, 8, write);
    await sleep(nextSecondMs);
  };
  await round(3, (key) => filled.put(key, { body: `null version of ${key}` }));
  await filled.setVersioning('Enabled');
  await round(1, (key) =>
    filled.put(key, {
      body: `body of ${key}`,
      tags: { key: 'größe' },
      metadata: { owner: 'Ada' },
      reader: 'a1b2c3d4'.repeat(8),
    }),
  );
  await round(2, (key) => filled.delete(key));
  await round(4, (key) => filled.put(key));
  return filled;
}
