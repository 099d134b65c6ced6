import { toIso } from '../../../../lambda/core/values/instant';
import { deliverReport } from '../../../support/inventory-report';
import { manifest } from '../../support/changed-rig';
import { hourlyUpkeeps, protectedFor } from '../../support/continuous-rig';
import { type Rig, SCRATCH } from '../../support/rig';

const HOUR = 3600;
const RECONCILE = { bucket: 'src', deleteAfterDays: 35, action: 'reconcile' };

/** A bucket with continuous backup, whose versions `a` and `b` an upkeep has committed. */
const begun = () => protectedFor(3, ['a', 'b']);

/** A row that nothing of the product writes: a removal that began before now and ends in a day. */
async function damage(rig: Rig, key: string, versionId: string): Promise<void> {
  const now = Math.floor(rig.s3.now);
  const interval = { removedAfter: now - HOUR, removedBefore: now + 24 * HOUR };
  const row = { key, versionId, kind: 'removed', lastModified: 0, source: 'event', ...interval } as const;
  await rig.changeLog.append([{ id: 'damage', bucket: 'src', row }]);
}

describe('a history that hides what a listing sees', () => {
  test('makes no recovery point', async () => {
    const { rig, ids } = await begun();
    await damage(rig, 'a', ids[0] ?? '');
    rig.s3.advance(HOUR);
    const before = await rig.ports.vault.newestSeq('src');
    await expect(rig.backup({ bucket: 'src', source: 'listing' })).rejects.toMatchObject({
      name: 'VaultDamaged',
      message: expect.stringMatching(
        /the listing saw 2 objects, 2 versions .* but the history shows 1 objects, 1 versions/,
      ) as string,
    });
    expect(await rig.ports.vault.newestSeq('src')).toBe(before);
  });

  test('keeps no change from being committed, and puts all instants since the last comparison in doubt', async () => {
    const { rig, client, ids } = await begun();
    await damage(rig, 'a', ids[0] ?? '');
    client.put('c', 'new');
    expect(await rig.capture(client.take())).toEqual([]);
    const instant = toIso(rig.s3.now);
    rig.s3.advance(HOUR);
    // The alarm ReconcileGaps counts it.
    expect(await rig.upkeep(RECONCILE)).toMatchObject({ gaps: 1 });
    const { continuous } = manifest(rig, (await rig.ports.vault.newestSeq('src')) ?? 0);
    expect(continuous?.gaps).toMatchObject([{ reason: 'history-contradicted' }]);
    expect(rig.log.events()).toContain('HistoryContradicted');
    const restore = { sourceBucket: 'src', pointInTime: instant, destinationBucket: 'dst', createBucket: true };
    const output = await rig.restore(restore);
    expect(output).toMatchObject({ exact: false, doubts: { 'coverage-gap': 1 } });
    expect(rig.s3.keys('dst')).toContain('c');
  });
});

describe('a version that a report leaves out and that is gone when S3 is asked', () => {
  test('is in the recovery point, in doubt, and counted', async () => {
    const { rig, client } = await begun();
    const versionId = client.put('young', 'y');
    expect(await rig.capture(client.take())).toEqual([]);
    await hourlyUpkeeps(rig, 1);
    deliverReport(rig.s3, 'src', SCRATCH, { change: (all) => all.filter((one) => one.Key !== 'young') });
    rig.s3.advance(HOUR);
    client.deleteVersion('young', versionId);
    // The event of the deletion is on its way.
    client.take();
    const output = await rig.backup({ bucket: 'src', source: 'inventory' });
    expect(output).toMatchObject({ status: 'COMPLETED', objects: 3, versions: 3, skipped: {} });
    const { recoveryPointId } = output;
    const restore = { sourceBucket: 'src', recoveryPointId, destinationBucket: 'dst', createBucket: true };
    expect(await rig.restore(restore)).toMatchObject({ status: 'COMPLETED', exact: false, doubts: { removal: 1 } });
    expect(rig.s3.keys('dst')).toEqual(['a', 'b', 'young']);
  });
});

test('the point of a report that lists a version which is gone since is PARTIAL: it shows the version', async () => {
  const { rig, client } = await begun();
  const versionId = client.put('unseen', 'u');
  client.take();
  deliverReport(rig.s3, 'src', SCRATCH);
  rig.s3.advance(HOUR);
  client.deleteVersion('unseen', versionId);
  client.take();
  client.put('unseen', 'later');
  const output = await rig.backup({ bucket: 'src', source: 'inventory' });
  expect(output).toMatchObject({ status: 'PARTIAL', objects: 3, versions: 3, skipped: { 'version-gone': 1 } });
});
