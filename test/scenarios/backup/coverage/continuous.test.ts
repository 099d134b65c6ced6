import type { KeyView } from '../../../../lambda/core/history/view';
import { toIso } from '../../../../lambda/core/values/instant';
import { LiveBucket } from '../../../support/live-bucket';
import { currentAt, textOf } from '../../../support/view-of-bucket';
import { Rig } from '../../support/rig';

const HOUR = 3600;
const DAY = 24 * HOUR;
const scheduled = (rig: Rig, plan = 'plan') => {
  const at = (seconds: number): string => new Date((Math.floor(rig.s3.now) + seconds) * 1000).toISOString();
  return { plan, rule: 'Continuous', scheduledTime: at(0), startBy: at(HOUR), completeBy: at(DAY) };
};

/** A bucket with continuous backup that has begun a while ago. */
async function begun(options: ConstructorParameters<typeof Rig>[0] = {}) {
  const rig = new Rig(options);
  rig.s3.createBucket('src', { ownership: 'ObjectWriter' });
  const client = new LiveBucket(rig.s3, 'src');
  client.put('old', 'from before');
  client.take();
  rig.s3.advance(100);
  await rig.upkeep({ bucket: 'src', deleteAfterDays: 35, scheduled: scheduled(rig) });
  rig.s3.advance(HOUR);
  await rig.upkeep({ bucket: 'src', scheduled: scheduled(rig) });
  rig.s3.advance(HOUR);
  const capture = async (): Promise<void> => {
    expect(await rig.capture(client.take())).toEqual([]);
  };
  const commit = (action = 'auto') => rig.upkeep({ bucket: 'src', action, scheduled: scheduled(rig) });
  const at = (time: number, key: string): Promise<KeyView | undefined> => currentAt(rig, 'src', time, key);
  return { rig, client, capture, commit, at };
}

test('a new version is stored when its event comes, with one GET, and can be restored to its second', async () => {
  const { rig, client, capture, commit, at } = await begun();
  const before = { ...rig.captureSource.counts() };
  const time = rig.s3.now;
  client.put('a', 'one');
  rig.s3.advance(30);
  await capture();
  expect(rig.captureSource.counts()).toEqual({ ...before, GetObject: 1, GetObjectAcl: 1 });
  rig.s3.advance(HOUR);
  expect(await commit()).toMatchObject({ status: 'COMPLETED', source: 'changes', captured: 1, lost: 0, requests: {} });
  expect(await textOf(rig, await at(time, 'a'))).toBe('one');
  expect((await at(time - 1, 'a'))?.versions ?? []).toEqual([]);
  expect(await textOf(rig, await at(time - 1, 'old'))).toBe('from before');
});

test('what no commit has taken in yet is in the view all the same', async () => {
  const { rig, client, capture, at } = await begun();
  client.put('a', 'one');
  await capture();
  expect(await textOf(rig, await at(rig.s3.now, 'a'))).toBe('one');
});

test('a recovery point of what was captured asks nothing of the bucket', async () => {
  const { rig, client, capture, commit } = await begun();
  client.put('a', 'one');
  client.put('b', 'two');
  client.delete('old');
  await capture();
  rig.s3.advance(2 * HOUR);
  await commit();
  const before = { ...rig.source.counts() };
  const output = await rig.backup({ bucket: 'src', source: 'changes' });
  expect(output).toMatchObject({ status: 'COMPLETED', source: 'changes', objects: 2, versions: 3, stored: 0 });
  expect(rig.source.counts()).toEqual(before);
  const restored = await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true });
  expect(restored).toMatchObject({ status: 'COMPLETED', restored: 2 });
  expect(rig.s3.keys('dst')).toEqual(['a', 'b']);
});

test('deleting a delete marker brings the object back, at its second', async () => {
  const { rig, client, capture, commit, at } = await begun();
  const marker = client.delete('old');
  const marked = rig.s3.now;
  rig.s3.advance(10);
  client.deleteVersion('old', marker);
  const undeleted = rig.s3.now;
  await capture();
  rig.s3.advance(HOUR);
  await commit();
  expect((await at(marked, 'old'))?.versions[0]?.row.kind).toBe('marker');
  expect((await at(undeleted - 1, 'old'))?.versions[0]?.row.kind).toBe('marker');
  expect(await textOf(rig, await at(undeleted, 'old'))).toBe('from before');
});

