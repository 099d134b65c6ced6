import type { ScanUnit } from '../../../../lambda/core/backup/job';
import { prepareBackup } from '../../../../lambda/usecases/backup/prepare';
import { scanBackup } from '../../../../lambda/usecases/backup/scan';
import type { ScanResult } from '../../../../lambda/usecases/backup/sources/result';
import { stepResults } from '../../../../lambda/usecases/work/turns';
import { historyOf } from '../../../support/bucket-state';
import { Rig } from '../../support/rig';

const KEYS = 400;
const settings = { listingUnitRows: 50, rangeWeight: 40 };
const restoreAll = { sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, versions: 'all' };

function filled(keyOf: (i: number) => string, options: ConstructorParameters<typeof Rig>[0] = {}): Rig {
  const rig = new Rig({ settings, pageSize: 20, ...options });
  rig.s3.createBucket('src');
  for (let i = 0; i < KEYS; i++) {
    rig.s3.put('src', keyOf(i), `first ${String(i)}`);
    if (i % 3 === 0) rig.s3.put('src', keyOf(i), `second ${String(i)}`);
    if (i % 7 === 0) rig.s3.delete('src', keyOf(i));
  }
  rig.s3.advance(1);
  return rig;
}

describe.each<[string, (i: number) => string]>([
  ['spread over the alphabet', (i) => `${String.fromCharCode(97 + (i % 26))}/${String(i)}`],
  ['under one long prefix', (i) => `photos/of/the/year/2024/image-${String(i).padStart(6, '0')}.jpg`],
  ['by date', (i) => `logs/2024-${String(1 + (i % 12)).padStart(2, '0')}-01/${String(i)}`],
  ['in a script above U+FFFF', (i) => `${String.fromCodePoint(0x10000 + i * 37)}/${String(i)}`],
  ['mostly under one of two prefixes', (i) => (i < 5 ? `a/${String(i)}` : `z/${String(i)}`)],
])('keys %s', (_, keyOf) => {
  test('are listed by several units, each version once, in the first backup and in the next', async () => {
    const rig = filled(keyOf);
    const versions = rig.s3.versions('src').filter((version) => !version.isMarker).length;
    const output = await rig.backup({ bucket: 'src' });
    expect(output).toMatchObject({ status: 'COMPLETED', versions, stored: versions });
    expect(rig.turns['scan']).toBeGreaterThan(2);
    await rig.restore(restoreAll);
    expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));

    rig.s3.put('src', keyOf(11), 'changed');
    rig.s3.put('src', '0 before all', 'new');
    rig.s3.put('src', '\u{10fffd} after all', 'new');
    rig.s3.advance(1);
    rig.turns['scan'] = 0;
    const next = await rig.backup({ bucket: 'src' });
    expect(next).toMatchObject({ status: 'COMPLETED', versions: versions + 3, stored: 3, removed: 0 });
    expect(rig.turns['scan']).toBeGreaterThan(2);
    // A timeline says where to cut: no request looks for it. Each of the four parts of a unit ends with a page of its own.
    const pages = Math.ceil(rig.s3.versions('src').length / 20);
    expect(next.requests['ListObjectVersions']).toBeLessThanOrEqual(pages + 4 * rig.turns['scan']);
    await rig.restore({ ...restoreAll, destinationBucket: 'dst2' });
    expect(historyOf(rig.s3, 'dst2')).toEqual(historyOf(rig.s3, 'src'));
  });
});

test('a bucket of one page is one unit, and a search for cuts has an end', async () => {
  const rig = filled((i) => String(i), { pageSize: 2_000 });
  const { requests } = await rig.backup({ bucket: 'src' });
  expect(requests['ListObjectVersions']).toBe(2);
  expect(rig.turns['scan']).toBe(1);
  const one = new Rig({ settings: { listingUnitRows: 1 }, pageSize: 5 });
  one.s3.createBucket('src');
  for (let i = 0; i < 100; i++) one.s3.put('src', 'always the same key', String(i));
  one.s3.advance(1);
  expect(await one.backup({ bucket: 'src' })).toMatchObject({ versions: 100, stored: 100 });
});

