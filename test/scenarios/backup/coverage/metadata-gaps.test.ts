import { toIso } from '../../../../lambda/core/values/instant';
import { LiveBucket } from '../../../support/live-bucket';
import { manifest } from '../../support/changed-rig';
import { hourlyUpkeeps, protectedFor } from '../../support/continuous-rig';
import { Rig, Stopped } from '../../support/rig';

const HOUR = 3600;

/** A bucket with continuous backup, of which a change of tags was missed while something was off; `miss` does it once more. */
async function missed(off: (rig: Rig) => () => void) {
  const rig = new Rig();
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  const versionId = client.put('a', 'one');
  client.take();
  rig.s3.advance(100);
  const upkeeps = (count: number): Promise<void> => hourlyUpkeeps(rig, count);
  await upkeeps(3);
  const miss = async () => {
    const before = Math.floor(rig.s3.now) - HOUR;
    const on = off(rig);
    rig.s3.advance(1);
    client.tag('a', versionId, { k: 'changed' });
    client.take();
    const during = Math.floor(rig.s3.now);
    await upkeeps(1);
    on();
    await upkeeps(2);
    const after = Math.floor(rig.s3.now);
    await upkeeps(25);
    return { before, during, after };
  };
  const times = await miss();
  const at = async (instant: number, fields: Record<string, unknown> = {}) => {
    const request = { sourceBucket: 'src', destinationBucket: 'dst', pointInTime: toIso(instant), dryRun: true };
    const { exact, doubts } = await rig.restore({ ...request, createBucket: true, ...fields });
    return { exact, doubts };
  };
  return { rig, client, versionId, upkeeps, at, miss, ...times };
}

const turnRuleOff = (rig: Rig) => {
  const { state } = rig.captureControl;
  rig.captureControl.state = { ...state, disabledRules: ['the-rule'] };
  return () => (rig.captureControl.state = state);
};
const turnEventsOff = (rig: Rig) => {
  rig.s3.bucket('src').notifications.eventBridge = false;
  return () => undefined;
};
const tagsOf = (rig: Rig) => rig.s3.find('dst', 'a').tags;
const newest = async (rig: Rig) => manifest(rig, (await rig.ports.vault.newestSeq('src')) ?? 0);

test.each([
  ['a rule was disabled', turnRuleOff],
  ['events were switched off', turnEventsOff],
])('%s: as soon as events come again, all tags and ACLs are read once', async (_, off) => {
  const { rig, at, before, during, after } = await missed(off);
  expect(await at(before)).toEqual({ exact: true, doubts: {} });
  expect(await at(during)).toEqual({ exact: false, doubts: { 'coverage-gap': 1 } });
  expect(await at(after)).toEqual({ exact: true, doubts: {} });
  await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, pointInTime: toIso(after) });
  expect(tagsOf(rig)).toEqual({ k: 'changed' });
  expect(rig.source.counts()).toMatchObject({ GetObjectTagging: 1 });
  expect((await newest(rig)).changesMissed).toBeUndefined();
});

test.each(['GetObjectTagging', 'ListObjectVersions'] as const)(
  'a version that is deleted after a gap, at the %s of the job that reads all tags: they are in doubt until its deletion',
  async (operation) => {
    const rig = new Rig();
    rig.s3.createBucket('src');
    const client = new LiveBucket(rig.s3, 'src');
    const versionId = client.put('a', 'one', { tags: { k: 'first' } });
    client.put('b', 'two');
    client.take();
    rig.s3.advance(100);
    await hourlyUpkeeps(rig, 3);
    const on = turnRuleOff(rig);
    client.tag('a', versionId, { k: 'changed' });
    client.take();
    await hourlyUpkeeps(rig, 1);
    on();
    let deleted = 0;
    rig.source.calls.beforeCall = ({ operation: own }) => {
      if (own !== operation || deleted > 0) return;
      rig.s3.advance(5);
      deleted = Math.floor(rig.s3.now);
      client.deleteVersion('a', versionId);
      rig.s3.advance(5);
    };
    await hourlyUpkeeps(rig, 1);
    expect(deleted).toBeGreaterThan(0);
    expect(await rig.capture(client.take())).toEqual([]);
    await hourlyUpkeeps(rig, 25);
    const at = async (instant: number) => {
      const request = { sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, dryRun: true };
      const { exact, doubts } = await rig.restore({ ...request, pointInTime: toIso(instant) });
      return { exact, doubts };
    };
    expect(await at(deleted - 1)).toEqual({ exact: false, doubts: { tags: 1 } });
    expect(await at(deleted)).toEqual({ exact: true, doubts: {} });
  },
);

