import { gunzipSync, gzipSync } from 'node:zlib';
import { ManualDeadline } from '../../../../lambda/adapters/memory';
import { StoreError } from '../../../../lambda/ports/object-store';
import { currentOf, historyOf } from '../../../support/bucket-state';
import { CSV_COLUMNS, deliverReport, ReportOptions } from '../../../support/inventory-report';
import { hostileBucket } from '../../support/hostile-bucket';
import { Rig, SCRATCH, VAULT } from '../../support/rig';

const restoreAll = { sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, versions: 'all' };
const restoreNow = { sourceBucket: 'src', destinationBucket: 'now', createBucket: true };
const INVENTORY = { bucket: 'src', source: 'inventory' };
/** Of what age a point may be, whoever starts the job (decision 24). */
const AUTO = { bucket: 'src', maxSourceAgeMinutes: 120 };

function filled(options: ConstructorParameters<typeof Rig>[0] = {}): Rig {
  const rig = new Rig(options);
  rig.s3.createBucket('src');
  for (const key of ['a', 'b', 'c', 'd/1', 'd/2']) {
    rig.s3.put('src', key, `${key} 1`);
    rig.s3.advance(1);
    rig.s3.put('src', key, `${key} 2`, { tags: { k: key } });
  }
  rig.s3.advance(1);
  rig.s3.delete('src', 'b');
  return rig;
}

const deliver = (rig: Rig, options?: ReportOptions): string => deliverReport(rig.s3, 'src', SCRATCH, options);

describe.each([
  ['CSV', { format: 'CSV' }],
  ['Parquet', { format: 'Parquet' }],
  ['CSV in another order', { columns: [...CSV_COLUMNS].reverse() }],
  ['CSV of a few columns', { columns: ['ETag', 'Size', 'Key', 'LastModifiedDate', 'IsDeleteMarker', 'VersionId'] }],
  [
    'Parquet of a few columns',
    {
      format: 'Parquet',
      columns: ['Key', 'VersionId', 'IsDeleteMarker', 'Size', 'LastModifiedDate', 'ETag'],
    },
  ],
] satisfies [string, ReportOptions][])('a report of %s', (_, options) => {
  test('brings back hostile keys, versions, markers and null versions byte for byte', async () => {
    const rig = hostileBucket();
    deliver(rig, options);
    const output = await rig.backup(INVENTORY);
    expect(output).toMatchObject({ status: 'COMPLETED', source: 'inventory', skipped: {} });
    expect(await rig.restore(restoreAll)).toMatchObject({ status: 'COMPLETED', failed: 0, exact: true });
    expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));
    await rig.restore(restoreNow);
    expect(currentOf(rig.s3, 'now')).toEqual(currentOf(rig.s3, 'src'));
  });
});

test('a report and a listing make the same recovery point', async () => {
  const rig = hostileBucket();
  deliver(rig);
  const first = await rig.backup(INVENTORY);
  rig.s3.advance(60);
  const second = await rig.backup({ bucket: 'src', source: 'listing' });
  const { objects, versions, bytes } = first;
  expect(second).toMatchObject({ objects, versions, bytes, stored: 0, removed: 0, reused: versions });
});

test('ACLs come from the report, and no request is made for them', async () => {
  const rig = hostileBucket();
  deliver(rig);
  const { requests } = await rig.backup(INVENTORY);
  expect(requests['GetObjectAcl']).toBeUndefined();
  deliver(rig, { columns: CSV_COLUMNS.filter((column) => column !== 'ObjectOwner') });
  const other = hostileBucket();
  deliver(other, { columns: CSV_COLUMNS.filter((column) => column !== 'ObjectOwner') });
  const output = await other.backup(INVENTORY);
  expect(output.requests['GetObjectAcl']).toBe(output.versions);
});

test('rows are sorted in chunks, merged, and cut at any deadline', async () => {
  const settings = { sortRows: 10, rangeWeight: 20, inventoryUnitBytes: 3_000 };
  for (const spentPerLook of [0, 1, 7]) {
    const rig = hostileBucket({ settings, deadline: new ManualDeadline(spentPerLook === 0 ? 0 : 20, spentPerLook) });
    deliver(rig, { files: 4 });
    const output = await rig.backup(INVENTORY);
    expect(output).toMatchObject({ status: 'COMPLETED', skipped: {} });
    expect(rig.turns['scan']).toBeGreaterThan(4);
    rig.deadline.remaining = Number.POSITIVE_INFINITY;
    await rig.restore(restoreAll);
    expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));
  }
});

