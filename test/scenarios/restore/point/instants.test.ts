import { ManualDeadline } from '../../../../lambda/adapters/memory';
import { toIso } from '../../../../lambda/core/values/instant';
import { currentOf, historyOf } from '../../../support/bucket-state';
import { DAY, HOUR } from '../../support/changed-rig';
import { at, iso, log, logTags, logVersion, makeContinuous } from '../../support/continuous-rig';
import { Rig } from '../../support/rig';

const request = { sourceBucket: 'src', destinationBucket: 'dst' };

/** `a` and `b` are in the commit; all later changes are in the log. */
async function continuous(fields: Parameters<typeof makeContinuous>[2] = {}, options = {}): Promise<Rig> {
  const rig = new Rig({ deadline: new ManualDeadline(), ...options });
  rig.s3.createBucket('src', { ownership: 'ObjectWriter' });
  rig.s3.createBucket('dst', { ownership: 'ObjectWriter' });
  rig.s3.put('src', 'a', 'a1', { tags: { n: '1' } });
  rig.s3.put('src', 'b', 'b1');
  rig.s3.advance(10);
  await makeContinuous(rig, at(rig) - 10, fields);
  rig.s3.advance(10);
  return rig;
}
/** Changes of every kind, ten seconds apart; answers the state after each. */
async function changes(rig: Rig) {
  const states: { at: number; state: ReturnType<typeof currentOf> }[] = [];
  const keep = (): void => {
    states.push({ at: at(rig), state: currentOf(rig.s3, 'src') });
    rig.s3.advance(10);
  };
  keep();
  rig.s3.put('src', 'a', 'a2', { tags: { n: '2' }, headers: { 'content-type': 'text/plain' } });
  await logVersion(rig, 'a');
  keep();
  rig.s3.setTags('src', 'a', { n: '3' });
  await logTags(rig, 'a');
  keep();
  rig.s3.delete('src', 'b');
  await logVersion(rig, 'b');
  keep();
  rig.s3.put('src', 'c', 'c1', { userMetadata: { new: 'yes' } });
  await logVersion(rig, 'c');
  keep();
  rig.s3.setTags('src', 'a', {});
  await logTags(rig, 'a');
  keep();
  return states;
}

test('each second is restored as it was, from the commit and from what was logged since', async () => {
  const rig = await continuous();
  const states = await changes(rig);
  for (const [index, { at: instant, state }] of states.entries()) {
    for (const pointInTime of [instant, instant + 9]) {
      const destinationBucket = `to-${String(index)}-${String(pointInTime)}`;
      rig.s3.createBucket(destinationBucket, { ownership: 'ObjectWriter' });
      const output = await rig.restore({ sourceBucket: 'src', destinationBucket, pointInTime: toIso(pointInTime) });
      expect(output).toMatchObject({
        status: 'COMPLETED',
        recoveryPointId: 'src/continuous',
        asOf: toIso(pointInTime),
        exact: true,
        doubts: {},
        capturedThrough: '2030-01-01T00:00:00Z',
        reconciledThrough: '2030-01-01T00:00:00Z',
      });
      expect(currentOf(rig.s3, destinationBucket)).toEqual(state);
    }
  }
});

test('all versions up to an instant, in many turns and ranges, with more log than is sorted at once', async () => {
  const rig = await continuous({}, { settings: { sortRows: 1, rangeWeight: 1 } });
  rig.deadline.remaining = 0;
  await changes(rig);
  const output = await rig.restore({ ...request, versions: 'all', pointInTime: iso(rig) });
  expect(output).toMatchObject({ status: 'COMPLETED', exact: true });
  expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));
  expect(rig.turns['plan']).toBeGreaterThan(1);
});

test('keys and prefixes narrow it; a key that came only later is not found', async () => {
  const rig = await continuous();
  const [first] = await changes(rig);
  const output = await rig.restore({ ...request, items: ['a', 'c'], pointInTime: toIso(first?.at ?? 0) });
  expect(output).toMatchObject({ status: 'PARTIAL', restored: 1, skipped: { 'not-found': 1 } });
});

