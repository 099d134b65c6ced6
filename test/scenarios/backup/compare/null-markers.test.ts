import { currentOf, historyOf } from '../../../support/bucket-state';
import { deliverReport } from '../../../support/inventory-report';
import { HOUR, restored } from '../../support/changed-rig';
import { Rig, SCRATCH } from '../../support/rig';

/** Null markers come of suspended versioning: they have neither an ID of their own nor an ETag. */
function suspended(rig: Rig, change: () => void): void {
  rig.s3.setVersioning('src', 'Suspended');
  change();
  rig.s3.setVersioning('src', 'Enabled');
}

test.each(['listing', 'inventory'])(
  'an object that took the place of a null marker is in the recovery point (%s)',
  async (source) => {
    const rig = new Rig();
    rig.s3.createBucket('src');
    rig.s3.put('src', 'k', 'first');
    rig.s3.advance(1);
    suspended(rig, () => rig.s3.delete('src', 'k'));
    rig.s3.advance(HOUR);
    await rig.backup({ bucket: 'src', source: 'listing' });
    rig.s3.advance(HOUR);
    suspended(rig, () => rig.s3.put('src', 'k', 'the only copy'));
    rig.s3.advance(HOUR);
    if (source === 'inventory') deliverReport(rig.s3, 'src', SCRATCH);
    const output = await rig.backup({ bucket: 'src', source });
    expect(output).toMatchObject({ status: 'COMPLETED', objects: 1, versions: 2, removed: 1 });
    expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
    await rig.restore({ sourceBucket: 'src', destinationBucket: 'now', createBucket: true });
    expect(currentOf(rig.s3, 'now')).toEqual(currentOf(rig.s3, 'src'));
  },
);

test('a null marker is current in its second, though the history knows an older null version', async () => {
  const rig = new Rig();
  rig.s3.createBucket('src', { versioning: 'Disabled' });
  rig.s3.put('src', 'k', 'first');
  rig.s3.setVersioning('src', 'Enabled');
  rig.s3.advance(HOUR);
  await rig.backup({ bucket: 'src', source: 'listing' });
  rig.s3.advance(HOUR);
  rig.s3.put('src', 'k', 'second');
  suspended(rig, () => rig.s3.delete('src', 'k'));
  rig.s3.advance(HOUR);
  for (let n = 0; n < 2; n++) {
    deliverReport(rig.s3, 'src', SCRATCH);
    expect(await rig.backup({ bucket: 'src', source: 'inventory' })).toMatchObject({ objects: 0, versions: 1 });
  }
});

test('an omitted version is above what a report shows for the first time, by the links of a listing', async () => {
  const rig = new Rig();
  rig.s3.createBucket('src');
  rig.s3.put('src', 'k', 'first');
  rig.s3.delete('src', 'k');
  rig.s3.put('src', 'k', 'current');
  rig.s3.advance(HOUR);
  await rig.backup({ bucket: 'src', source: 'listing', versions: 'CURRENT' });
  rig.s3.advance(HOUR);
  deliverReport(rig.s3, 'src', SCRATCH, { change: (all) => all.filter((record) => record['IsLatest'] !== 'true') });
  expect(await rig.backup({ bucket: 'src', source: 'inventory' })).toMatchObject({ objects: 1, versions: 2 });
  expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
});
