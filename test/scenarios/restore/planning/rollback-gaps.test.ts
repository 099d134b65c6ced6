import { toIso } from '../../../../lambda/core/values/instant';
import { LiveBucket } from '../../../support/live-bucket';
import { hourlyUpkeeps } from '../../support/continuous-rig';
import { Rig } from '../../support/rig';

const HOUR = 3600;

/** A bucket with continuous backup whose only object gets other tags than it had at `instant`. */
async function retagged(isTold: boolean) {
  const rig = new Rig();
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  const versionId = client.put('a', 'one', { tags: { k: 'first' } });
  client.take();
  const upkeeps = (count: number): Promise<void> => hourlyUpkeeps(rig, count);
  await upkeeps(26);
  const instant = toIso(Math.floor(rig.s3.now) - 2 * HOUR);
  await rig.backup({ bucket: 'src', source: 'listing' });
  await upkeeps(26);
  client.tag('a', versionId, { k: 'changed' });
  const messages = client.take();
  if (isTold) expect(await rig.capture(messages)).toEqual([]);
  const rollBack = async (fields: Record<string, unknown> = {}) => {
    const { status, exact, doubts, skipped } = await rig.restore({ sourceBucket: 'src', rollback: true, ...fields });
    return { status, exact, doubts, skipped, tags: { ...rig.s3.find('src', 'a').tags } };
  };
  return { rig, instant, upkeeps, rollBack };
}

const LEFT = { status: 'COMPLETED', skipped: { unchanged: 1 }, tags: { k: 'changed' } };

test('a rollback over tags that were changed brings them back', async () => {
  const { rollBack, instant } = await retagged(true);
  const back = { status: 'COMPLETED', exact: true, skipped: {}, tags: { k: 'first' } };
  expect(await rollBack({ pointInTime: instant })).toEqual({ ...back, doubts: {} });
});

test.each(['a rule is disabled', 'events are in the dead-letter queue', 'events are stuck'])(
  'where %s, a rollback that leaves an object as it is does not say that its tags are surely those of then',
  async (why) => {
    const { rig, rollBack, instant, upkeeps } = await retagged(false);
    const { state, letters } = rig.captureControl;
    if (why === 'a rule is disabled') rig.captureControl.state = { ...state, disabledRules: ['the-rule'] };
    else if (why === 'events are stuck') rig.captureControl.state = { ...state, queued: 1, oldestSeconds: 3 * HOUR };
    else rig.captureControl.letters = { ...letters, count: 1, most: 1 };
    await upkeeps(3);
    const doubtful = { ...LEFT, exact: false, doubts: { 'metadata-missed': 1 } };
    expect(await rollBack({ pointInTime: instant })).toEqual(doubtful);
    expect(await rollBack()).toEqual({ ...doubtful, capturedThrough: undefined });
    expect(await rollBack({ pointInTime: instant, restoreTags: false, restoreAcls: false })).toEqual({
      ...LEFT,
      exact: true,
      doubts: {},
    });
    rig.captureControl.state = state;
    rig.captureControl.letters = letters;
    await rig.backup({ bucket: 'src', source: 'listing', metadata: 'FULL' });
    expect(await rollBack({ pointInTime: instant })).toMatchObject({ skipped: {}, tags: { k: 'first' } });
  },
);

test('a recovery point of a bucket whose events were not told of does not say that its tags are surely those of then', async () => {
  const rig = new Rig();
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  const versionId = client.put('a', 'one', { tags: { k: 'first' } });
  await rig.backup({ bucket: 'src' });
  rig.s3.advance(HOUR);
  rig.s3.bucket('src').notifications.eventBridge = false;
  client.tag('a', versionId, { k: 'changed' });
  await rig.backup({ bucket: 'src' });
  const request = { sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, dryRun: true };
  expect(await rig.restore(request)).toMatchObject({ exact: false, doubts: { 'metadata-missed': 1 } });
  expect(await rig.restore({ ...request, restoreTags: false, restoreAcls: false })).toMatchObject({ exact: true });
  await rig.backup({ bucket: 'src', metadata: 'FULL' });
  expect(await rig.restore(request)).toMatchObject({ exact: true });
});
