import { ManualDeadline } from '../../../../lambda/adapters/memory';
import { fromIso, toIso } from '../../../../lambda/core/values/instant';
import { StoreError } from '../../../../lambda/ports/object-store';
import { historyOf } from '../../../support/bucket-state';
import { deliverReport, ReportOptions } from '../../../support/inventory-report';
import { historyOfBucket } from '../../../support/view-of-bucket';
import { filled, HOUR, manifest, restored } from '../../support/changed-rig';
import { Rig, SCRATCH, VAULT } from '../../support/rig';

const INVENTORY = { bucket: 'src', source: 'inventory' };
const LISTING = { bucket: 'src', source: 'listing' };

/** A report without the n-th newest versions of a key. */
function deliverWithout(rig: Rig, key: string, ...places: number[]): void {
  const left = places.map((place) => rig.s3.history('src', key)[place]?.versionId);
  const change: ReportOptions['change'] = (records) =>
    records.filter((record) => record['Key'] !== encodeURIComponent(key) || !left.includes(record['VersionId']));
  deliverReport(rig.s3, 'src', SCRATCH, { change });
}

describe('versions that a report leaves out, and that are there', () => {
  test.each([
    ['an old one', [1]],
    ['the current one', [0]],
    ['all of a key', [0, 1]],
  ])('%s: the numbers are those of the bucket', async (_, places) => {
    const { rig } = filled();
    const whole = await rig.backup(LISTING);
    rig.s3.advance(HOUR);
    deliverWithout(rig, 'b', ...places);
    const { objects, versions, bytes } = whole;
    expect(await rig.backup(INVENTORY)).toMatchObject({ status: 'COMPLETED', objects, versions, bytes, removed: 0 });
    expect(manifest(rig, 2).counts).toMatchObject({ objects, versions, bytes, stored: 0, reused: versions });
    expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
  });

  test('a marker on top of a key hides its object in the numbers too', async () => {
    const { rig } = filled();
    rig.s3.delete('src', 'b');
    rig.s3.advance(HOUR);
    const { objects, versions } = await rig.backup(LISTING);
    rig.s3.advance(HOUR);
    deliverWithout(rig, 'b', 0, 1);
    expect(await rig.backup(INVENTORY)).toMatchObject({ objects, versions });
    expect(manifest(rig, 2).counts.markers).toBe(1);
  });

  test('turn by turn, the numbers are the same', async () => {
    const { rig } = filled(['a', 'b', 'c'], { deadline: new ManualDeadline(0) });
    const { objects, versions, bytes } = await rig.backup(LISTING);
    rig.s3.advance(HOUR);
    deliverWithout(rig, 'b', 0);
    expect(await rig.backup({ ...INVENTORY, metadata: 'FULL' })).toMatchObject({ objects, versions, bytes });
  });

  test('of CURRENT versions only the current one counts', async () => {
    const { rig } = filled();
    await rig.backup(LISTING);
    rig.s3.advance(HOUR);
    deliverWithout(rig, 'b', 0, 1);
    expect(await rig.backup({ ...INVENTORY, versions: 'CURRENT' })).toMatchObject({ objects: 3, versions: 3 });
  });

  test('one that could not be stored before is stored now, or said again', async () => {
    const { rig } = filled();
    const old = rig.s3.history('src', 'b')[1]?.versionId;
    const get = rig.source.get.bind(rig.source);
    rig.source.get = (ref) =>
      ref.versionId === old ? Promise.reject(new StoreError('access-denied', 'no')) : get(ref);
    expect(await rig.backup(LISTING)).toMatchObject({ status: 'PARTIAL', skipped: { 'access-denied': 1 } });
    rig.s3.advance(HOUR);
    deliverWithout(rig, 'b', 1);
    expect(await rig.backup(INVENTORY)).toMatchObject({ status: 'PARTIAL', skipped: { 'access-denied': 1 } });
    rig.source.get = get;
    rig.s3.advance(HOUR);
    deliverWithout(rig, 'b', 1);
    expect(await rig.backup(INVENTORY)).toMatchObject({ status: 'COMPLETED', stored: 1, skipped: {}, versions: 6 });
    expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
  });

  test('one that may not be asked for counts as there, and its tags as unread', async () => {
    const { rig } = filled();
    await rig.backup(LISTING);
    rig.s3.advance(HOUR);
    deliverWithout(rig, 'b', 1);
    rig.source.head = () => Promise.reject(new StoreError('access-denied', 'no'));
    const before = manifest(rig, 1).metadataThrough;
    expect(await rig.backup({ ...INVENTORY, metadata: 'FULL' })).toMatchObject({ versions: 6, removed: 0 });
    expect(manifest(rig, 2).metadataThrough).toBe(before);
  });

  test('a full read reads their tags too', async () => {
    const { rig } = filled();
    await rig.backup(LISTING);
    rig.s3.advance(HOUR);
    rig.s3.setTags('src', 'b', { state: 'unseen' }, rig.s3.history('src', 'b')[1]?.versionId);
    deliverWithout(rig, 'b', 1);
    await rig.backup({ ...INVENTORY, metadata: 'FULL' });
    expect(manifest(rig, 2).metadataThrough).toBe(manifest(rig, 2).asOf);
    expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
  });
});