test('a prefix inside of another one that has keys only later is not found at an instant', async () => {
  const rig = await continuous();
  rig.s3.put('src', 'p/1/x', 'first');
  await logVersion(rig, 'p/1/x');
  rig.s3.advance(10);
  const pointInTime = iso(rig);
  rig.s3.advance(10);
  rig.s3.put('src', 'p/2/x', 'later');
  await logVersion(rig, 'p/2/x');
  rig.s3.advance(10);
  const items = ['p/', 'p/1/', 'p/2/', 'p/2/x'];
  expect(await rig.restore({ ...request, items, pointInTime })).toMatchObject({
    status: 'PARTIAL',
    restored: 1,
    skipped: { 'not-found': 2 },
  });
  const told = rig.reportLines().filter(({ reason }) => reason === 'not-found');
  expect(told.map(({ key }) => key).sort()).toEqual(['p/2/', 'p/2/x']);
  const now = { ...request, items, pointInTime: iso(rig), destinationPrefix: 'now/' };
  expect(await rig.restore(now)).toMatchObject({ status: 'COMPLETED', restored: 2, skipped: {} });
});

test('a plan that is made twice restores what the first found, whatever was logged meanwhile', async () => {
  const rig = await continuous();
  const pointInTime = iso(rig);
  rig.retries = 1;
  let reads = 0;
  rig.scratchStore.calls.afterCall = ({ operation }) => {
    if (operation !== 'PutObject' || ++reads !== 1) return;
    rig.s3.put('src', 'a', 'raced', { at: at(rig) - 5 });
    throw new Error('the worker dies');
  };
  expect(await rig.restore({ ...request, pointInTime })).toMatchObject({ status: 'COMPLETED', restored: 2 });
});

describe('what cannot be restored is refused with the way out', () => {
  test.each(['yesterday', '2026-11-22', '2026-11-22T10:15:00.5Z', '2026-11-22T10:15:00+01:00', '2026-02-31T00:00:00Z'])(
    '%s is no instant',
    async (pointInTime) => {
      const rig = await continuous();
      await expect(rig.restore({ ...request, pointInTime })).rejects.toMatchObject({
        name: 'InvalidRequest',
        message: expect.stringMatching(/^pointInTime: must be an instant in UTC with whole seconds/) as string,
      });
    },
  );

  test('beside a recovery point', async () => {
    const rig = await continuous();
    const both = { ...request, pointInTime: iso(rig), recoveryPointId: 'latest' };
    await expect(rig.restore(both)).rejects.toMatchObject({ name: 'InvalidRequest' });
  });

  test('a bucket that was never continuous, and one that the vault does not know', async () => {
    const rig = new Rig();
    rig.s3.createBucket('src');
    rig.s3.createBucket('dst');
    const never = {
      name: 'PointInTimeOutOfRange',
      message: expect.stringContaining('never had continuous backup') as string,
    };
    await expect(rig.restore({ ...request, pointInTime: iso(rig) })).rejects.toMatchObject(never);
    await rig.backup({ bucket: 'src' });
    await expect(rig.restore({ ...request, pointInTime: iso(rig) })).rejects.toMatchObject(never);
  });

  test('an instant before the first, before the window of days, or in the future', async () => {
    const rig = await continuous({ days: 1 });
    const since = at(rig) - 20;
    const refused = async (instant: number, range: string): Promise<void> => {
      await expect(rig.restore({ ...request, pointInTime: toIso(instant) })).rejects.toMatchObject({
        name: 'PointInTimeOutOfRange',
        message: expect.stringContaining(`${range}: choose an instant within it, or a recovery point`) as string,
      });
    };
    await refused(since - 1, `${toIso(since)} to ${iso(rig)}`);
    await refused(at(rig) + 1, `${toIso(since)} to ${iso(rig)}`);
    expect(await rig.restore({ ...request, pointInTime: toIso(since) })).toMatchObject({ status: 'COMPLETED' });
    rig.s3.advance(DAY);
    await refused(at(rig) - DAY - 1, `${toIso(at(rig) - DAY)} to ${iso(rig)}`);
    expect(await rig.restore({ ...request, pointInTime: toIso(at(rig) - DAY) })).toMatchObject({ exact: true });
  });
});

