import type { Manifest } from '../../../../lambda/core/history/manifest';
import { fromIso, toIso } from '../../../../lambda/core/values/instant';
import { LiveBucket } from '../../../support/live-bucket';
import { manifest } from '../../support/changed-rig';
import { hourlyUpkeeps } from '../../support/continuous-rig';
import { Rig } from '../../support/rig';

const HOUR = 3600;

/** Has the newest commit be as an earlier release wrote it: as one more commit that says less. */
async function asBefore(rig: Rig, change: (manifest: Manifest) => Manifest): Promise<void> {
  const seq = (await rig.ports.vault.newestSeq('src')) ?? 0;
  const found = await rig.ports.vault.readManifest('src', seq);
  if (!found) throw new Error('no manifest');
  const next = {
    ...manifest(rig, seq),
    seq: seq + 1,
    previous: { seq, sha256: found.sha256 },
    recoveryPoint: undefined,
  };
  const continuous = next.continuous && {
    ...next.continuous,
    holdings: undefined,
    metadataReadAt: undefined,
    deadLetters: undefined,
  };
  await rig.ports.vault.commit(change({ ...next, continuous, changesUnseen: undefined }));
}

async function continued(change: (manifest: Manifest) => Manifest = (one) => one) {
  const rig = new Rig();
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  const id = client.put('a', 'one', { tags: { n: '1' } });
  client.put('b', 'two');
  client.delete('b');
  client.take();
  const upkeeps = (count: number): Promise<void> => hourlyUpkeeps(rig, count);
  await upkeeps(3);
  await asBefore(rig, change);
  const restored = async (pointInTime: number) => {
    const request = { sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, dryRun: true };
    const { exact, doubts } = await rig.restore({ ...request, pointInTime: toIso(pointInTime) });
    return { exact, doubts };
  };
  return { rig, client, id, upkeeps, restored };
}

test('continuous backup goes on after a commit of an earlier release, and its numbers are right', async () => {
  const { rig, client, upkeeps, restored } = await continued();
  client.put('c', 'three');
  expect(await rig.capture(client.take())).toEqual([]);
  rig.s3.advance(HOUR);
  // It does not say which bodies are missing: the bucket is scanned once.
  const { recoveryPointId, source } = await rig.backup({ bucket: 'src' });
  expect(source).toBe('listing');
  const point = manifest(rig, Number(recoveryPointId.split('/')[1]));
  const held = { objects: 2, versions: 3, markers: 1, bytes: 11 };
  expect(point.counts).toMatchObject(held);
  expect(point.continuous?.holdings).toMatchObject(held);
  rig.s3.advance(HOUR);
  expect(await rig.backup({ bucket: 'src', source: 'changes' })).toMatchObject({ objects: 2, status: 'COMPLETED' });
  await upkeeps(26);
  const instant = Math.floor(rig.s3.now) - 5 * HOUR;
  expect(await restored(instant)).toEqual({ exact: true, doubts: {} });
});

test('a gap that an earlier release noted, and whose tags nobody has read, stays in doubt until they are', async () => {
  const { rig, id, upkeeps, restored } = await continued((one) => {
    const { continuous } = one;
    if (!continuous) return one;
    const gap = { after: continuous.since, before: continuous.reconciledThrough, reason: 'events-off' };
    return { ...one, changesMissed: true, continuous: { ...continuous, gaps: [gap] } };
  });
  rig.s3.setTags('src', 'a', { n: 'unseen' }, id);
  expect((await restored(Math.floor(rig.s3.now))).exact).toBe(false);
  await upkeeps(26);
  const found = manifest(rig, (await rig.ports.vault.newestSeq('src')) ?? 0);
  expect(found.changesMissed).toBeUndefined();
  expect(fromIso(found.continuous?.metadataReadAt ?? '')).toBeGreaterThan(0);
  expect(rig.source.counts()).toMatchObject({ GetObjectTagging: expect.any(Number) });
  const instant = Math.floor(rig.s3.now) - 5 * HOUR;
  expect(await restored(instant)).toEqual({ exact: true, doubts: {} });
  await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, pointInTime: toIso(instant) });
  expect(rig.s3.find('dst', 'a').tags).toEqual({ n: 'unseen' });
});

test('dead letters that an earlier release did not count: those that went away by now leave a gap as far as CloudWatch tells', async () => {
  const { rig, upkeeps, restored } = await continued();
  const instant = Math.floor(rig.s3.now) + 60;
  rig.captureControl.letters = { count: 0, most: 2, redrives: [] };
  await upkeeps(1);
  rig.captureControl.letters = { count: 0, most: 0, redrives: [] };
  await upkeeps(26);
  expect(await restored(instant)).toEqual({ exact: false, doubts: { 'coverage-gap': 1 } });
});

test('a bucket whose events an earlier release could not turn on is not said to be exact', async () => {
  const rig = new Rig();
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  const id = client.put('a', 'one', { tags: { n: '1' } });
  await rig.backup({ bucket: 'src' });
  await asBefore(rig, (one) => ({
    ...one,
    changesMissed: true,
    continuous: undefined,
    recoveryPoint: { state: 'COMPLETED' },
  }));
  client.tag('a', id, { n: '2' });
  rig.s3.advance(HOUR);
  await rig.backup({ bucket: 'src', source: 'listing' });
  const request = { sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, dryRun: true };
  expect(await rig.restore(request)).toMatchObject({ exact: false, doubts: { 'metadata-missed': 1 } });
});