test('tags of a version that came in a gap and was deleted as it ended are in doubt in between', async () => {
  const { rig, client } = await protectedFor(3, ['b']);
  const on = turnRuleOff(rig);
  await hourlyUpkeeps(rig, 1);
  on();
  rig.s3.advance(HOUR - 60);
  // Its event gets through, and is captured so late that no commit has it yet. That of its tags is lost.
  const versionId = client.put('a', 'one', { tags: { k: 'first' } });
  rig.s3.advance(5);
  expect(await rig.capture(client.take())).toEqual([]);
  client.tag('a', versionId, { k: 'changed' });
  client.take();
  let deleted = 0;
  rig.source.calls.beforeCall = ({ operation, key }) => {
    if (operation !== 'GetObject' || key !== 'a' || deleted > 0) return;
    rig.s3.advance(5);
    deleted = Math.floor(rig.s3.now);
    client.deleteVersion('a', versionId);
  };
  await rig.upkeep({ bucket: 'src', deleteAfterDays: 35 });
  expect(deleted).toBeGreaterThan(0);
  expect(await rig.capture(client.take())).toEqual([]);
  rig.source.calls.beforeCall = undefined;
  await hourlyUpkeeps(rig, 26);
  const view = async (instant: number) => {
    const request = { sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, dryRun: true };
    const { exact, doubts } = await rig.restore({ ...request, pointInTime: toIso(instant) });
    return { exact, doubts };
  };
  expect(await view(deleted - 1)).toEqual({ exact: false, doubts: { tags: 1 } });
  expect(await view(deleted)).toEqual({ exact: true, doubts: {} });
});

test('after a second gap of the same week all that is not sure is said, until a week after the first all is read again', async () => {
  const { rig, upkeeps, at, miss } = await missed(turnRuleOff);
  const { before, after } = await miss();
  expect(await at(before)).toEqual({ exact: true, doubts: {} });
  expect(await at(after)).toEqual({ exact: false, doubts: { 'metadata-missed': 1 } });
  expect(await at(after, { restoreTags: false, restoreAcls: false })).toEqual({ exact: true, doubts: {} });
  expect((await newest(rig)).changesMissed).toBe(true);
  await upkeeps(6 * 24);
  expect(rig.source.counts()).toMatchObject({ GetObjectTagging: 2 });
  expect((await newest(rig)).changesMissed).toBeUndefined();
  expect(await at(after)).toEqual({ exact: false, doubts: { 'coverage-gap': 1 } });
  const read = Math.floor(rig.s3.now) - 2 * HOUR;
  await upkeeps(24);
  expect(await at(read)).toEqual({ exact: true, doubts: {} });
});

test('a full backup by anybody does as well', async () => {
  const { rig, upkeeps, at, miss } = await missed(turnEventsOff);
  const { after } = await miss();
  await rig.backup({ bucket: 'src', metadata: 'FULL', source: 'listing' });
  const read = Math.floor(rig.s3.now);
  await upkeeps(26);
  expect((await newest(rig)).changesMissed).toBeUndefined();
  expect(await at(after)).toEqual({ exact: false, doubts: { 'coverage-gap': 1 } });
  expect(await at(read + 1)).toEqual({ exact: true, doubts: {} });
});

test('tags that change after a full backup began, and before it read them, are in doubt for that time only', async () => {
  const { rig, client, versionId, upkeeps } = await missed(turnRuleOff);
  const request = { bucket: 'src', metadata: 'FULL', source: 'listing' };
  const began = Math.floor(rig.s3.now);
  const readTags = rig.source.readTags.bind(rig.source);
  jest.spyOn(rig.source, 'readTags').mockImplementationOnce((ref) => {
    rig.s3.advance(60);
    client.tag('a', versionId, { k: 'later' });
    rig.s3.advance(60);
    return readTags(ref);
  });
  await rig.backup(request);
  expect(await rig.capture(client.take())).toEqual([]);
  await upkeeps(30);
  const restore = async (pointInTime: number, destinationBucket: string) => {
    const { doubts } = await rig.restore({
      sourceBucket: 'src',
      destinationBucket,
      createBucket: true,
      pointInTime: toIso(pointInTime),
    });
    return { doubts, tags: rig.s3.find(destinationBucket, 'a').tags };
  };
  expect(await restore(began - 1, 'one')).toEqual({ doubts: {}, tags: { k: 'changed' } });
  expect((await restore(began + 30, 'two')).doubts).toEqual({ tags: 1 });
  expect(await restore(began + 60, 'three')).toEqual({ doubts: {}, tags: { k: 'later' } });
});

