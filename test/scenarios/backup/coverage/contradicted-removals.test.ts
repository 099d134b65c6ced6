import { toIso } from '../../../../lambda/core/values/instant';
import { LiveBucket } from '../../../support/live-bucket';
import { s3Message } from '../../../support/s3-message';
import { hourlyUpkeeps } from '../../support/continuous-rig';
import { Rig } from '../../support/rig';

const HOUR = 3600;

async function continued() {
  const rig = new Rig();
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  const versionId = client.put('a', 'precious');
  client.take();
  rig.s3.advance(100);
  await hourlyUpkeeps(rig, 2);
  const now = (): number => Math.floor(rig.s3.now);
  /** An event says that a version is gone that is there. */
  const deny = async (sequencer = 'ffffff'): Promise<void> => {
    const object = { key: 'a', 'version-id': versionId, sequencer };
    const message = s3Message(rig.s3, 'src', 'Object Deleted', object, { 'deletion-type': 'Permanently Deleted' });
    rig.s3.advance(10);
    expect(await rig.capture([message])).toEqual([]);
  };
  const restored = async (request: object) => {
    const to = { sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, dryRun: true };
    const { exact, doubts, planned } = await rig.restore({ ...to, ...request });
    return { exact, doubts: doubts ?? {}, objects: planned.objects };
  };
  return { rig, client, versionId, now, deny, restored };
}

test('what a listing sees was not removed before: its point and later instants have the object', async () => {
  const { rig, now, deny, restored } = await continued();
  const before = now() - 60;
  await deny();
  const denied = now();
  await hourlyUpkeeps(rig, 2);
  const { objects, recoveryPointId } = await rig.backup({ bucket: 'src', source: 'listing' });
  expect(objects).toBe(1);
  const seen = now();
  expect(await restored({ recoveryPointId })).toEqual({ exact: true, doubts: {}, objects: 1 });
  await hourlyUpkeeps(rig, 30);
  expect(await restored({ pointInTime: toIso(before) })).toEqual({ exact: true, doubts: {}, objects: 1 });
  // Nobody knows better: it is taken to have been there, and said to be in doubt.
  expect(await restored({ pointInTime: toIso(denied + 60) })).toEqual({
    exact: false,
    doubts: { removal: 1 },
    objects: 1,
  });
  expect(await restored({ pointInTime: toIso(seen + HOUR) })).toEqual({ exact: true, doubts: {}, objects: 1 });
  const changes = await rig.backup({ bucket: 'src', source: 'changes' });
  expect(changes).toMatchObject({ objects: 1 });
  expect(await restored({ recoveryPointId: changes.recoveryPointId })).toEqual({ exact: true, doubts: {}, objects: 1 });
});

test('a deletion that comes after such a listing counts', async () => {
  const { rig, client, versionId, now, deny, restored } = await continued();
  await deny();
  await hourlyUpkeeps(rig, 25);
  const there = now();
  rig.s3.advance(HOUR);
  client.deleteVersion('a', versionId);
  const gone = now();
  rig.s3.advance(10);
  expect(await rig.capture(client.take())).toEqual([]);
  await hourlyUpkeeps(rig, 30);
  expect(await restored({ pointInTime: toIso(there) })).toEqual({ exact: true, doubts: {}, objects: 1 });
  expect(await restored({ pointInTime: toIso(gone) })).toEqual({ exact: true, doubts: {}, objects: 0 });
  expect(await rig.backup({ bucket: 'src', source: 'listing' })).toMatchObject({ objects: 0 });
});

test('a deletion that no event told of is found by the next listing, whatever was said before', async () => {
  const { rig, client, versionId, now, deny, restored } = await continued();
  await deny();
  await hourlyUpkeeps(rig, 25);
  client.deleteVersion('a', versionId);
  client.take();
  await hourlyUpkeeps(rig, 50);
  const after = await restored({ pointInTime: toIso(now() - 24 * HOUR) });
  expect(after).toEqual({ exact: false, doubts: { 'coverage-gap': 1 }, objects: 0 });
});

test('merges keep the body of a version that was only said to be gone', async () => {
  const { rig, client, deny, restored } = await continued();
  await deny();
  await hourlyUpkeeps(rig, 25);
  for (let n = 0; n < 40; n++) {
    client.put('b', `b ${String(n)}`);
    rig.s3.advance(24 * HOUR);
    expect(await rig.capture(client.take())).toEqual([]);
    await rig.upkeep({ bucket: 'src', deleteAfterDays: 35 });
  }
  const { recoveryPointId, stored } = await rig.backup({ bucket: 'src', source: 'listing' });
  expect(stored).toBe(0);
  // Upkeep was too late for tags.
  const doubts = { 'metadata-missed': 1 };
  expect(await restored({ recoveryPointId })).toEqual({ exact: false, doubts, objects: 2 });
});

test('periodic backups: a version that comes back under its own ID is in the points that saw it', async () => {
  const rig = new Rig();
  rig.s3.createBucket('src');
  rig.s3.put('src', 'there', 'x');
  const replica = { replicaOf: { versionId: 'elsewhere', lastModified: Math.floor(rig.s3.now) } };
  rig.s3.put('src', 'doc', 'replicated', replica);
  const points: string[] = [];
  for (const act of [
    () => undefined,
    () => rig.s3.deleteVersion('src', 'doc', 'elsewhere'),
    () => rig.s3.put('src', 'doc', 'replicated', replica),
  ]) {
    act();
    rig.s3.advance(HOUR);
    points.push((await rig.backup({ bucket: 'src' })).recoveryPointId);
  }
  const to = { sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, dryRun: true };
  const objects = [];
  for (const recoveryPointId of points) objects.push((await rig.restore({ ...to, recoveryPointId })).planned.objects);
  expect(objects).toEqual([2, 1, 2]);
});

test.each(['00', '80'])('an object that is written anew is there, whatever its sequencer says (%s)', async (first) => {
  const rig = new Rig();
  rig.s3.createBucket('src');
  rig.s3.setVersioning('src', 'Suspended');
  rig.s3.put('src', 'data', 'one');
  rig.s3.setVersioning('src', 'Enabled');
  rig.s3.advance(100);
  await hourlyUpkeeps(rig, 1);
  rig.s3.setVersioning('src', 'Suspended');
  rig.s3.deleteVersion('src', 'data', 'null');
  const gone = { key: 'data', sequencer: `${first}6426F0F6480F8EE8` };
  const deleted = s3Message(rig.s3, 'src', 'Object Deleted', gone, { 'deletion-type': 'Permanently Deleted' });
  rig.s3.advance(120);
  rig.s3.put('src', 'data', 'two');
  const { etag, size } = rig.s3.find('src', 'data');
  const object = { key: 'data', etag, size, sequencer: '006426F16D0A15AAFE' };
  const created = s3Message(rig.s3, 'src', 'Object Created', object, { reason: 'PutObject' });
  rig.s3.setVersioning('src', 'Enabled');
  rig.s3.advance(10);
  expect(await rig.capture([deleted, created])).toEqual([]);
  const then = toIso(Math.floor(rig.s3.now));
  await hourlyUpkeeps(rig, 26);
  const { recoveryPointId } = await rig.backup({ bucket: 'src', source: 'listing' });
  for (const request of [{ pointInTime: then }, { recoveryPointId }]) {
    const to = { sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, dryRun: true };
    const { exact, planned } = await rig.restore({ ...to, ...request });
    expect({ exact, objects: planned.objects }).toEqual({ exact: true, objects: 1 });
  }
});