describe('absence from a report proves nothing', () => {
  const without = (key: string): ReportOptions => ({
    change: (records) => records.filter((record) => record['Key'] !== key),
  });

  test('a version that a report omits is not recorded as removed', async () => {
    const rig = filled();
    await rig.backup({ bucket: 'src' });
    deliver(rig, without('a'));
    const output = await rig.backup(INVENTORY);
    expect(output).toMatchObject({ status: 'COMPLETED', removed: 0, stored: 0 });
    expect(output.requests).toEqual({ HeadObject: 2 });
    await rig.restore(restoreAll);
    expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));
  });

  test('a marker that a report omits is not recorded as removed', async () => {
    const rig = filled();
    await rig.backup({ bucket: 'src' });
    deliver(rig, without('b'));
    expect(await rig.backup(INVENTORY)).toMatchObject({ removed: 0 });
    await rig.restore(restoreNow);
    expect(rig.s3.keys('now')).not.toContain('b');
  });

  test('a version that is gone is recorded once S3 has said so', async () => {
    const rig = filled();
    await rig.backup({ bucket: 'src' });
    const newest = rig.s3.find('src', 'a');
    rig.s3.advance(60);
    rig.s3.deleteVersion('src', 'a', newest.versionId);
    deliver(rig);
    expect(await rig.backup(INVENTORY)).toMatchObject({ removed: 1, stored: 0, requests: { HeadObject: 1 } });
    await rig.restore(restoreNow);
    expect(rig.s3.text('now', 'a')).toBe('a 1');
  });

  test('a refusal to say so is no proof', async () => {
    const rig = filled();
    await rig.backup({ bucket: 'src' });
    rig.s3.deleteVersion('src', 'a', rig.s3.find('src', 'a').versionId);
    deliver(rig);
    rig.source.calls.beforeCall = ({ operation }) => {
      if (operation === 'HeadObject') throw new StoreError('access-denied', 'no');
    };
    expect(await rig.backup(INVENTORY)).toMatchObject({ removed: 0 });
  });

  test('a version that the report lists and S3 has no more is reported', async () => {
    const rig = filled();
    deliver(rig);
    rig.s3.deleteVersion('src', 'c', rig.s3.find('src', 'c').versionId);
    const output = await rig.backup(INVENTORY);
    expect(output).toMatchObject({ status: 'PARTIAL', skipped: { 'version-gone': 1 } });
  });
});

test('CURRENT keeps the current version at the start of the report', async () => {
  const rig = filled();
  // Two versions of one second: only S3 knows which is the newer.
  rig.s3.put('src', 'tie', 'older');
  rig.s3.put('src', 'tie', 'newer');
  deliver(rig);
  rig.s3.put('src', 'a', 'after the report');
  const output = await rig.backup({ ...INVENTORY, versions: 'CURRENT' });
  expect(output).toMatchObject({ status: 'COMPLETED', objects: 5, versions: 5, stored: 5 });
  await rig.restore(restoreNow);
  expect([...currentOf(rig.s3, 'now').keys()]).toEqual(['a', 'c', 'd/1', 'd/2', 'tie']);
  expect(rig.s3.text('now', 'tie')).toBe('newer');
  expect(rig.s3.text('now', 'a')).toBe('a 2');
});

test('what is newer than the report waits for the next one', async () => {
  const rig = filled();
  deliver(rig, {
    change: (records) => [
      ...records,
      { ...(records[0] ?? {}), VersionId: 'later', LastModifiedDate: '2099-01-01T00:00:00.000Z' },
    ],
  });
  expect(await rig.backup(INVENTORY)).toMatchObject({ status: 'COMPLETED', versions: 10 });
});

test('an ACL that changed since the last report is recorded', async () => {
  const rig = hostileBucket();
  deliver(rig);
  await rig.backup(INVENTORY);
  const acl = { owner: rig.s3.owner, grants: [{ grantee: { id: 'another' }, permission: 'READ' as const }] };
  rig.s3.setAcl('src', 'folder/', acl);
  deliver(rig);
  expect(await rig.backup(INVENTORY)).toMatchObject({ stored: 0, requests: {} });
  await rig.restore(restoreNow);
  expect(rig.s3.find('now', 'folder/').acl?.grants).toContainEqual(acl.grants[0]);
});

test('an empty bucket has an empty report', async () => {
  const rig = new Rig();
  rig.s3.createBucket('src');
  deliver(rig, { files: 0 });
  expect(await rig.backup(INVENTORY)).toMatchObject({ status: 'COMPLETED', objects: 0, versions: 0 });
  deliver(rig, { files: 1 });
  expect(await rig.backup(INVENTORY)).toMatchObject({ status: 'COMPLETED', objects: 0, versions: 0 });
});