test('versions of one second are told apart by their sequencers, in whatever order they are captured', async () => {
  const { rig, client, commit, at } = await begun();
  const time = rig.s3.now;
  for (const body of ['1', '2', '3']) client.put('k', body);
  const marker = client.delete('k');
  const last = client.put('k', '4');
  const messages = client.take();
  for (const index of [3, 0, 4, 2, 1, 0]) await rig.capture([messages[index]].filter((one) => one !== undefined));
  rig.s3.advance(HOUR);
  await commit();
  const view = await at(time, 'k');
  expect(view?.versions.map(({ row }) => row.versionId).indexOf(last)).toBe(0);
  expect(view?.versions[1]?.row.versionId).toBe(marker);
  expect(view?.uncertain).toEqual([]);
});

test('a version that is gone before it is read is lost: counted, said, and never shown as stored', async () => {
  const { rig, client, capture, commit, at } = await begun();
  const time = rig.s3.now;
  const versionId = client.put('k', 'short-lived');
  rig.s3.advance(5);
  client.deleteVersion('k', versionId);
  await capture();
  expect(rig.metrics.values).toContainEqual(expect.objectContaining({ name: 'VersionsLost', value: 1 }));
  rig.s3.advance(HOUR);
  expect(await commit()).toMatchObject({ status: 'PARTIAL', lost: 1 });
  expect((await at(time, 'k'))?.currentUncertain).toEqual(['not-stored']);
  expect((await at(time + 5, 'k'))?.versions).toEqual([]);
  await expect(rig.backup({ bucket: 'src', source: 'changes' })).rejects.toMatchObject({ name: 'ChangesIncomplete' });
});

test('large objects are copied by the commit, and nothing says that they are stored before', async () => {
  const settings = { packThreshold: 10, copyPartSize: 5 * 1024 };
  const { rig, client, capture, commit, at } = await begun({ settings });
  const body = 'x'.repeat(30_000);
  client.put('large', body);
  client.put('middle', 'y'.repeat(1000));
  await capture();
  expect((await at(rig.s3.now, 'large'))?.currentUncertain).toEqual(['not-stored']);
  expect((await at(rig.s3.now, 'middle'))?.currentUncertain).toEqual([]);
  rig.s3.advance(HOUR);
  expect(await commit()).toMatchObject({ status: 'COMPLETED', stored: 1, captured: 1 });
  expect((await at(rig.s3.now, 'large'))?.currentUncertain).toEqual([]);
});

test('what no event has told of is found by the daily comparison, and counted as a gap', async () => {
  const { rig, client, commit, capture, at } = await begun();
  const gone = client.put('gone', '1');
  client.put('kept', '1');
  await capture();
  rig.s3.advance(HOUR);
  await commit();
  const missed = rig.s3.now;
  client.put('missed', '2');
  rig.s3.advance(5 * HOUR);
  client.deleteVersion('gone', gone);
  client.take();
  rig.s3.advance(20 * HOUR);
  const output = await commit();
  expect(output).toMatchObject({ source: 'listing', stored: 1, removed: 1, gaps: 1 });
  expect(await textOf(rig, await at(missed, 'missed'))).toBe('2');
  expect((await at(missed + HOUR, 'gone'))?.currentUncertain).toEqual(['removal']);
  expect((await at(rig.s3.now, 'gone'))?.versions).toEqual([]);
  rig.s3.advance(24 * HOUR);
  expect(await commit()).toMatchObject({ source: 'listing', gaps: 1 });
  rig.s3.advance(24 * HOUR);
  expect(await commit()).toMatchObject({ source: 'listing', gaps: 0 });
});