describe('parts of a unit', () => {
  const keyOf = (i: number): string => `k/${String(i).padStart(4, '0')}`;

  /** Listings of the protected bucket that were under way at the same time. */
  function watched(rig: Rig): (reset?: boolean) => number {
    const list = rig.source.listVersions.bind(rig.source);
    let [now, most] = [0, 0];
    rig.source.listVersions = async (options) => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      return list(options).finally(() => now--);
    };
    return (reset) => {
      const seen = most;
      if (reset) most = 0;
      return seen;
    };
  }

  test('are listed at the same time by one worker, where the last commit tells where to cut', async () => {
    const rig = filled(keyOf, { settings: { rangeWeight: 40, listingUnitRows: 1_000_000 } });
    await rig.backup({ bucket: 'src' });
    const most = watched(rig);
    await rig.backup({ bucket: 'src' });
    expect(most()).toBe(1);
    // A unit of all rows that there are, but in four parts.
    Object.assign(rig.ports.settings, { listingUnitRows: rig.s3.versions('src').length });
    rig.turns['scan'] = 0;
    const { versions } = await rig.backup({ bucket: 'src' });
    expect(versions).toBe(rig.s3.versions('src').filter(({ isMarker }) => !isMarker).length);
    expect(rig.turns['scan']).toBe(1);
    expect(most()).toBe(4);
  });

  test.each(['ALL', 'CURRENT'])('go on where they were cut off, each by itself (%s)', async (kind) => {
    const rig = filled(keyOf, { settings: { rangeWeight: 40, listingUnitRows: 500 } });
    const request = { bucket: 'src', versions: kind };
    const { versions } = await rig.backup(request);
    rig.deadline.remaining = 0;
    rig.turns['scan'] = 0;
    expect(await rig.backup(request)).toMatchObject({ status: 'COMPLETED', versions, stored: 0, removed: 0 });
    expect(rig.turns['scan']).toBeGreaterThan(5);
    rig.deadline.remaining = Number.POSITIVE_INFINITY;
    await rig.restore(kind === 'ALL' ? restoreAll : { ...restoreAll, versions: 1 });
    if (kind === 'ALL') expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));
    else expect(rig.s3.keys('dst')).toEqual(rig.s3.keys('src'));
  });

  test('fail together: nothing is committed, and the next job finds everything', async () => {
    const rig = filled(keyOf, { settings: { rangeWeight: 40, listingUnitRows: 1_000 } });
    await rig.backup({ bucket: 'src' });
    rig.s3.put('src', keyOf(399), 'changed');
    rig.s3.advance(60);
    const list = rig.source.listVersions.bind(rig.source);
    rig.source.listVersions = (options) =>
      (options.cursor?.keyMarker ?? '') > keyOf(200) ? Promise.reject(new Error('broken')) : list(options);
    await expect(rig.backup({ bucket: 'src' })).rejects.toThrow('broken');
    rig.source.listVersions = list;
    expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'COMPLETED', stored: 1, removed: 0 });
  });

  test('are as many at a time as the requests a second that their worker may make', async () => {
    const rig = filled(keyOf, { settings: { rangeWeight: 40, listingUnitRows: 1_000_000 } });
    await rig.backup({ bucket: 'src' });
    Object.assign(rig.ports.settings, { listingUnitRows: rig.s3.versions('src').length });
    const most = watched(rig);
    const versions = rig.s3.versions('src').filter(({ isMarker }) => !isMarker).length;
    for (const [rate, lanes] of [
      [0.1, 1],
      [2.5, 2],
      [2_000, 4],
    ] as const) {
      Object.assign(rig.ports.settings, { maxSourceRequestsPerSecond: rate, maxConcurrency: 1 });
      most(true);
      // Two pages of a part, and then the time is over: parts that were not begun wait for a later turn.
      Object.assign(rig.deadline, { remaining: 2, spentPerLook: 1 });
      expect(await rig.backup({ bucket: 'src' })).toMatchObject({
        status: 'COMPLETED',
        versions,
        stored: 0,
        removed: 0,
      });
      expect(most()).toBe(lanes);
    }
    Object.assign(rig.deadline, { remaining: Number.POSITIVE_INFINITY, spentPerLook: 0 });
    await rig.restore(restoreAll);
    expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));
  });

  test('are not those of a unit that a worker of an earlier release has begun: it goes on as a whole', async () => {
    const rig = filled(keyOf, { settings: { rangeWeight: 40, listingUnitRows: 1_000_000 } });
    await rig.backup({ bucket: 'src' });
    Object.assign(rig.ports.settings, { listingUnitRows: rig.s3.versions('src').length });
    const execution = rig.execution('updated');
    const plan = await prepareBackup(rig.ports, { input: { bucket: 'src' }, execution });
    if ('wait' in plan) throw new Error('busy');
    const { job } = plan;
    const unit = plan.unit as ScanUnit;
    expect(unit.cuts).toHaveLength(3);
    rig.deadline.remaining = 0;
    const before = { ...unit, cuts: undefined };
    expect(await scanBackup(rig.ports, { job, unit: before, turn: 0 })).toEqual({ more: true, turn: 1 });
    rig.deadline.remaining = Number.POSITIVE_INFINITY;
    expect(await scanBackup(rig.ports, { job, unit, turn: 1 })).toEqual({ more: false, turn: 2 });
    const results = await stepResults<ScanResult>(rig.ports.scratch, job.jobId, 'scan');
    const versions = rig.s3.versions('src').filter(({ isMarker }) => !isMarker).length;
    expect(results.reduce((sum, result) => sum + result.versions, 0)).toBe(versions);
  });
});