describe('a broken report commits nothing', () => {
  const first = (files: Map<string, Uint8Array>, end: string): string =>
    [...files.keys()].find((key) => key.endsWith(end)) ?? '';
  const cut = (end: string) => (files: Map<string, Uint8Array>) => {
    const key = first(files, end);
    files.set(key, (files.get(key) ?? new Uint8Array()).slice(0, -20));
  };
  const flip = (end: string) => (files: Map<string, Uint8Array>) => {
    const key = first(files, end);
    const bytes = Uint8Array.from(files.get(key) ?? []);
    bytes[bytes.length >>> 1] = (bytes[bytes.length >>> 1] ?? 0) ^ 1;
    files.set(key, bytes);
  };
  const setFile =
    (change: (file: { [field: string]: unknown }) => void) =>
    (manifest: { [field: string]: unknown }): void => {
      change((manifest['files'] as { [field: string]: unknown }[])[0] ?? {});
    };
  const recordWith =
    (fields: { [column: string]: string }): NonNullable<ReportOptions['change']> =>
    (records) => [{ ...(records[0] ?? {}), ...fields }, ...records.slice(1)];

  test.each<[string, ReportOptions, RegExp]>([
    ['a wrong checksum', { damage: flip('manifest.json') }, /does not match the MD5 in its manifest.checksum/],
    [
      'an unreadable manifest',
      {
        damage: (files) =>
          files
            .set(first(files, 'manifest.checksum'), Buffer.from('d41d8cd98f00b204e9800998ecf8427e'))
            .set(first(files, 'manifest.json'), new Uint8Array()),
      },
      /manifest.json/,
    ],
    [
      'a missing manifest',
      { damage: (files) => files.delete(first(files, 'manifest.json')) },
      /is missing, although its manifest.checksum exists/,
    ],
    ['a missing data file', { damage: (files) => files.delete(first(files, '.csv.gz')) }, /data file .* is missing/],
    ['a shorter data file', { damage: cut('.csv.gz') }, /data file .* (has \d+ bytes, expected|is shorter)/],
    ['a damaged data file', { damage: flip('.csv.gz') }, /data file .* does not match the MD5/],
    ['a truncated gzip', { data: (body) => body.slice(0, -20) }, /data file .* is not readable/],
    ['no gzip', { data: () => Buffer.from('"a","b"') }, /data file .* is not readable/],
    [
      'a record that is cut off',
      { data: (body) => gzipSync(gunzipSync(body).subarray(0, -5)) },
      /data file .* is not readable/,
    ],
    [
      'a record with fields missing',
      { data: () => gzipSync('"src","a"\n') },
      /record 0 of data file .* has 2 fields, expected 20/,
    ],
    [
      'a Parquet file that is none',
      { format: 'Parquet', data: () => Buffer.from('PAR1') },
      /data file .* is not readable/,
    ],
    [
      'another bucket',
      { manifest: (manifest) => (manifest['sourceBucket'] = 'other') },
      /covers bucket "other", expected "src"/,
    ],
    [
      'another destination',
      { manifest: (manifest) => (manifest['destinationBucket'] = 'arn:aws:s3:::elsewhere') },
      /has its files in "arn:aws:s3:::elsewhere"/,
    ],
    [
      'a missing column',
      { columns: CSV_COLUMNS.filter((name) => name !== 'VersionId' && name !== 'Size') },
      /lacks the columns VersionId, Size/,
    ],
    [
      'a missing column of Parquet',
      { format: 'Parquet', columns: CSV_COLUMNS.filter((name) => name !== 'ETag') },
      /lacks the columns ETag/,
    ],
    ['ORC', { manifest: (manifest) => (manifest['fileFormat'] = 'ORC') }, /fileFormat must be CSV or Parquet/],
    [
      'a newer manifest',
      { manifest: (manifest) => (manifest['version'] = '2030-01-01') },
      /version must be 2016-11-30/,
    ],
    [
      'a data file named twice',
      { manifest: (manifest) => (manifest['files'] as unknown[]).push((manifest['files'] as unknown[])[0]) },
      /names a data file twice/,
    ],
    ['a record twice', { change: (records) => [...records, records[0] ?? {}] }, /two records for one object version/],
    [
      'a record of another bucket',
      { change: recordWith({ Bucket: 'other' }) },
      /record \d+ of data file .* belongs to another bucket, "other"/,
    ],
    ['a size in other digits', { change: recordWith({ Size: '0x3' }) }, /has the size "0x3"/],
    ['a size that is none', { change: recordWith({ Size: '-1' }) }, /has the size "-1"/],
    ['a date in another form', { change: recordWith({ LastModifiedDate: '1' }) }, /has the date "1"/],
    ['a date that is none', { change: recordWith({ LastModifiedDate: 'yesterday' }) }, /has the date "yesterday"/],
    ['a flag that is none', { change: recordWith({ IsDeleteMarker: 'perhaps' }) }, /has IsDeleteMarker "perhaps"/],
    ['no ETag', { change: recordWith({ ETag: '' }) }, /has no ETag/],
    [
      'a manifest with the wrong size',
      { manifest: setFile((file) => (file['size'] = 7)) },
      /data file .* has \d+ bytes, expected 7 as in the manifest/,
    ],
  ])('%s', async (_, options, message) => {
    const rig = filled();
    deliver(rig, options);
    const error: unknown = await rig.backup(INVENTORY).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'InventoryInvalid', message: expect.stringMatching(message) as string });
    expect(rig.s3.keys(VAULT, 'buckets/')).toEqual([]);
    // The bucket is as free as before.
    expect(await rig.backup({ bucket: 'src', source: 'listing' })).toMatchObject({ status: 'COMPLETED', versions: 10 });
  });

  test('a data file that is replaced while the job runs', async () => {
    const rig = filled({ deadline: new ManualDeadline(0), settings: { sortRows: 1 } });
    deliver(rig, { files: 1 });
    let reads = 0;
    rig.scratchStore.calls.afterCall = ({ operation, key }) => {
      if (operation !== 'GetObject' || !key?.endsWith('.csv.gz') || ++reads !== 2) return;
      const other = rig.s3.find(SCRATCH, key).body;
      rig.s3.put(SCRATCH, key, Uint8Array.from(other).fill(0, 20, 30));
    };
    await expect(rig.backup(INVENTORY)).rejects.toMatchObject({ name: 'InventoryInvalid' });
    expect(rig.s3.keys(VAULT, 'buckets/')).toEqual([]);
  });
});

