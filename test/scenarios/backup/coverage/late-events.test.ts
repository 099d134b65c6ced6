import { lateEventsOf } from '../../../../lambda/core/backup/late-events';
import { sumResults } from '../../../../lambda/core/backup/range-result';
import type { Row } from '../../../../lambda/core/history/row';
import { toIso } from '../../../../lambda/core/values/instant';
import { coverageAt } from '../../../../lambda/usecases/history/at';
import { currentAt } from '../../../support/view-of-bucket';
import { manifest } from '../../support/changed-rig';
import { hourlyUpkeeps, protectedFor } from '../../support/continuous-rig';
import type { Rig } from '../../support/rig';

const HOUR = 3600;
const RECONCILE = { bucket: 'src', deleteAfterDays: 35, action: 'reconcile' };

async function newest(rig: Rig) {
  return manifest(rig, (await rig.ports.vault.newestSeq('src')) ?? 0);
}

async function gapsOf(rig: Rig) {
  return (await newest(rig)).continuous?.gaps ?? [];
}

async function doubtsAt(rig: Rig, instant: number) {
  const last = await newest(rig);
  if (!last.continuous) throw new Error('no continuous backup');
  return coverageAt('src', { ...last, ...last.continuous }, Math.floor(instant), Math.floor(rig.s3.now)).doubts;
}

test('what comes hours late, after a comparison that had nothing to find, puts the time that was called complete in doubt', async () => {
  const { rig, client, ids } = await protectedFor(3, ['a', 'b']);
  const [a = ''] = ids;
  client.tag('a', a, { is: 'other' });
  const versionId = client.put('b', 'came and went');
  const then = rig.s3.now + 30;
  rig.s3.advance(60);
  client.deleteVersion('b', versionId);
  const held = client.take();
  await hourlyUpkeeps(rig, 2);
  await rig.upkeep(RECONCILE);
  // Nobody could know.
  expect(await doubtsAt(rig, then)).toEqual([]);
  const { capturedThrough = '' } = (await newest(rig)).continuous ?? {};

  expect(await rig.capture(held)).toEqual([]);
  await hourlyUpkeeps(rig, 1);
  const after = toIso(Math.floor(then) - 31);
  expect(await gapsOf(rig)).toEqual([{ after, before: capturedThrough, reason: 'events-late' }]);
  expect(await doubtsAt(rig, then)).toEqual(['coverage-gap']);
  expect(rig.log.events().filter((event) => event === 'EventsLate')).toHaveLength(1);
  // What has come is known all the same, and nothing has to be read again.
  expect((await currentAt(rig, 'src', then, 'a'))?.versions[0]?.tags).toContain('other');
  expect((await newest(rig)).changesMissed).toBeUndefined();
  await hourlyUpkeeps(rig, 26);
  expect(await gapsOf(rig)).toHaveLength(1);
});

test('an event that is delivered again tells nothing new, however late', async () => {
  const { rig, client, ids } = await protectedFor(2, ['a']);
  const [a = ''] = ids;
  client.tag('a', a, { is: 'first' });
  const versionId = client.put('b', 'b');
  client.put('c', 'c');
  client.delete('c');
  rig.s3.advance(20);
  client.deleteVersion('b', versionId);
  const events = client.take();
  expect(await rig.capture(events)).toEqual([]);
  await hourlyUpkeeps(rig, 2);
  client.tag('a', a, { is: 'second' });
  expect(await rig.capture(client.take())).toEqual([]);
  await hourlyUpkeeps(rig, 2);
  expect(await rig.capture(events)).toEqual([]);
  await hourlyUpkeeps(rig, 2);
  expect(await gapsOf(rig)).toEqual([]);
});

test.each([
  [-1, 0],
  [0, 1],
])('an event is late if a commit was called complete through its second (%d s): %d gaps', async (by, gaps) => {
  const { rig, client } = await protectedFor(2, ['a']);
  rig.s3.advance(HOUR);
  client.put('a', 'a second');
  const { settleSeconds, deliverySeconds } = rig.ports.settings;
  rig.s3.now = Math.floor(rig.s3.now) + settleSeconds + deliverySeconds + by;
  await rig.upkeep({ bucket: 'src', deleteAfterDays: 35 });
  expect(await rig.capture(client.take())).toEqual([]);
  await hourlyUpkeeps(rig, 1);
  expect(await gapsOf(rig)).toHaveLength(gaps);
});

test('a late deletion of a version that nobody has told of opens a gap, and all tags are read again', async () => {
  const { rig, client } = await protectedFor(3, ['there']);
  await rig.upkeep(RECONCILE);
  const compared = rig.s3.now;
  rig.s3.advance(60);
  const versionId = client.put('short', 'y');
  // The event of its creation never comes.
  client.take();
  rig.s3.advance(60);
  client.deleteVersion('short', versionId);
  const held = client.take();
  rig.s3.advance(3 * HOUR);
  await rig.upkeep(RECONCILE);
  const { reconciledThrough = '' } = (await newest(rig)).continuous ?? {};
  expect(await gapsOf(rig)).toEqual([]);

  expect(await rig.capture(held)).toEqual([]);
  await hourlyUpkeeps(rig, 1);
  const gap = { after: toIso(Math.floor(compared)), before: reconciledThrough, reason: 'events-missed' };
  expect(await gapsOf(rig)).toEqual([gap]);
  expect((await newest(rig)).changesMissed).toBe(true);
  expect(rig.metrics.of('ReconcileGaps').reduce((a, b) => a + b)).toBe(1);
  await hourlyUpkeeps(rig, 2);
  expect((await newest(rig)).changesMissed).toBeUndefined();
});

test('an event of the past that is not true leaves no instant before it was compared exact', async () => {
  const { rig, client, ids } = await protectedFor(3, ['there']);
  const [there = ''] = ids;
  rig.s3.advance(60);
  const then = rig.s3.now + 60;
  client.deny('there', there);
  const forged = client.take();
  await hourlyUpkeeps(rig, 2);
  await rig.upkeep(RECONCILE);
  expect(await doubtsAt(rig, then)).toEqual([]);
  expect(await rig.capture(forged)).toEqual([]);
  await hourlyUpkeeps(rig, 1);
  expect(await doubtsAt(rig, then)).toEqual(['coverage-gap']);
});

test('the earliest late event of all turns counts', () => {
  const none = sumResults([]);
  const of = (events: object) => ({ ...none, events });
  expect(none.events).toEqual({});
  expect(sumResults([of({ late: 7 }), none, of({ late: 5, missed: 9 }), of({ missed: 8 })]).events).toEqual({
    late: 5,
    missed: 8,
  });
  expect(sumResults([{ ...none, events: undefined }, of({ late: 7 })]).events).toEqual({ late: 7 });
});

test('what was before continuous backup began is not late', () => {
  const row: Row = { key: 'k', versionId: 'v', kind: 'put', lastModified: 50, source: 'event' };
  const fold = { taken: [row], pending: [], told: [row] };
  const said = { capturedThrough: 100, reconciledThrough: 100 };
  expect(lateEventsOf(fold, [], { ...said, since: 50 })).toEqual({});
  expect(lateEventsOf(fold, [], { ...said, since: 49 })).toEqual({ late: 49 });
  expect(lateEventsOf(fold, [row], { ...said, since: 49 })).toEqual({});
});
