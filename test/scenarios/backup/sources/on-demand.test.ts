import { toIso } from '../../../../lambda/core/values/instant';
import { deliverReport } from '../../../support/inventory-report';
import { LiveBucket } from '../../../support/live-bucket';
import { hourlyUpkeeps } from '../../support/continuous-rig';
import { Rig, SCRATCH } from '../../support/rig';

const HOUR = 3600;

/** A bucket with continuous backup in which something was written a minute ago, and deleted half a minute ago. */
async function justWritten() {
  const rig = new Rig();
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  for (const key of ['kept', 'deleted']) client.put(key, 'x');
  client.take();
  await hourlyUpkeeps(rig, 3);
  client.put('new', 'written a minute ago');
  rig.s3.advance(30);
  client.delete('deleted');
  rig.s3.advance(30);
  const scheduled = (): object => {
    const now = Math.floor(rig.s3.now);
    const windows = { startBy: toIso(now + HOUR), completeBy: toIso(now + 2 * HOUR) };
    return { plan: 'plan', rule: 'Daily', scheduledTime: toIso(now), ...windows };
  };
  return { rig, client, scheduled };
}

test.each(['captured', 'on their way'])(
  'a job that a person starts has all that was written before it (events: %s)',
  async (events) => {
    const { rig, client } = await justWritten();
    if (events === 'captured') expect(await rig.capture(client.take())).toEqual([]);
    const started = Math.floor(rig.s3.now);
    const output = await rig.backup({ bucket: 'src' });
    expect(output).toMatchObject({
      status: 'COMPLETED',
      source: 'listing',
      asOf: toIso(started),
      objects: 2,
      versions: 3,
    });
    await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true });
    expect(rig.s3.keys('dst')).toEqual(['kept', 'new']);
  },
);

test('a fresh report is not enough either', async () => {
  const { rig } = await justWritten();
  deliverReport(rig.s3, 'src', SCRATCH);
  rig.s3.advance(60);
  rig.s3.put('src', 'newer', 'after the report');
  expect(await rig.backup({ bucket: 'src' })).toMatchObject({ source: 'listing', objects: 3 });
});

test.each([
  ['asked for changes', { source: 'changes' }],
  ['said how old it may be', { maxSourceAgeMinutes: 120 }],
])('whoever %s gets the instant that was captured, and is told which one', async (_, fields) => {
  const { rig } = await justWritten();
  const written = Math.floor(rig.s3.now) - 60;
  const { source, asOf, objects } = await rig.backup({ bucket: 'src', ...fields });
  expect({ source, objects }).toEqual({ source: 'changes', objects: 2 });
  expect(Date.parse(asOf) / 1000).toBeLessThan(written);
});

test('a schedule goes on taking what was captured', async () => {
  const { rig, scheduled } = await justWritten();
  expect(await rig.backup({ bucket: 'src', scheduled: scheduled() })).toMatchObject({ source: 'changes', objects: 2 });
});
