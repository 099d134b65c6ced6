import { toIso } from '../../../../lambda/core/values/instant';
import { LiveBucket } from '../../../support/live-bucket';
import { s3Message } from '../../../support/s3-message';
import { hourlyUpkeeps } from '../../support/continuous-rig';
import { Rig } from '../../support/rig';

const HOUR = 3600;
let replicas = 0;

async function continued() {
  const rig = new Rig();
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  client.put('there', 'x');
  client.take();
  await hourlyUpkeeps(rig, 2);
  const now = (): number => Math.floor(rig.s3.now);
  const replicaOf = (lastModified: number) => ({
    replicaOf: { versionId: `elsewhere-${String(++replicas)}`, lastModified },
  });
  const captured = async (): Promise<void> => {
    rig.s3.advance(10);
    expect(await rig.capture(client.take())).toEqual([]);
  };
  /** What a restore of an instant would bring. */
  const restored = async (instant: number) => {
    const request = { sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, dryRun: true };
    const { exact, doubts, planned } = await rig.restore({ ...request, pointInTime: toIso(instant) });
    return { exact, doubts, objects: planned.objects };
  };
  return { rig, client, now, replicaOf, captured, restored };
}

test('a replica is in no instant before its arrival, and in all after it', async () => {
  const { rig, client, now, replicaOf, captured, restored } = await continued();
  const made = now();
  rig.s3.advance(30 * HOUR);
  const arrived = now();
  client.put('doc', 'replicated', replicaOf(made));
  await captured();
  await hourlyUpkeeps(rig, 30);
  const whole = { exact: true, doubts: {} };
  expect(await restored(made + 1)).toEqual({ ...whole, objects: 1 });
  expect(await restored(arrived - 1)).toEqual({ ...whole, objects: 1 });
  expect(await restored(arrived)).toEqual({ ...whole, objects: 2 });
});

test('a replica that is late by days does not hold back how far changes are captured', async () => {
  const { rig, client, now, replicaOf, captured, restored } = await continued();
  client.put('doc', 'replicated', replicaOf(now() - 40 * HOUR));
  await captured();
  await hourlyUpkeeps(rig, 1);
  expect((await restored(now() - HOUR / 2)).doubts).toEqual({ 'not-reconciled': 1 });
});

test('a replica whose event was lost came after the last look at all versions, whatever looked at current ones since', async () => {
  const { rig, client, now, replicaOf, restored } = await continued();
  const looked = now();
  rig.s3.advance(60);
  await rig.backup({ bucket: 'src', source: 'listing', versions: 'CURRENT' });
  rig.s3.advance(60);
  client.put('doc', 'replicated', replicaOf(looked - 40 * HOUR));
  client.take();
  const arrived = now();
  await hourlyUpkeeps(rig, 30);
  expect(await restored(arrived - 30)).toMatchObject({ exact: false, doubts: { visibility: 1 } });
  expect(await restored(now() - 20 * HOUR)).toEqual({ exact: true, doubts: {}, objects: 2 });
});

test('the delete marker of a replica hides its object from its arrival on', async () => {
  const { rig, client, now, replicaOf, captured, restored } = await continued();
  rig.s3.advance(HOUR);
  const made = now();
  rig.s3.advance(2 * HOUR);
  const arrived = now();
  client.delete('there', replicaOf(made));
  await captured();
  await hourlyUpkeeps(rig, 30);
  expect(await restored(arrived - 1)).toEqual({ exact: true, doubts: {}, objects: 1 });
  expect(await restored(arrived)).toEqual({ exact: true, doubts: {}, objects: 0 });
});

