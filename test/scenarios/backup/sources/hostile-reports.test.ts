import { toIso } from '../../../../lambda/core/values/instant';
import { historyOf } from '../../../support/bucket-state';
import { deliverReport, type Record, type ReportOptions } from '../../../support/inventory-report';
import { Rig, SCRATCH, VAULT } from '../../support/rig';

/** Reports that say something strange, or something wrong. */
const INVENTORY = { bucket: 'src', source: 'inventory' };
const all = { sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, versions: 'all' };
const BOM = '\ufeff';

describe.each(['CSV', 'Parquet'] as const)('a report of %s', (format) => {
  test('keeps a byte order mark at the beginning of a key', async () => {
    const rig = new Rig();
    rig.s3.createBucket('src');
    rig.s3.put('src', `${BOM}gone`, 'one');
    rig.s3.put('src', `${BOM}key`, 'with');
    rig.s3.put('src', 'key', 'without');
    rig.s3.advance(1);
    rig.s3.delete('src', `${BOM}gone`);
    deliverReport(rig.s3, 'src', SCRATCH, { format });
    expect(await rig.backup(INVENTORY)).toMatchObject({ status: 'COMPLETED', objects: 2, versions: 3, skipped: {} });
    await rig.restore(all);
    expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));
    expect(historyOf(rig.s3, 'dst').get(`${BOM}gone`)).toHaveLength(2);
  });
});

function filled(options?: ConstructorParameters<typeof Rig>[0]): Rig {
  const rig = new Rig(options);
  rig.s3.createBucket('src');
  for (const key of ['a', 'b', 'large']) {
    rig.s3.put('src', key, `${key} before`);
    rig.s3.advance(1);
    rig.s3.put('src', key, key);
    rig.s3.advance(1);
  }
  rig.s3.put('src', 'archived', 'cold', { storageClass: 'GLACIER' });
  rig.s3.delete('src', 'b');
  rig.s3.advance(1);
  return rig;
}

/** A report that says something else of one version of a key: the n-th, from the newest on. */
function deliverWith(rig: Rig, key: string, place: number, fields: Record): void {
  const { versionId } = rig.s3.history('src', key)[place] ?? {};
  const change: ReportOptions['change'] = (records) =>
    records.map((record) => (record['VersionId'] === versionId ? { ...record, ...fields } : record));
  deliverReport(rig.s3, 'src', SCRATCH, { change });
}

const WRONG: [string, string, number, Record, RegExp][] = [
  [
    'another size of an old version',
    'a',
    1,
    { Size: '7' },
    /reports that version \S+ has the size 7, expected 8: wait/,
  ],
  ['another size of one that is copied', 'large', 1, { Size: '17' }, /has the size 17, expected 12/],
  ['another size of an archived version', 'archived', 0, { Size: '9' }, /has the size 9, expected 4/],
  [
    'an earlier date',
    'a',
    0,
    { LastModifiedDate: '2020-01-01T00:00:00.000Z' },
    /is of 2020-01-01T00:00:00Z, expected 2/,
  ],
  [
    'an object that is a marker',
    'b',
    0,
    { IsDeleteMarker: 'false', Size: '0', ETag: 'x' },
    /delete marker \S+ is an object/,
  ],
  ['a marker with a size', 'a', 1, { IsDeleteMarker: 'true', ETag: '' }, /record \d+ .* delete marker with a body/],
  ['a marker with an ETag', 'a', 1, { IsDeleteMarker: 'true', Size: '' }, /record \d+ .* delete marker with a body/],
  ['a size that is blank', 'a', 0, { Size: ' ' }, /has the size " "/],
  ['a size that is empty', 'a', 0, { Size: '' }, /has the size ""/],
  ['a size in hexadecimal', 'a', 0, { Size: '0x3' }, /has the size "0x3"/],
  ['a date that is a number', 'a', 0, { LastModifiedDate: '1' }, /has the date "1"/],
  ['a date of some zone', 'a', 0, { LastModifiedDate: '2026-11-25T10:59:00.000' }, /has the date/],
  ['a date that no month has', 'a', 0, { LastModifiedDate: '2026-02-30T10:59:00.000Z' }, /has the date/],
];

describe.each(WRONG)('a report that has %s', (_, key, place, fields, message) => {
  const settings = { packThreshold: 8 };
  const invalid = { name: 'InventoryInvalid', message: expect.stringMatching(message) as string };

  test('commits nothing, and the next listing is whole', async () => {
    const rig = filled({ settings });
    deliverWith(rig, key, place, fields);
    await expect(rig.backup(INVENTORY)).rejects.toMatchObject(invalid);
    expect(rig.s3.keys(VAULT, 'buckets/')).toEqual([]);
    expect(await rig.backup({ bucket: 'src', source: 'listing' })).toMatchObject({ versions: 7 });
    rig.s3.advance(60);
    expect(await rig.backup({ bucket: 'src', source: 'listing' })).toMatchObject({ versions: 7, stored: 0 });
  });

  test('commits nothing when all is known already', async () => {
    const rig = filled({ settings });
    await rig.backup({ bucket: 'src', source: 'listing' });
    const commits = rig.s3.keys(VAULT, 'buckets/src/timeline/');
    deliverWith(rig, key, place, fields);
    await expect(rig.backup(INVENTORY)).rejects.toMatchObject({ name: 'InventoryInvalid' });
    expect(rig.s3.keys(VAULT, 'buckets/src/timeline/')).toEqual(commits);
  });
});

test('markers may have the size and the ETag of nothing', async () => {
  const rig = filled();
  deliverWith(rig, 'b', 0, { Size: '0', ETag: 'd41d8cd98f00b204e9800998ecf8427e' });
  expect(await rig.backup(INVENTORY)).toMatchObject({ skipped: { archived: 1 }, versions: 7 });
});

describe('a report whose folder lies about its time', () => {
  /** The manifest of the report under another folder. */
  function moved(rig: Rig, later: number): void {
    const folder = deliverReport(rig.s3, 'src', SCRATCH);
    rig.s3.advance(2 * 3600);
    const stamp = new Date((rig.s3.now + later) * 1_000).toISOString().slice(0, 16).replace(':', '-') + 'Z';
    for (const name of ['manifest.json', 'manifest.checksum'])
      rig.s3.put(
        SCRATCH,
        folder.replace(/[^/]+\/$/, `${stamp}/${name}`),
        rig.s3.find(SCRATCH, `${folder}${name}`).body,
      );
  }

  test('in the future', async () => {
    const rig = filled();
    const invalid = { name: 'InventoryInvalid', message: expect.stringMatching(/began \S+, after it was/) as string };
    moved(rig, 100 * 24 * 3600);
    await expect(rig.backup(INVENTORY)).rejects.toMatchObject(invalid);
    expect(await rig.backup({ bucket: 'src', source: 'listing' })).toMatchObject({ status: 'PARTIAL', versions: 7 });
  });

  test('later than its manifest: what was written in between may be missing, and is not claimed', async () => {
    const rig = filled();
    const began = Math.ceil(rig.s3.now / 60) * 60;
    moved(rig, 0);
    expect(await rig.backup(INVENTORY)).toMatchObject({ asOf: toIso(began), versions: 7 });
  });
});