test('what the first comparison finds was before continuous backup, and is no gap', async () => {
  const rig = new Rig();
  rig.s3.createBucket('src');
  const gone = rig.s3.put('src', 'k', 'old');
  rig.s3.put('src', 'k', 'new');
  await rig.backup({ bucket: 'src', source: 'listing' });
  rig.s3.advance(HOUR);
  rig.s3.deleteVersion('src', 'k', gone);
  expect(await rig.upkeep({ bucket: 'src', deleteAfterDays: 35 })).toMatchObject({ removed: 1, gaps: 0 });
  rig.s3.advance(HOUR);
  expect(await rig.upkeep({ bucket: 'src', action: 'reconcile' })).toMatchObject({ removed: 0, gaps: 0 });
});

test('events that are switched off are switched on again, and the gap is said', async () => {
  const { rig, client, commit, at } = await begun();
  await commit();
  rig.s3.bucket('src').notifications.eventBridge = false;
  client.put('unseen', '1');
  client.take();
  rig.s3.advance(HOUR);
  expect(await commit()).toMatchObject({ source: 'listing', stored: 1 });
  expect(rig.s3.bucket('src').notifications.eventBridge).toBe(true);
  expect((await at(rig.s3.now, 'unseen'))?.currentUncertain).toEqual([]);
  const point = await rig.catalog.getContinuousPoint('src');
  expect(point).toMatchObject({ state: 'AVAILABLE' });
});

test('a suspended bucket and a disabled rule stop the continuous recovery point, loudly', async () => {
  const { rig, commit } = await begun();
  rig.s3.setVersioning('src', 'Suspended');
  await expect(commit()).rejects.toMatchObject({ name: 'VersioningNotEnabled' });
  expect(await rig.catalog.getContinuousPoint('src')).toMatchObject({
    state: 'STOPPED',
    statusMessage: expect.stringContaining('Suspended') as string,
  });
  rig.s3.setVersioning('src', 'Enabled');
  rig.s3.advance(HOUR);
  await commit();
  expect(await rig.catalog.getContinuousPoint('src')).toMatchObject({ state: 'AVAILABLE' });
  rig.captureControl.state = { ...rig.captureControl.state, disabledRules: ['rule-1'] };
  rig.s3.advance(HOUR);
  await commit();
  expect(await rig.catalog.getContinuousPoint('src')).toMatchObject({
    state: 'STOPPED',
    statusMessage: expect.stringContaining('rule-1') as string,
  });
  expect(rig.metrics.values).toContainEqual(expect.objectContaining({ name: 'CoverageLost', value: 1, bucket: 'src' }));
});

test('a rule that somebody deleted, and that the next start made again, leaves a gap until a comparison', async () => {
  const { rig, client, capture, commit } = await begun();
  const gaps = async () => {
    const point = await rig.catalog.getContinuousPoint('src');
    return (await rig.ports.vault.readManifest('src', point?.seq ?? 0))?.manifest.continuous?.gaps;
  };
  const control = rig.captureControl;
  control.now = 1;
  await control.ensureRules(['src']);
  await commit();
  expect((await gaps())?.filter(({ reason }) => reason === 'rule-missing')).toEqual([]);
  control.lose('rule-0');
  rig.s3.advance(HOUR / 2);
  client.put('missed', 'nobody told');
  client.take();
  rig.s3.advance(HOUR / 2);
  control.now = Math.floor(rig.s3.now);
  await control.ensureRules(['src']);
  expect(await commit()).toMatchObject({ source: 'listing', stored: 1, gaps: 1 });
  expect((await gaps())?.map(({ reason }) => reason)).toEqual(['events-missed, rule-missing']);
  client.put('told', 'of');
  await capture();
  for (let hour = 0; hour < 2; hour++) {
    rig.s3.advance(HOUR);
    await commit();
  }
  rig.s3.advance(HOUR);
  expect(await commit()).toMatchObject({ source: 'changes' });
});

