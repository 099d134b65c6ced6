import { currentOf, historyOf } from '../../support/bucket-state';
import { deliverReport, type Record } from '../../support/inventory-report';
import { filled, HOUR, manifest, restored } from '../support/changed-rig';
import { makeContinuous } from '../support/continuous-rig';
import { Rig, SCRATCH } from '../support/rig';

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

describe('versions that a report leaves out and S3 has', () => {
  test.each([[[0]], [[1]], [[0, 1]]])('of one second, at places %j, hide or show what S3 says', async (places) => {
    const rig = new Rig();
    rig.s3.createBucket('src');
    const names = Array.from({ length: 12 }, (_, index) => String(index));
    for (const name of names) {
      rig.s3.put('src', `hidden ${name}`, 'x');
      rig.s3.delete('src', `hidden ${name}`);
      rig.s3.delete('src', `shown/${name}`);
      rig.s3.put('src', `shown/${name}`, 'yy');
    }
    rig.s3.put('src', 'hidden once more', 'x');
    rig.s3.delete('src', 'hidden once more');
    rig.s3.advance(10);
    const { objects, versions, bytes } = await rig.backup(LISTING);
    expect(objects).toBe(names.length);
    rig.s3.advance(HOUR);
    const left = new Set(
      rig.s3.versions('src').flatMap(({ key }) => places.map((place) => rig.s3.history('src', key)[place]?.versionId)),
    );
    deliverReport(rig.s3, 'src', SCRATCH, { change: (all) => all.filter(({ VersionId }) => !left.has(VersionId)) });
    expect(await rig.backup(INVENTORY)).toMatchObject({ objects, versions, bytes, removed: 0 });
    expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
  });

  test.each([Number.POSITIVE_INFINITY, 0])(
    'and are current, stand for their keys alone, %f ms a turn',
    async (remaining) => {
      const rig = new Rig();
      rig.s3.createBucket('src');
      for (const key of ['a', 'b', 'c']) {
        rig.s3.put('src', key, 'old body');
        rig.s3.advance(1);
        rig.s3.put('src', key, 'new');
      }
      rig.s3.put('src', 'd', 'gone');
      rig.s3.advance(1);
      rig.s3.delete('src', 'd');
      const left = rig.s3.versions('src').filter((version, index, all) => all[index - 1]?.key !== version.key);
      rig.s3.advance(10);
      await rig.backup({ ...LISTING, versions: 'CURRENT' });
      const { objects, versions, bytes, markers } = manifest(rig, 1).counts;
      rig.s3.advance(HOUR);
      const names = left.slice(1).map(({ versionId }) => versionId);
      deliverReport(rig.s3, 'src', SCRATCH, {
        change: (all) => all.filter(({ VersionId }) => !names.includes(VersionId ?? '')),
      });
      rig.deadline.remaining = remaining;
      await rig.backup({ ...INVENTORY, versions: 'CURRENT' });
      expect(manifest(rig, 2).counts).toMatchObject({ objects, versions, bytes, markers });
      await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true });
      expect(currentOf(rig.s3, 'dst')).toEqual(currentOf(rig.s3, 'src'));
    },
  );
});
