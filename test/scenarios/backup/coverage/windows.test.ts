import { toIso } from '../../../../lambda/core/values/instant';
import { LiveBucket } from '../../../support/live-bucket';
import { Rig } from '../../support/rig';

const HOUR = 3600;
const DAY = 24 * HOUR;

function begun() {
  const rig = new Rig();
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  client.put('a', 'one');
  client.take();
  rig.s3.advance(100);
  const upkeeps = async (count: number, days: number): Promise<void> => {
    for (let hour = 0; hour < count; hour++) {
      client.put('busy', String(hour));
      expect(await rig.capture(client.take())).toEqual([]);
      rig.s3.advance(HOUR);
      await rig.upkeep({ bucket: 'src', deleteAfterDays: days });
    }
  };
  const at = async (instant: number) => {
    const request = { sourceBucket: 'src', destinationBucket: 'dst', pointInTime: toIso(Math.floor(instant)) };
    const { exact, doubts, planned } = await rig.restore({ ...request, createBucket: true, dryRun: true });
    return { exact, doubts, objects: planned.objects };
  };
  return { rig, client, upkeeps, at };
}

const scheduled = (rig: Rig) => {
  const at = (seconds: number): string => toIso(Math.floor(rig.s3.now) + seconds);
  return { plan: 'p', rule: 'r', scheduledTime: at(0), startBy: at(HOUR), completeBy: at(24 * HOUR) };
};

test('a window that is made longer does not reach back to what was merged away already', async () => {
  const { rig, client, upkeeps, at } = begun();
  const gone = client.put('gone', 'one');
  await upkeeps(3, 1);
  const time = rig.s3.now;
  rig.s3.advance(1);
  client.deleteVersion('gone', gone);
  await upkeeps(5, 1);
  expect(await at(time)).toMatchObject({ objects: 3 });
  await upkeeps(40, 1);
  await expect(at(time)).rejects.toMatchObject({ name: 'PointInTimeOutOfRange' });
  await upkeeps(2, 35);
  await expect(at(time)).rejects.toMatchObject({ name: 'PointInTimeOutOfRange' });
  const point = await rig.catalog.getContinuousPoint('src');
  expect(Date.parse(point?.earliestRestorable ?? '') / 1000).toBeGreaterThan(time);
  expect(await at(rig.s3.now - DAY - 2 * HOUR)).toEqual({ exact: true, doubts: {}, objects: 2 });
});

test('only the rule of a plan makes a window shorter', async () => {
  const { rig, client, upkeeps, at } = begun();
  const gone = client.put('gone', 'one');
  await upkeeps(3, 35);
  const time = rig.s3.now;
  rig.s3.advance(1);
  client.deleteVersion('gone', gone);
  await upkeeps(30, 35);
  const before = await rig.ports.vault.newestSeq('src');
  await expect(rig.upkeep({ bucket: 'src', deleteAfterDays: 1 })).rejects.toMatchObject({
    name: 'InvalidRequest',
    message: expect.stringMatching(/deleteAfterDays: is 1, but bucket "src" .* of 35 days/) as string,
  });
  expect(await rig.ports.vault.newestSeq('src')).toBe(before);
  expect(await at(time)).toMatchObject({ objects: 3 });
  await upkeeps(1, 36);
  await expect(rig.upkeep({ bucket: 'src', deleteAfterDays: 35 })).rejects.toMatchObject({ name: 'InvalidRequest' });
});

test('a rule that is shortened and made longer again loses what merges have dropped, and no more', async () => {
  const { rig, client, upkeeps, at } = begun();
  const gone = client.put('gone', 'one');
  await upkeeps(3, 35);
  const time = rig.s3.now;
  rig.s3.advance(1);
  client.deleteVersion('gone', gone);
  await upkeeps(30, 35);
  const days = (deleteAfterDays: number) => rig.upkeep({ bucket: 'src', deleteAfterDays, scheduled: scheduled(rig) });
  // Nothing is merged within the hour.
  await days(1);
  await expect(at(time)).rejects.toMatchObject({ name: 'PointInTimeOutOfRange' });
  await days(35);
  expect(await at(time)).toMatchObject({ objects: 3 });
  await days(1);
  for (let hour = 0; hour < 12; hour++) {
    client.put('busy', `again ${String(hour)}`);
    expect(await rig.capture(client.take())).toEqual([]);
    rig.s3.advance(HOUR);
    await days(1);
  }
  await days(35);
  await expect(at(time)).rejects.toMatchObject({ name: 'PointInTimeOutOfRange' });
});

test.each(['the log', 'the dead-letter queue'])('what waited in %s until it was forgotten is a gap', async (where) => {
  const { rig, client, upkeeps, at } = begun();
  await upkeeps(3, 35);
  rig.s3.advance(HOUR);
  const versionId = client.put('short', 'lived');
  const time = rig.s3.now;
  rig.s3.advance(HOUR);
  client.deleteVersion('short', versionId);
  if (where === 'the log') await rig.capture(client.take());
  else {
    const { letters } = rig.captureControl;
    rig.captureControl.letters = { ...letters, count: 2 };
    client.take();
    for (let day = 0; day < 14; day++) {
      rig.s3.advance(DAY);
      await rig.upkeep({ bucket: 'src', deleteAfterDays: 35 });
    }
    rig.captureControl.letters = letters;
  }
  rig.s3.advance(15 * DAY);
  await upkeeps(3, 35);
  expect((await at(time)).doubts).toHaveProperty('coverage-gap');
  expect((await at(time)).exact).toBe(false);
});

test('a bucket that was out of its plan for some days has a gap of them', async () => {
  const { rig, client, upkeeps, at } = begun();
  await upkeeps(3, 35);
  const before = rig.s3.now - HOUR;
  rig.s3.advance(HOUR);
  const versionId = client.put('short', 'lived');
  const time = rig.s3.now;
  rig.s3.advance(HOUR);
  client.deleteVersion('short', versionId);
  client.take();
  rig.s3.advance(3 * DAY);
  await upkeeps(26, 35);
  expect(await at(before)).toMatchObject({ exact: true });
  expect((await at(time)).doubts).toHaveProperty('coverage-gap');
  expect((await at(rig.s3.now - 2 * HOUR)).doubts).not.toHaveProperty('coverage-gap');
});

test.each(['purged', 'redriven'])('dead letters that were %s', async (how) => {
  const { rig, client, upkeeps, at } = begun();
  await upkeeps(3, 35);
  rig.s3.advance(HOUR);
  client.put('failed', 'one');
  const time = rig.s3.now;
  const messages = client.take();
  const { letters } = rig.captureControl;
  rig.captureControl.letters = { ...letters, count: 1, most: 1 };
  await upkeeps(2, 35);
  expect((await at(time)).doubts).toHaveProperty('not-captured-yet');
  const redrives = how === 'purged' ? [] : [{ startedAt: Math.floor(rig.s3.now), moved: 1 }];
  rig.captureControl.letters = { count: 0, most: 1, redrives };
  if (how === 'redriven') expect(await rig.capture(messages)).toEqual([]);
  await upkeeps(1, 35);
  rig.captureControl.letters = { ...letters, redrives };
  await upkeeps(50, 35);
  const isPurged = how === 'purged';
  expect(await at(time)).toMatchObject({ exact: !isPurged, doubts: isPurged ? { 'coverage-gap': 1 } : {} });
  expect(await at(rig.s3.now - 2 * HOUR - DAY)).toMatchObject({ exact: true, doubts: {} });
  expect(rig.source.counts()['GetObjectTagging'] ?? 0).toBe(isPurged ? 7 : 0);
});
