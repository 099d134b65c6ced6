import { steadyPace } from '../../../../lambda/adapters/steady-pace';
import type { RangeUnit, ScanUnit } from '../../../../lambda/core/backup/job';
import { partitionBackup } from '../../../../lambda/usecases/backup/partition';
import { prepareBackup } from '../../../../lambda/usecases/backup/prepare';
import { scanBackup } from '../../../../lambda/usecases/backup/scan';
import { readUnits } from '../../../../lambda/usecases/work/turns';
import { deliverReport } from '../../../support/inventory-report';
import { Rig, SCRATCH } from '../../support/rig';

function filled(settings: ConstructorParameters<typeof Rig>[0] & object): Rig {
  const rig = new Rig(settings);
  rig.s3.createBucket('src');
  for (let i = 0; i < 20; i++) rig.s3.put('src', `k/${String(i)}`, `body ${String(i)}`, { tags: { a: 'b' } });
  rig.s3.put('src', 'large', Buffer.alloc(100));
  rig.s3.advance(1);
  return rig;
}
const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

test('every request of a worker waits for its share of the rate', async () => {
  const settings = { rangeWeight: 5, packThreshold: 50, maxSourceRequestsPerSecond: 100, maxConcurrency: 4 };
  const rig = filled({ settings });
  const { requests } = await rig.backup({ bucket: 'src' });
  // Two requests before the scan; one copy that the vault is asked for.
  expect(rig.paced).toHaveLength(total(requests) - 2 + 1);
  // One unit of the scan has the whole rate, and one worker is enough to use it up.
  expect(new Set(rig.paced)).toEqual(new Set([100]));
});

test('a rate that takes all workers is shared by those that run at a time', async () => {
  const settings = { rangeWeight: 5, packThreshold: 50, maxSourceRequestsPerSecond: 10_000, maxConcurrency: 4 };
  const rig = filled({ settings });
  await rig.backup({ bucket: 'src' });
  // Of five ranges four could run at a time, and then one: it is three, and two.
  expect(new Set(rig.paced)).toEqual(new Set([10_000, 10_000 / 3]));
});

describe('a first backup that is sure to take longer than it has', () => {
  const day = 24 * 60 * 60;
  /** 21 objects: 20 are read, one takes two requests. */
  const taking = (days: number) => ({ settings: { packThreshold: 50, maxSourceRequestsPerSecond: 22 / (days * day) } });

  test('is refused before anything is stored', async () => {
    const rig = filled(taking(15));
    await expect(rig.backup({ bucket: 'src' })).rejects.toMatchObject({
      name: 'CompletionWindowExceeded',
      message: expect.stringMatching(
        /^a first backup of bucket "src" needs at least 22 requests\. That takes 15\.0 days at maxSourceRequestsPerSecond 0\.\d+, but the job must end by 20\S+Z\. Nothing was stored: raise that rate, .*\)$/,
      ) as unknown,
    });
    expect(rig.s3.keys('the-vault').filter((key) => /^(packs|objects)/.test(key))).toEqual([]);
    expect((await rig.catalog.listJobs({ bucket: 'src' })).items).toMatchObject([{ state: 'FAILED' }]);
  });

  test('… also when its completion window is what it has', async () => {
    const rig = filled(taking(3));
    const scheduled = (days: number) => {
      const [due, end] = [rig.s3.now, rig.s3.now + days * day].map((at) =>
        new Date(at * 1_000).toISOString().replace('.000', ''),
      );
      return { plan: 'p', rule: 'r', scheduledTime: due, startBy: due, completeBy: end };
    };
    await expect(rig.backup({ bucket: 'src', scheduled: scheduled(2) })).rejects.toMatchObject({
      name: 'CompletionWindowExceeded',
    });
    expect(await rig.backup({ bucket: 'src', scheduled: scheduled(4) })).toMatchObject({ status: 'COMPLETED' });
  });

  test('and one that may be in time is not, nor is a later backup', async () => {
    const rig = filled(taking(13));
    expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'COMPLETED', stored: 21 });
    Object.assign(rig.ports.settings, { maxSourceRequestsPerSecond: 1 / day });
    for (let i = 0; i < 20; i++) rig.s3.put('src', `k/${String(i)}`, 'changed');
    rig.s3.advance(60);
    expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'COMPLETED', stored: 20 });
  });

  test('has no requests of archived objects, which are not asked for', async () => {
    const rig = new Rig({ settings: { maxSourceRequestsPerSecond: 1 / day } });
    rig.s3.createBucket('src');
    for (let i = 0; i < 20; i++) rig.s3.put('src', `k/${String(i)}`, 'body', { storageClass: 'GLACIER' });
    rig.s3.advance(1);
    const output = await rig.backup({ bucket: 'src' });
    expect(output).toMatchObject({ status: 'PARTIAL', skipped: { archived: 20 } });
  });

  test('… nor of versions that are not current, which a report has all the same', async () => {
    const rig = new Rig({ settings: { maxSourceRequestsPerSecond: 1 / day } });
    rig.s3.createBucket('src');
    for (let i = 0; i < 20; i++) rig.s3.put('src', 'k', `body ${String(i)}`);
    rig.s3.advance(1);
    deliverReport(rig.s3, 'src', SCRATCH);
    const current = { bucket: 'src', source: 'inventory', versions: 'CURRENT' };
    expect(await rig.backup(current)).toMatchObject({ status: 'COMPLETED', stored: 1 });
  });
});