test.each(['a first upkeep', 'a first backup', 'an upkeep after events were off'])(
  '%s waits until S3 sends events: what happens before is read, and what happens after is told',
  async (which) => {
    const rig = new Rig({ settings: { startSeconds: 300 } });
    rig.s3.createBucket('src');
    const client = new LiveBucket(rig.s3, 'src');
    const versionId = client.put('a', 'one');
    rig.whileWaiting = () => {
      client.tag('a', versionId, { k: 'unseen' });
      client.take();
      return Promise.resolve();
    };
    if (which === 'a first backup') await rig.backup({ bucket: 'src' });
    else await rig.upkeep({ bucket: 'src', deleteAfterDays: 35 });
    if (which === 'an upkeep after events were off') {
      turnEventsOff(rig);
      client.tag('a', versionId, { k: 'off' });
      rig.s3.advance(HOUR);
      await rig.upkeep({ bucket: 'src' });
      expect(rig.waited).toEqual([300, 300]);
    } else expect(rig.waited).toEqual([300]);
    const { changesMissed, continuous } = await newest(rig);
    expect(changesMissed).toBeUndefined();
    if (continuous && which === 'a first upkeep') expect(continuous.gaps).toEqual([]);
    const instant = which === 'a first backup' ? {} : { pointInTime: toIso(Math.floor(rig.s3.now)) };
    await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, ...instant });
    expect(tagsOf(rig)).toEqual({ k: 'unseen' });
    rig.whileWaiting = undefined;
    rig.s3.advance(HOUR);
    if (which !== 'a first backup') await rig.upkeep({ bucket: 'src' });
    else await rig.backup({ bucket: 'src' });
    expect(rig.waited).toHaveLength(which === 'an upkeep after events were off' ? 2 : 1);
  },
);

test.each(['before events are on', 'after events are on', 'after the claim'])(
  'a Prepare that is cut off %s waits all the same, and the gap is noted',
  async (when) => {
    const rig = new Rig({ settings: { startSeconds: 300 } });
    rig.retries = 1;
    rig.s3.createBucket('src');
    await rig.upkeep({ bucket: 'src', deleteAfterDays: 35 });
    rig.s3.advance(HOUR);
    if (when === 'after the claim') rig.s3.advance(4 * 24 * HOUR);
    else turnEventsOff(rig);
    const ensureEventBridge = rig.ports.buckets.ensureEventBridge.bind(rig.ports.buckets);
    const claim = rig.claims.claim.bind(rig.claims);
    const cut = () => Promise.reject(new Error('cut off'));
    if (when === 'before events are on') jest.spyOn(rig.ports.buckets, 'ensureEventBridge').mockImplementationOnce(cut);
    if (when === 'after events are on')
      jest.spyOn(rig.ports.buckets, 'ensureEventBridge').mockImplementationOnce(async (...args) => {
        await ensureEventBridge(...args);
        return cut();
      });
    if (when === 'after the claim')
      jest.spyOn(rig.claims, 'claim').mockImplementationOnce(async (...args) => {
        await claim(...args);
        return cut();
      });
    await rig.upkeep({ bucket: 'src' });
    expect(rig.waited).toEqual([300, 300]);
    const { gaps = [] } = (await newest(rig)).continuous ?? {};
    expect(gaps.map(({ reason }) => reason)).toEqual([when === 'after the claim' ? 'stopped' : 'events-off']);
    expect(Date.parse(gaps[0]?.before ?? '') / 1000).toBe(Math.floor(rig.s3.now));
  },
);