describe('which report is read', () => {
  test('none yet', async () => {
    const rig = filled();
    await expect(rig.backup(INVENTORY)).rejects.toMatchObject({
      name: 'NoInventory',
      message: expect.stringMatching(/bucket "src" has no complete inventory report yet.*within 48 hours/) as string,
    });
  });

  test('the newest complete one', async () => {
    const rig = filled();
    deliver(rig);
    rig.s3.put('src', 'late', 'x');
    deliver(rig, {
      damage: (files) => {
        for (const key of files.keys()) if (key.endsWith('checksum')) files.delete(key);
      },
    });
    expect(await rig.backup(INVENTORY)).toMatchObject({ versions: 10 });
    deliver(rig);
    expect(await rig.backup(INVENTORY)).toMatchObject({ versions: 11, stored: 1 });
  });

  test('one that is too old, or older than the newest recovery point, is refused', async () => {
    const rig = filled();
    deliver(rig);
    rig.s3.advance(37 * 3600);
    await expect(rig.backup(INVENTORY)).rejects.toMatchObject({
      name: 'NoInventory',
      message: expect.stringMatching(/older than the 2160 minutes/) as string,
    });
    expect(await rig.backup({ ...INVENTORY, maxSourceAgeMinutes: 38 * 60 })).toMatchObject({ versions: 10 });
    await expect(rig.backup({ ...INVENTORY, maxSourceAgeMinutes: 38 * 60 })).rejects.toMatchObject({
      name: 'NoInventory',
      message: expect.stringMatching(/not later than the recovery point of .*/) as string,
    });
  });

  test('auto takes a fresh one where that is old enough, and lists otherwise', async () => {
    const rig = filled();
    expect(await rig.backup(AUTO)).toMatchObject({ source: 'listing' });
    deliver(rig);
    expect(await rig.backup(AUTO)).toMatchObject({ source: 'inventory', stored: 0 });
    expect(await rig.backup(AUTO)).toMatchObject({ source: 'listing', stored: 0 });
    deliver(rig);
    rig.s3.advance(3 * 3600);
    expect(await rig.backup(AUTO)).toMatchObject({ source: 'listing' });
    deliver(rig, { manifest: (manifest) => (manifest['sourceBucket'] = 'other') });
    expect(await rig.backup(AUTO)).toMatchObject({ source: 'listing' });
  });
});
