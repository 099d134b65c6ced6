import { gunzipSync, gzipSync } from 'node:zlib';
import { ManualDeadline } from '../../../../lambda/adapters/memory';
import { historyOf } from '../../../support/bucket-state';
import { deliverReport, ReportOptions } from '../../../support/inventory-report';
import { Rig, SCRATCH, VAULT } from '../../support/rig';

const INVENTORY = { bucket: 'src', source: 'inventory' };
const restoreAll = { sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, versions: 'all' };

function filled(keys: readonly string[], options: ConstructorParameters<typeof Rig>[0] = {}): Rig {
  const rig = new Rig(options);
  rig.s3.createBucket('src');
  for (const key of keys) {
    rig.s3.put('src', key, `first of ${key}`);
    rig.s3.advance(1);
    rig.s3.put('src', key, `second ${key}`);
  }
  return rig;
}
const deliver = (rig: Rig, options?: ReportOptions): string => deliverReport(rig.s3, 'src', SCRATCH, options);
const refused = (message: RegExp) => ({ name: 'InventoryInvalid', message: expect.stringMatching(message) as string });

describe.each(['CSV', 'Parquet'] as const)('a %s report', (format) => {
  test('tells a key that begins with a byte order mark from the one without', async () => {
    const rig = filled(['\ufeffk', 'k', '\ufeff']);
    rig.s3.delete('src', '\ufeff');
    deliver(rig, { format });
    expect(await rig.backup(INVENTORY)).toMatchObject({ status: 'COMPLETED', objects: 2, stored: 6, skipped: {} });
    await rig.restore(restoreAll);
    expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));
  });
});

describe('a report that S3 contradicts commits nothing', () => {
  test.each([
    [0, /has the size 7, expected 8/],
    [1_000, /has the size 7, expected 8/],
  ])('other sizes, objects above %i bytes copied', async (packThreshold, message) => {
    const rig = filled(['a'], { settings: { packThreshold } });
    const newest = rig.s3.find('src', 'a').versionId;
    const change: ReportOptions['change'] = (records) =>
      records.map((record) => (record['VersionId'] === newest ? { ...record, Size: '7' } : record));
    deliver(rig, { change });
    await expect(rig.backup(INVENTORY)).rejects.toMatchObject(refused(message));
    expect(rig.s3.keys(VAULT, 'buckets/src/timeline/')).toEqual([]);
    expect(await rig.backup({ bucket: 'src', source: 'listing' })).toMatchObject({ status: 'COMPLETED', stored: 2 });
  });

  test('a delete marker that is said to be an object', async () => {
    const rig = filled(['a']);
    const marker = rig.s3.delete('src', 'a');
    const change: ReportOptions['change'] = (records) =>
      records.map((record) =>
        record['VersionId'] === marker ? { ...record, IsDeleteMarker: 'false', Size: '1', ETag: 'e' } : record,
      );
    deliver(rig, { change });
    await expect(rig.backup(INVENTORY)).rejects.toMatchObject(refused(/reports that delete marker .* is an object/));
  });
});

test('a null version that was replaced by a larger one is gone, and no fault of the report', async () => {
  const rig = new Rig();
  rig.s3.createBucket('src', { versioning: 'Disabled' });
  rig.s3.put('src', 'k', 'one');
  deliver(rig);
  rig.s3.put('src', 'k', 'another');
  rig.s3.setVersioning('src', 'Enabled');
  expect(await rig.backup(INVENTORY)).toMatchObject({ status: 'PARTIAL', skipped: { 'version-gone': 1 } });
});

test('a data file that is replaced between two turns is refused, though the last turn reads the right one', async () => {
  const rig = filled(['a', 'b', 'c', 'd'], { deadline: new ManualDeadline(0), settings: { sortRows: 4 } });
  let right: Uint8Array = new Uint8Array();
  // Without compression another date keeps the length.
  deliver(rig, { files: 1, data: (body) => (right = gzipSync(gunzipSync(body), { level: 0 })) });
  const text = gunzipSync(right).toString();
  const wrong = gzipSync(text.replace('"2025-', '"2099-'), { level: 0 });
  const key = rig.s3.keys(SCRATCH, 'inventory/').find((name) => name.endsWith('.csv.gz')) ?? '';
  rig.s3.put(SCRATCH, key, wrong);
  let reads = 0;
  rig.scratchStore.calls.afterCall = (call) => {
    if (call.operation === 'GetObject' && call.key === key && ++reads === 1) rig.s3.put(SCRATCH, key, right);
  };
  await expect(rig.backup(INVENTORY)).rejects.toMatchObject(refused(/changed while it was read/));
});

test('a report that is yet to come is not read, and a listing is taken instead', async () => {
  const rig = filled(['a']);
  const folder = deliver(rig);
  for (const file of ['manifest.json', 'manifest.checksum']) {
    const later = folder.replace(/\d{4}-\d\d-\d\dT\d\d-\d\dZ/, '2099-01-01T00-00Z') + file;
    rig.s3.put(SCRATCH, later, rig.s3.find(SCRATCH, folder + file).body);
  }
  await expect(rig.backup(INVENTORY)).rejects.toMatchObject({
    name: 'InventoryInvalid',
    message: expect.stringContaining('began 2099-01-01T00:00:00Z, after it was written') as string,
  });
  expect(await rig.backup({ bucket: 'src', source: 'auto', maxSourceAgeMinutes: 120 })).toMatchObject({
    source: 'listing',
    stored: 2,
  });
});

test('a report that began at no instant at all is refused in plain words, and a listing is taken instead', async () => {
  const rig = filled(['a']);
  deliver(rig, { manifest: (manifest) => (manifest['creationTimestamp'] = '9'.repeat(20)) });
  await expect(rig.backup(INVENTORY)).rejects.toMatchObject(refused(/creationTimestamp must be in milliseconds/));
  expect(await rig.backup({ bucket: 'src', source: 'auto', maxSourceAgeMinutes: 120 })).toMatchObject({
    source: 'listing',
    stored: 2,
  });
});
