import { toIso } from '../../../lambda/core/values/instant';
import { LiveBucket } from '../../support/live-bucket';
import { hourlyUpkeeps } from '../support/continuous-rig';
import { Rig } from '../support/rig';

const HOUR = 3600;

/** A version that may not be read when its event comes: by the bucket's policy, or as its key is disabled. */
async function refused(by: 'policy' | 'key', body = 'refused at first') {
  const rig = new Rig({ settings: { packThreshold: 64, copyPartSize: 64 } });
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  client.put('there', 'x');
  client.take();
  await hourlyUpkeeps(rig, 2);
  const written = Math.floor(rig.s3.now);
  const versionId = client.put('late', body);
  rig.s3.refuse('src', 'late', by);
  rig.s3.advance(6);
  expect(await rig.capture(client.take())).toEqual([]);
  const upkeep = async () => {
    rig.s3.advance(HOUR);
    const { status, stored, captured, lost } = await rig.upkeep({ bucket: 'src', deleteAfterDays: 35 });
    return { status, stored, captured, lost };
  };
  return { rig, client, versionId, written, upkeep };
}

describe.each(['policy', 'key'] as const)('a version that a %s refuses', (by) => {
  test.each([
    ['small', 'refused at first'],
    ['large', 'b'.repeat(400)],
  ])('is stored by the next upkeep that may read it (%s)', async (_, body) => {
    const { rig, written, upkeep } = await refused(by, body);
    rig.s3.refuse('src', 'late', undefined);
    expect(await upkeep()).toMatchObject({ status: 'COMPLETED', stored: 1, lost: 0 });
    rig.s3.advance(HOUR);
    expect(await rig.backup({ bucket: 'src', source: 'changes' })).toMatchObject({
      source: 'changes',
      status: 'COMPLETED',
      objects: 2,
    });
    const at = { pointInTime: toIso(written), destinationBucket: 'dst', createBucket: true };
    expect(await rig.restore({ sourceBucket: 'src', ...at })).toMatchObject({ status: 'COMPLETED', restored: 2 });
    expect(rig.s3.text('dst', 'late')).toBe(body);
  });

  test('is missing from points until then, under its reason', async () => {
    const { rig, upkeep } = await refused(by);
    expect(await upkeep()).toMatchObject({ status: 'PARTIAL', stored: 0 });
    rig.s3.advance(HOUR);
    expect(await rig.backup({ bucket: 'src', source: 'changes' })).toMatchObject({
      ...{ source: 'changes', status: 'PARTIAL', objects: 2 },
      skipped: { 'access-denied': 1 },
    });
    rig.s3.refuse('src', 'late', undefined);
    const scan = await rig.backup({ bucket: 'src', source: 'listing' });
    expect(scan).toMatchObject({ status: 'COMPLETED', stored: 1 });
    rig.s3.advance(HOUR);
    expect(await rig.backup({ bucket: 'src', source: 'changes' })).toMatchObject({ status: 'COMPLETED', skipped: {} });
  });

  test('is counted as lost when it is gone before it may be read', async () => {
    const { rig, client, versionId, upkeep } = await refused(by);
    client.deleteVersion('late', versionId);
    client.take();
    expect(await upkeep()).toMatchObject({ status: 'PARTIAL', lost: 1 });
    expect(rig.metrics.of('VersionsLost')).toContain(1);
  });
});