test.each(['a full backup', 'a backup and, a minute later, an upkeep'])(
  '%s that switched events on: tags that change before S3 sends them are in doubt until all are read again',
  async (which) => {
    const rig = new Rig({ settings: { startSeconds: 300 } });
    rig.s3.createBucket('src');
    const client = new LiveBucket(rig.s3, 'src');
    const versionId = client.put('a', 'one', { tags: { k: 'first' } });
    client.take();
    const upkeep = () => rig.upkeep({ bucket: 'src' });
    const change = (n: string): void => {
      client.tag('a', versionId, { k: n });
      client.take();
    };
    await rig.upkeep({ bucket: 'src', deleteAfterDays: 35 });
    rig.s3.advance(HOUR);
    turnEventsOff(rig);
    if (which === 'a full backup') {
      await rig.backup({ bucket: 'src', metadata: 'FULL', source: 'listing' });
      rig.s3.advance(120);
      change('unseen');
      expect((await newest(rig)).changesMissed).toBe(true);
    } else {
      await rig.backup({ bucket: 'src', source: 'listing' });
      rig.s3.advance(60);
      rig.whileWaiting = () => {
        change('unseen');
        return Promise.resolve();
      };
      await upkeep();
      expect(rig.waited).toEqual([300, 300]);
      rig.whileWaiting = undefined;
    }
    rig.s3.advance(HOUR);
    const instant = Math.floor(rig.s3.now);
    for (let day = 0; day < 2; day++) {
      rig.s3.advance(24 * HOUR);
      await upkeep();
    }
    const restore = async (pointInTime: number, fields = {}) => {
      const request = { sourceBucket: 'src', destinationBucket: 'dst', pointInTime: toIso(pointInTime), ...fields };
      return (await rig.restore(request)).doubts;
    };
    expect(await restore(instant, { createBucket: true })).toEqual(
      which === 'a full backup' ? { 'coverage-gap': 1 } : {},
    );
    expect(await restore(Math.floor(rig.s3.now) - 12 * HOUR, { onExisting: 'overwrite' })).toEqual({});
    expect(tagsOf(rig)).toEqual({ k: 'unseen' });
    expect((await newest(rig)).changesMissed).toBeUndefined();
  },
);

test('a full read that does not end is tried once more, and then after a week, and keeps no changes from being committed until then', async () => {
  const rig = new Rig();
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  const versionId = client.put('a', 'one');
  client.take();
  const upkeep = async (): Promise<string> => {
    rig.s3.advance(HOUR);
    return rig.upkeep({ bucket: 'src', deleteAfterDays: 35 }).then(
      ({ status }) => status,
      (error: unknown) => (error as Error).message,
    );
  };
  await upkeep();
  const on = turnRuleOff(rig);
  client.tag('a', versionId, { k: 'unseen' });
  client.take();
  await upkeep();
  on();
  const reads = jest.spyOn(rig.source, 'readTags').mockRejectedValue(new Error('too slow'));
  for (let n = 0; n < 2; n++) expect(await upkeep()).toBe('too slow');
  for (let hour = 2; hour < 7 * 24; hour++) expect(await upkeep()).toBe('COMPLETED');
  expect(reads).toHaveBeenCalledTimes(2);
  expect((await newest(rig)).changesMissed).toBe(true);
  reads.mockRestore();
  expect(await upkeep()).toBe('COMPLETED');
  expect((await newest(rig)).changesMissed).toBeUndefined();
  const instant = toIso(Math.floor(rig.s3.now));
  await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, pointInTime: instant });
  expect(tagsOf(rig)).toEqual({ k: 'unseen' });
});

test('a scheduled job that began within its start window, and waits for events beyond it, is made all the same', async () => {
  const rig = new Rig({ settings: { startSeconds: 300 } });
  rig.s3.createBucket('src');
  rig.s3.put('src', 'a', 'one');
  const at = (seconds: number): string => toIso(Math.floor(rig.s3.now) + seconds);
  const windows = { scheduledTime: at(-HOUR + 100), startBy: at(100), completeBy: at(HOUR) };
  const scheduled = { plan: 'p', rule: 'r', ...windows };
  expect(await rig.backup({ bucket: 'src', scheduled })).toMatchObject({ status: 'COMPLETED', stored: 1 });
  expect(rig.waited).toEqual([300]);
  await expect(rig.backup({ bucket: 'src', scheduled })).rejects.toThrow('could not start');
});

test('a first backup that is stopped while it waits leaves the rest of the wait to the next one', async () => {
  const rig = new Rig({ settings: { startSeconds: 300 } });
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  const versionId = client.put('a', 'one');
  rig.whileWaiting = () => Promise.reject(new Stopped());
  await expect(rig.backup({ bucket: 'src' })).rejects.toThrow(Stopped);
  rig.s3.advance(100);
  rig.whileWaiting = () => {
    client.tag('a', versionId, { k: 'unseen' });
    client.take();
    return Promise.resolve();
  };
  await rig.backup({ bucket: 'src' });
  expect(rig.waited).toEqual([300, 200]);
  await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true });
  expect(tagsOf(rig)).toEqual({ k: 'unseen' });
  await rig.backup({ bucket: 'src' });
  expect(rig.waited).toHaveLength(2);
});