describe('an answer says whether it is exact', () => {
  const doubted = async (rig: Rig, fields: object = {}) => {
    const output = await rig.restore({ ...request, pointInTime: iso(rig), ...fields });
    return { exact: output.exact, doubts: output.doubts };
  };

  test('not beyond what was captured, reconciled, or in a gap', async () => {
    const start = 1_750_000_000;
    const known = { capturedThrough: toIso(start + HOUR), reconciledThrough: toIso(start + HOUR / 2) };
    const rig = await continuous({
      ...known,
      gaps: [{ after: toIso(start + 60), before: toIso(start + 90), reason: 'rule-disabled' }],
    });
    rig.s3.advance(2 * HOUR);
    const at = async (seconds: number) =>
      doubted(rig, { pointInTime: toIso(start + seconds), onExisting: 'overwrite' });
    expect(await at(60)).toEqual({ exact: true, doubts: {} });
    expect(await at(61)).toEqual({ exact: false, doubts: { 'coverage-gap': 1 } });
    expect(await at(90)).toMatchObject({ exact: false });
    expect(await at(91)).toMatchObject({ exact: true });
    expect(await at(HOUR / 2 + 1)).toEqual({ exact: false, doubts: { 'not-reconciled': 1 } });
    expect(await at(HOUR + 1)).toEqual({ exact: false, doubts: { 'not-reconciled': 1, 'not-captured-yet': 1 } });
  });

  test('nor with restored keys in doubt, each of which the report has', async () => {
    const rig = await continuous();
    rig.s3.put('src', 'tie', '1');
    await logVersion(rig, 'tie');
    rig.s3.put('src', 'tie', '2');
    await logVersion(rig, 'tie');
    const versionId = rig.s3.put('src', 'lost', 'x');
    await log(rig, { key: 'lost', versionId, kind: 'put', lastModified: at(rig), uncertain: 'not-stored:lost' });
    expect(await doubted(rig)).toEqual({ exact: false, doubts: { 'same-second': 1, 'not-stored': 1 } });
    expect(rig.reportLines()).toEqual(
      expect.arrayContaining([
        { key: 'tie', outcome: 'doubtful', reason: 'same-second' },
        { key: 'lost', outcome: 'skipped', reason: 'not-stored' },
        { key: 'lost', outcome: 'doubtful', reason: 'not-stored' },
      ]),
    );
    // What was there already, and what was not asked for, is in nobody's doubt.
    expect(await doubted(rig, { items: ['tie'] })).toEqual({ exact: true, doubts: {} });
    expect(await doubted(rig, { items: ['a'] })).toEqual({ exact: true, doubts: {} });
  });

  test('a removal in an interval is a doubt within it; older versions are in doubt only where they are restored', async () => {
    const rig = await continuous();
    const old = rig.s3.find('src', 'a').versionId;
    rig.s3.put('src', 'a', 'a2');
    await logVersion(rig, 'a');
    rig.s3.advance(10);
    const removedAfter = at(rig) - 5;
    rig.s3.advance(10);
    await log(rig, {
      key: 'a',
      versionId: old,
      kind: 'removed',
      lastModified: 0,
      removedAfter,
      removedBefore: at(rig),
    });
    const within = { pointInTime: toIso(at(rig) - 1), items: ['a'], onExisting: 'overwrite' };
    expect(await doubted(rig, within)).toEqual({ exact: true, doubts: {} });
    expect(await doubted(rig, { ...within, versions: 2 })).toEqual({ exact: false, doubts: { removal: 1 } });
  });

  test('rows that tell of a gap of the capture are no versions', async () => {
    const rig = await continuous();
    await log(rig, { key: '', versionId: '', kind: 'gap', lastModified: at(rig) });
    expect(await doubted(rig)).toEqual({ exact: true, doubts: {} });
  });
});

test('a bucket that has continuous backup only is not restored without an instant: the error says so', async () => {
  const rig = new Rig();
  rig.s3.createBucket('src');
  rig.s3.put('src', 'a', 'one');
  await rig.upkeep({ bucket: 'src', deleteAfterDays: 35 });
  await expect(
    rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true }),
  ).rejects.toMatchObject({
    name: 'RecoveryPointNotFound',
    message: expect.stringContaining('set pointInTime to the instant to restore') as string,
  });
});