test('a full read of CURRENT versions says nothing of the tags of older ones, unless there are none', async () => {
  const { rig } = filled();
  const current = { ...LISTING, versions: 'CURRENT', metadata: 'FULL' };
  await rig.backup(current);
  rig.s3.advance(HOUR);
  await rig.backup(current);
  expect(manifest(rig, 2).metadataThrough).toBe(manifest(rig, 2).asOf);
  await rig.backup(LISTING);
  const all = manifest(rig, 3).metadataThrough;
  rig.s3.advance(HOUR);
  await rig.backup(current);
  expect(manifest(rig, 4).metadataThrough).toBe(all);
  expect(manifest(rig, 4).changesMissed).toBe(true);
});

describe('a permanent deletion that a scan finds', () => {
  test.each(['listing', 'inventory'])('by %s may have happened until S3 said so', async (source) => {
    const { rig } = filled();
    await rig.backup(LISTING);
    const { asOf } = manifest(rig, 1);
    rig.s3.advance(HOUR);
    const gone = rig.s3.history('src', 'b')[1]?.versionId ?? '';
    rig.s3.deleteVersion('src', 'b', gone);
    deliverReport(rig.s3, 'src', SCRATCH);
    // The scan takes its time.
    const calls = source === 'listing' ? rig.source.calls : rig.scratchStore.calls;
    calls.afterCall = () => {
      rig.s3.advance(7);
    };
    await rig.backup({ bucket: 'src', source });
    calls.afterCall = undefined;
    const [removal] = ((await historyOfBucket(rig, 'src')).get('b') ?? []).filter((row) => row.kind === 'removed');
    expect(removal).toMatchObject({ versionId: gone, removedAfter: fromIso(asOf) });
    expect(removal?.removedBefore).toBeGreaterThan(fromIso(manifest(rig, 2).asOf));
    expect(toIso(removal?.removedBefore ?? 0) <= toIso(Math.floor(rig.s3.now))).toBe(true);
    expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
  });
});

describe('a null version that a report leaves out', () => {
  function nulls(): Rig {
    const rig = new Rig();
    rig.s3.createBucket('src', { versioning: 'Disabled' });
    rig.s3.put('src', 'k', 'one');
    rig.s3.setVersioning('src', 'Enabled');
    return rig;
  }
  const without: ReportOptions['change'] = (records) => records.slice(0, 0);

  test('and that was encrypted anew in its second is kept', async () => {
    const rig = nulls();
    await rig.backup(LISTING);
    rig.s3.advance(HOUR);
    deliverReport(rig.s3, 'src', SCRATCH, { change: without });
    const head = rig.source.head.bind(rig.source);
    rig.source.head = async (ref) => ({ ...(await head(ref)), etag: 'another' });
    expect(await rig.backup(INVENTORY)).toMatchObject({ objects: 1, removed: 0 });
  });

  test('and that was replaced in its second by a larger one is gone', async () => {
    const rig = nulls();
    await rig.backup(LISTING);
    rig.s3.advance(HOUR);
    deliverReport(rig.s3, 'src', SCRATCH, { change: without });
    const head = rig.source.head.bind(rig.source);
    rig.source.head = async (ref) => ({ ...(await head(ref)), etag: 'another', size: 9 });
    expect(await rig.backup(INVENTORY)).toMatchObject({ objects: 0, removed: 1 });
  });

  test('and that a null marker of its second has replaced is gone', async () => {
    const rig = nulls();
    await rig.backup(LISTING);
    rig.s3.setVersioning('src', 'Suspended');
    rig.s3.delete('src', 'k');
    rig.s3.setVersioning('src', 'Enabled');
    rig.s3.advance(HOUR);
    deliverReport(rig.s3, 'src', SCRATCH);
    expect(await rig.backup(INVENTORY)).toMatchObject({ objects: 0, versions: 0, removed: 1 });
    expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
  });
});

describe('a delete marker that a report still lists, and that was deleted since', () => {
  test.each(['ALL', 'CURRENT'])('hides no object, and is said (%s)', async (versions) => {
    const { rig } = filled();
    const marker = rig.s3.delete('src', 'b') ?? '';
    const old = rig.s3.delete('src', 'c');
    rig.s3.put('src', 'c', 'c newest');
    rig.s3.advance(10);
    deliverReport(rig.s3, 'src', SCRATCH);
    rig.s3.deleteVersion('src', 'b', marker);
    rig.s3.deleteVersion('src', 'c', old ?? '');
    const output = await rig.backup({ ...INVENTORY, versions });
    // The marker was the current version: the recovery point is not what the bucket had.
    expect(output).toMatchObject({
      status: 'PARTIAL',
      skipped: {},
      requests: { HeadObject: versions === 'ALL' ? 2 : 1 },
    });
    expect(manifest(rig, 1).counts.markers).toBe(0);
    const lines = rig.s3.keys(VAULT, 'buckets/src/reports/').filter((key) => key.endsWith('.jsonl'));
    expect(lines.map((key) => rig.s3.text(VAULT, key)).join('')).toContain(marker);
    if (versions === 'ALL') expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
  });

  test.each([
    ['in one turn', Infinity, []],
    ['in many turns', 0, []],
    ['with the version under it left out', 0, [1]],
  ])('hides no object in the numbers either, %s', async (_, remaining, leftOut) => {
    const { rig } = filled();
    const { objects } = await rig.backup(LISTING);
    const marker = rig.s3.delete('src', 'b') ?? '';
    rig.s3.advance(HOUR);
    deliverWithout(rig, 'b', ...leftOut);
    rig.s3.deleteVersion('src', 'b', marker);
    rig.deadline.remaining = remaining;
    const output = await rig.backup(INVENTORY);
    expect(output).toMatchObject({ status: 'PARTIAL', objects });
    expect(rig.s3.keys('src')).toHaveLength(objects);
  });
});
