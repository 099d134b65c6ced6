import { currentOf, historyOf } from '../support/bucket-state';
import { deliverReport } from '../support/inventory-report';
import { HOUR, restored } from './changed-rig';
import { Rig, SCRATCH } from './rig';

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