test('one plan and one vault at a time have a bucket', async () => {
  const { rig } = await begun();
  await expect(
    rig.upkeep({ bucket: 'src', deleteAfterDays: 35, scheduled: scheduled(rig, 'other') }),
  ).rejects.toMatchObject({ name: 'InvalidRequest', message: expect.stringContaining('plan') as string });
  const claim = await rig.claims.find('src');
  await rig.claims.claim({ bucket: 'src', vaultBucket: 'another-vault', at: rig.s3.now }, claim);
  await expect(rig.backup({ bucket: 'src' })).rejects.toMatchObject({
    name: 'InvalidRequest',
    message: expect.stringContaining('another-vault') as string,
  });
});

test('the deletion of a version that nobody knows puts its key in doubt, until the event of its coming comes late', async () => {
  const { rig, client, capture, commit, at } = await begun();
  rig.s3.advance(DAY);
  await commit('reconcile');
  const before = rig.s3.now;
  rig.s3.advance(1);
  const versionId = client.put('short', 'lived');
  const [late] = client.take();
  const time = rig.s3.now;
  rig.s3.advance(10);
  client.deleteVersion('short', versionId);
  await capture();
  const gone = rig.s3.now;
  const copy = { destinationBucket: 'dst', createBucket: true };
  const plan = async (instant: number, fields: Record<string, unknown> = copy) => {
    const pointInTime = toIso(Math.floor(instant));
    const { exact, doubts, skipped } = await rig.restore({ sourceBucket: 'src', pointInTime, dryRun: true, ...fields });
    return { exact, doubts, skipped };
  };
  for (const committed of [false, true]) {
    expect((await at(before - 1, 'short'))?.uncertain ?? []).toEqual([]);
    expect(await at(time, 'short')).toMatchObject({ versions: [], currentUncertain: ['unknown-version'] });
    expect((await at(gone, 'short'))?.uncertain ?? []).toEqual([]);
    expect((await plan(time)).doubts).toMatchObject({ 'unknown-version': 1 });
    expect(await plan(time, { ...copy, items: ['short'] })).toMatchObject({
      skipped: { 'not-found': 1 },
      doubts: { 'unknown-version': 1 },
    });
    const rollback = { destinationBucket: 'src', rollback: true };
    expect((await plan(time, rollback)).doubts).toMatchObject({ 'unknown-version': 1 });
    expect((await plan(gone, rollback)).doubts).not.toHaveProperty('unknown-version');
    if (committed) break;
    rig.s3.advance(HOUR);
    expect(await commit()).toMatchObject({ source: 'changes', lost: 0 });
  }
  expect(await rig.capture([late!])).toEqual([]);
  rig.s3.advance(HOUR);
  expect(await commit()).toMatchObject({ source: 'changes', lost: 1 });
  expect((await at(time, 'short'))?.currentUncertain).toEqual(['not-stored']);
  rig.s3.advance(HOUR);
  expect(await commit('reconcile')).toMatchObject({ gaps: 0 });
});

test('the deletion of a version that nobody knows puts its key in doubt, even if its event comes after the next comparison', async () => {
  const { rig, client, capture, commit, at } = await begun();
  const versionId = client.put('short', 'lived');
  client.take();
  const time = rig.s3.now;
  rig.s3.advance(600);
  client.deleteVersion('short', versionId);
  const gone = rig.s3.now;
  const late = client.take();
  rig.s3.advance(DAY);
  await commit('reconcile');
  expect(await rig.capture(late)).toEqual([]);
  await capture();
  for (let hour = 0; hour < 2; hour++) {
    expect(await at(time, 'short')).toMatchObject({ versions: [], currentUncertain: ['unknown-version'] });
    expect((await at(gone, 'short'))?.uncertain ?? []).toEqual([]);
    rig.s3.advance(HOUR);
    await commit();
  }
});

test('the deletion of a version that nobody ever tells of is counted as a gap once', async () => {
  const { rig, client, capture, commit } = await begun();
  const versionId = client.put('short', 'lived');
  client.take();
  rig.s3.advance(10);
  client.deleteVersion('short', versionId);
  await capture();
  for (const gaps of [1, 0]) {
    rig.s3.advance(DAY);
    expect(await commit('reconcile')).toMatchObject({ source: 'listing', gaps });
  }
});
