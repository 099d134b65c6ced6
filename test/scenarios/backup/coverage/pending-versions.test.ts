import { PENDING } from '../../../../lambda/core/backup/fold-versions';
import { historyOf } from '../../../support/bucket-state';
import { deliverReport } from '../../../support/inventory-report';
import { filled, HOUR, manifest, restored } from '../../support/changed-rig';
import { log, makeContinuous } from '../../support/continuous-rig';
import { type Rig, SCRATCH } from '../../support/rig';

/** A large version whose event came and whose body the next commit has to copy; that commit is of a scan which does not see it. */
async function pending(rig: Rig): Promise<string> {
  const versionId = rig.s3.put('src', 'large', 'large body');
  const { lastModified, etag } = rig.s3.find('src', 'large');
  const facts = { key: 'large', versionId, lastModified, etag, size: 10 };
  await log(rig, { ...facts, kind: 'put', source: 'event', uncertain: PENDING });
  return versionId;
}

/** A bucket with continuous backup of which such a version is gone before an hour is over. */
async function gone(remaining: number): Promise<Rig> {
  const { rig } = filled();
  await makeContinuous(rig);
  rig.s3.advance(HOUR);
  rig.s3.deleteVersion('src', 'large', await pending(rig));
  rig.s3.advance(HOUR);
  rig.deadline.remaining = remaining;
  return rig;
}

describe.each([Number.POSITIVE_INFINITY, 0])(
  'a large version that is still to be copied, with %f ms a turn',
  (remaining) => {
    test('and that is gone before a listing fails nothing', async () => {
      const rig = await gone(remaining);
      const output = await rig.backup({ bucket: 'src', source: 'listing' });
      expect(output).toMatchObject({ status: 'COMPLETED', objects: 3, versions: 6, skipped: {} });
      expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
    });

    test('and that is gone before a commit of changes is lost: counted, and told', async () => {
      const rig = await gone(remaining);
      expect(await rig.upkeep({ bucket: 'src', action: 'commit-changes' })).toMatchObject({
        status: 'PARTIAL',
        lost: 1,
      });
      const lost = rig.metrics.values.filter(({ name }) => name === 'VersionsLost');
      expect(lost).toEqual([expect.objectContaining({ value: 1, bucket: 'src' })]);
    });

    test('and that came after a report began is stored, and counts from the next recovery point on', async () => {
      const { rig } = filled();
      await makeContinuous(rig);
      rig.s3.advance(HOUR);
      deliverReport(rig.s3, 'src', SCRATCH);
      const before = historyOf(rig.s3, 'src');
      rig.s3.advance(60);
      await pending(rig);
      rig.s3.advance(HOUR);
      rig.deadline.remaining = remaining;
      const output = await rig.backup({ bucket: 'src', source: 'inventory' });
      expect(output).toMatchObject({ status: 'COMPLETED', objects: 3, versions: 6, captured: 1, skipped: {} });
      const next = await rig.backup({ bucket: 'src', source: 'listing' });
      expect(next).toMatchObject({ status: 'COMPLETED', objects: 4, versions: 7, stored: 0 });
      expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
      expect(await restored(rig, manifest(rig, 3).seq)).toEqual(before);
    });

    test('and that a report leaves out is stored and counted once', async () => {
      const { rig } = filled();
      await makeContinuous(rig);
      rig.s3.advance(HOUR);
      await pending(rig);
      rig.s3.advance(60);
      deliverReport(rig.s3, 'src', SCRATCH, { change: (all) => all.filter((record) => record['Key'] !== 'large') });
      rig.s3.advance(HOUR);
      rig.deadline.remaining = remaining;
      const output = await rig.backup({ bucket: 'src', source: 'inventory' });
      expect(output).toMatchObject({ status: 'COMPLETED', objects: 4, versions: 7, stored: 1, skipped: {} });
      expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
    });
  },
);
