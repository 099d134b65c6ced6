import { comparisonsOf, unseenAt, withComparison } from '../../../../lambda/core/backup/comparisons';
import { toIso } from '../../../../lambda/core/values/instant';
import { currentAt } from '../../../support/view-of-bucket';
import { manifest } from '../../support/changed-rig';
import { hourlyUpkeeps, protectedFor } from '../../support/continuous-rig';

const HOUR = 3600;
const DAY = 24 * HOUR;
const RECONCILE = { bucket: 'src', deleteAfterDays: 35, action: 'reconcile' };

test('a version that nobody has told of, and that is deleted while a comparison lists, may have been there before it', async () => {
  const { rig, client } = await protectedFor(3, ['there']);
  // A comparison that would have seen it: what came, came after this one.
  await rig.upkeep(RECONCILE);
  const before = Math.floor(rig.s3.now);
  rig.s3.advance(60);
  const versionId = client.put('short', 'y');
  // The event of its creation never comes.
  client.take();
  rig.s3.advance(HOUR);
  const during = Math.floor(rig.s3.now) - 60;
  rig.source.calls.beforeCall = ({ operation }) => {
    if (!operation.startsWith('List')) return;
    rig.source.calls.beforeCall = undefined;
    rig.s3.advance(2);
    client.deleteVersion('short', versionId);
  };
  await rig.upkeep(RECONCILE);
  expect(rig.s3.keys('src')).toEqual(['there']);
  expect(await rig.capture(client.take())).toEqual([]);
  await hourlyUpkeeps(rig, 1);
  expect((await currentAt(rig, 'src', during, 'short'))?.currentUncertain).toEqual(['unknown-version']);
  expect((await currentAt(rig, 'src', before - HOUR, 'short'))?.currentUncertain).toEqual([]);
  const { comparisons = [], reconciledThrough } =
    manifest(rig, (await rig.ports.vault.newestSeq('src')) ?? 0).continuous ?? {};
  expect(comparisons[0]?.through).toBe(reconciledThrough);
  expect((comparisons[0]?.end ?? '') > (reconciledThrough ?? '')).toBe(true);
});

test('the last three comparisons are known, and of an earlier release the last one', () => {
  const of = (through: number) => ({ through, end: through + 10 });
  const isoOf = (through: number) => ({ through: toIso(through), end: toIso(through + 10) });
  const known = { reconciledThrough: toIso(300), comparisons: [isoOf(300), isoOf(200), isoOf(100)] };
  expect(withComparison(known, of(400))).toEqual([isoOf(400), isoOf(300), isoOf(200)]);
  // A report looks at what was there two days before.
  expect(withComparison(known, of(250))).toEqual([isoOf(300), isoOf(250), isoOf(200)]);
  expect(withComparison(known, undefined)).toEqual(known.comparisons);
  expect(withComparison(undefined, of(1))).toEqual([isoOf(1)]);
  expect(comparisonsOf({ reconciledThrough: toIso(300) })).toEqual([{ through: 300, end: 300 + DAY }]);
});

test.each([
  [311, 300],
  [310, 200],
  [205, undefined],
])('what was deleted at %d was not seen at %p', (removedBefore, through) => {
  expect(unseenAt([of(300), of(200)], removedBefore)).toBe(through);
  function of(at: number) {
    return { through: at, end: at + 10 };
  }
});