test('Partition asks for the time where its role may read: of the vault, that is what it has of buckets', async () => {
  const rig = filled({ settings: { packThreshold: 50, maxSourceRequestsPerSecond: 22 / 1_000_000 } });
  const scan = await prepareBackup(rig.ports, { input: { bucket: 'src' }, execution: rig.execution('one') });
  if ('wait' in scan) throw new Error('busy');
  await scanBackup(rig.ports, { job: scan.job, unit: scan.unit as ScanUnit, turn: 0 });
  const before = { ...rig.vaultStore.counts() };
  await partitionBackup(rig.ports, { job: scan.job, choosesConcurrency: true });
  expect(rig.vaultStore.counts()).toEqual(before);
});

describe('workers of a backup', () => {
  const partitioned = async (request: object, settings: object, choosesConcurrency?: true) => {
    const rig = filled({ settings: { rangeWeight: 5, maxConcurrency: 200, ...settings } });
    const execution = rig.execution('one');
    const scan = await prepareBackup(rig.ports, { input: { bucket: 'src', ...request }, execution });
    if ('wait' in scan) throw new Error('busy');
    await scanBackup(rig.ports, { job: scan.job, unit: scan.unit as ScanUnit, turn: 0 });
    const { units } = await partitionBackup(rig.ports, { job: scan.job, choosesConcurrency });
    const [first] = await readUnits<RangeUnit>(rig.ports.scratch, scan.job.jobId, 'ranges');
    return { concurrency: units.concurrency, share: first?.requestsPerSecond, count: units.count };
  };

  test('are as many as use up the rate, and share all of it', async () => {
    const { concurrency, share, count } = await partitioned({}, { maxSourceRequestsPerSecond: 600 }, true);
    // 2.5 ms an object, twice: 600 a second keep three or four busy, and of five ranges three run at a time, then two.
    expect(count).toBe(5);
    expect(concurrency).toBe(3);
    expect(share).toBe(200);
  });

  test('are all that there may be without a rate', async () => {
    expect(await partitioned({}, {}, true)).toMatchObject({ concurrency: 200, share: undefined });
  });

  test('are all that there may be where requests are made that no scan tells of', async () => {
    const { concurrency } = await partitioned({ metadata: 'FULL' }, { maxSourceRequestsPerSecond: 600 }, true);
    expect(concurrency).toBe(200);
  });

  test('have the share of all in an execution whose map does not ask how many', async () => {
    const { share, count } = await partitioned({}, { maxSourceRequestsPerSecond: 600, maxConcurrency: 2 });
    expect(count).toBeGreaterThan(2);
    expect(share).toBe(300);
  });
});

test('without a limit nothing waits', async () => {
  const rig = filled({});
  await rig.backup({ bucket: 'src' });
  expect(rig.paced).toEqual([]);
});

test.each([0.5, 20, 1_000])('a pace of %d a second lets its burst through at once', async (rate) => {
  const pace = steadyPace(rate);
  for (let i = 0; i < Math.max(1, rate); i++) await pace.turn();
});