test.each([true, false])(
  'a marker that is gone before its event is read is in doubt, a replica or not (%s)',
  async (isReplica) => {
    const { rig, client, now, replicaOf, captured, restored } = await continued();
    const made = now();
    rig.s3.advance(60);
    client.put('doc', 'newer than the marker');
    rig.s3.advance(60);
    const arrived = now();
    const versionId = client.delete('doc', isReplica ? replicaOf(made) : {});
    const alone = client.delete('nothing', replicaOf(made));
    rig.s3.advance(30);
    const gone = now();
    client.deleteVersion('doc', versionId);
    client.deleteVersion('nothing', alone);
    await captured();
    await hourlyUpkeeps(rig, 30);
    const whole = { exact: true, doubts: {}, objects: 2 };
    expect(await restored(arrived - 1)).toEqual(whole);
    expect(await restored(arrived)).toEqual({ exact: false, doubts: { 'marker-date': 1 }, objects: 1 });
    expect(await restored(gone - 1)).toMatchObject({ exact: false });
    expect(await restored(gone)).toEqual(whole);
  },
);

test('a replica whose event was missed is in doubt between the two listings', async () => {
  const { rig, client, now, replicaOf, restored } = await continued();
  const made = now();
  await hourlyUpkeeps(rig, 25);
  const seenNot = now();
  rig.s3.advance(HOUR);
  client.put('doc', 'replicated', replicaOf(made));
  client.take();
  await hourlyUpkeeps(rig, 50);
  expect(await restored(made + 1)).toEqual({ exact: true, doubts: {}, objects: 1 });
  const between = await restored(seenNot + HOUR / 2);
  expect(between).toMatchObject({ exact: false, objects: 2 });
  expect(between.doubts).toMatchObject({ visibility: 1 });
  expect(await restored(now() - 26 * HOUR)).toEqual({ exact: true, doubts: {}, objects: 2 });
});

test('an event within the seconds of S3 clocks leaves these seconds in doubt', async () => {
  const { rig, client, now, replicaOf, captured, restored } = await continued();
  rig.s3.advance(HOUR);
  const arrived = now();
  client.put('doc', 'replicated', replicaOf(arrived - 4));
  client.put('usual', 'by a client', replicaOf(arrived - 1));
  await captured();
  await hourlyUpkeeps(rig, 30);
  expect(await restored(arrived - 1)).toEqual({ exact: false, doubts: { visibility: 1 }, objects: 3 });
  expect(await restored(arrived)).toEqual({ exact: true, doubts: {}, objects: 3 });
});

test('an object that is encrypted anew was there before', async () => {
  const { rig, client, now, captured, restored } = await continued();
  rig.s3.advance(HOUR);
  const written = now();
  const versionId = client.put('doc', 'body');
  await captured();
  await hourlyUpkeeps(rig, 2);
  // S3 sends one more event of the same version.
  const { etag, size } = rig.s3.find('src', 'doc');
  const object = { key: 'doc', 'version-id': versionId, etag, size, sequencer: 'ffff' };
  expect(await rig.capture([s3Message(rig.s3, 'src', 'Object Created', object)])).toEqual([]);
  await hourlyUpkeeps(rig, 30);
  expect(await restored(written)).toEqual({ exact: true, doubts: {}, objects: 2 });
});

test('a rollback to a recovery point takes a replica away that arrived after it', async () => {
  const rig = new Rig();
  rig.s3.createBucket('src');
  rig.s3.put('src', 'there', 'x');
  rig.s3.advance(1000);
  const replicaOf = { versionId: 'elsewhere', lastModified: Math.floor(rig.s3.now) };
  rig.s3.advance(600);
  const { recoveryPointId } = await rig.backup({ bucket: 'src' });
  rig.s3.advance(100);
  rig.s3.put('src', 'doc', 'replicated', { replicaOf });
  rig.s3.advance(HOUR);
  await rig.backup({ bucket: 'src' });
  const { status } = await rig.restore({ sourceBucket: 'src', recoveryPointId, rollback: true });
  expect({ status, keys: rig.s3.keys('src') }).toEqual({ status: 'COMPLETED', keys: ['there'] });
});
