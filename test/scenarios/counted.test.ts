import { historyOf } from '../support/bucket-state';
import { deliverReport, type Record } from '../support/inventory-report';
import { filled, HOUR, manifest, restored } from './changed-rig';
import { makeContinuous } from './continuous-rig';
import { SCRATCH } from './rig';

/** The numbers of a job are those of its recovery point, whatever turns it took. */
const INVENTORY = { bucket: 'src', source: 'inventory' };
const LISTING = { bucket: 'src', source: 'listing' };

test.each([Number.POSITIVE_INFINITY, 0])(
  'what no event told of is counted once, with %f ms a turn',
  async (remaining) => {
    const { rig } = filled();
    await makeContinuous(rig);
    rig.s3.advance(HOUR);
    for (const key of ['a', 'b', 'c', 'd', 'e']) rig.s3.put('src', key, 'missed');
    rig.s3.advance(HOUR);
    rig.deadline.remaining = remaining;
    expect(await rig.backup(LISTING)).toMatchObject({ gaps: 5 });
  },
);

describe.each(['ALL', 'CURRENT'])('a report that still has what an earlier job found deleted (%s)', (versions) => {
  test.each([Number.POSITIVE_INFINITY, 0])(
    'counts what a restore brings back, with %f ms a turn',
    async (remaining) => {
      const { rig } = filled();
      await rig.backup(LISTING);
      const stale: Record[] = [];
      deliverReport(rig.s3, 'src', SCRATCH, { change: (records) => (stale.push(...records), records) });
      rig.s3.advance(HOUR);
      for (const key of ['b', 'c']) rig.s3.deleteVersion('src', key, rig.s3.history('src', key)[0]?.versionId ?? '');
      rig.s3.deleteVersion('src', 'c', rig.s3.history('src', 'c')[0]?.versionId ?? '');
      await rig.backup(LISTING);
      const { objects, versions: count, bytes } = manifest(rig, 2).counts;
      expect({ objects, count }).toEqual({ objects: 2, count: 3 });
      rig.s3.advance(60);
      deliverReport(rig.s3, 'src', SCRATCH, { change: () => stale });
      rig.deadline.remaining = remaining;
      const output = await rig.backup({ ...INVENTORY, versions });
      expect(output).toMatchObject({ status: 'COMPLETED', skipped: {}, objects, removed: 0 });
      if (versions === 'CURRENT') {
        expect(output.versions).toBe(objects);
        return;
      }
      expect(output).toMatchObject({ versions: count, bytes });
      expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
    },
  );
});
