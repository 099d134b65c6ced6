import { toIso } from '../../../../lambda/core/values/instant';
import { LiveBucket } from '../../../support/live-bucket';
import { manifest } from '../../support/changed-rig';
import { hourlyUpkeeps } from '../../support/continuous-rig';
import { Rig } from '../../support/rig';

const HOUR = 3600;

/** A bucket with continuous backup, whose version `late` may not be read from before the first scan on. */
async function refusedFromTheStart() {
  const rig = new Rig({ settings: { packThreshold: 64, copyPartSize: 64 } });
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  client.put('there', 'x');
  const versionId = client.put('late', 'body', { tags: { a: 'before' } });
  rig.s3.refuse('src', 'late', 'key');
  client.take();
  rig.s3.advance(100);
  await hourlyUpkeeps(rig, 3);
  const at = async (instant: number) => {
    const destinationBucket = rig.nextName();
    const request = { sourceBucket: 'src', pointInTime: toIso(instant), destinationBucket, createBucket: true };
    const { exact, doubts } = await rig.restore(request);
    return { exact, doubts, tags: rig.s3.find(destinationBucket, 'late').tags };
  };
  return { rig, client, versionId, at };
}

describe.each(['a retry', 'a listing'])('a version that %s stores after a gap', (by) => {
  test('has tags that are not sure before the gap, and sure after it', async () => {
    const { rig, client, versionId, at } = await refusedFromTheStart();
    const before = Math.floor(rig.s3.now) - HOUR;
    rig.captureControl.state = { ...rig.captureControl.state, disabledRules: ['r'] };
    rig.s3.advance(60);
    client.tag('late', versionId, { a: 'in the gap' });
    client.take();
    await hourlyUpkeeps(rig, 1);
    rig.captureControl.state = { ...rig.captureControl.state, disabledRules: [] };
    if (by === 'a listing') rig.s3.refuse('src', 'late', undefined);
    await hourlyUpkeeps(rig, 3);
    rig.s3.refuse('src', 'late', undefined);
    await hourlyUpkeeps(rig, 26);
    const after = Math.floor(rig.s3.now) - 20 * HOUR;
    expect(await at(before)).toMatchObject({ exact: false, doubts: { tags: 1 } });
    expect(await at(after)).toEqual({ exact: true, doubts: {}, tags: { a: 'in the gap' } });
  });

  test('has its tags, and they are sure, without a gap', async () => {
    const { rig, at } = await refusedFromTheStart();
    const before = Math.floor(rig.s3.now) - HOUR;
    rig.s3.refuse('src', 'late', undefined);
    if (by === 'a listing') await rig.upkeep({ bucket: 'src', action: 'reconcile', deleteAfterDays: 35 });
    await hourlyUpkeeps(rig, 26);
    expect(await at(before)).toEqual({ exact: true, doubts: {}, tags: { a: 'before' } });
  });
});

test('a rollback plans with the same doubts', async () => {
  const { rig, client, versionId } = await refusedFromTheStart();
  const before = Math.floor(rig.s3.now) - HOUR;
  rig.captureControl.state = { ...rig.captureControl.state, disabledRules: ['r'] };
  rig.s3.advance(60);
  client.tag('late', versionId, { a: 'in the gap' });
  client.take();
  await hourlyUpkeeps(rig, 1);
  rig.captureControl.state = { ...rig.captureControl.state, disabledRules: [] };
  rig.s3.refuse('src', 'late', undefined);
  await hourlyUpkeeps(rig, 27);
  const request = { sourceBucket: 'src', pointInTime: toIso(before), rollback: true, dryRun: true };
  expect(await rig.restore(request)).toMatchObject({ exact: false, doubts: { tags: 1 } });
});

test.each([
  ['under a customer key', { sseC: true }],
  ['put straight into an archive', { storageClass: 'GLACIER' }],
  ['with metadata that HTTP cannot carry', { missingMetadata: 1 }],
  ['that a policy refuses', {}],
])('a version %s is no event that was missed, however often it is compared', async (how, options) => {
  const rig = new Rig();
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  client.put('there', 'x');
  client.take();
  await hourlyUpkeeps(rig, 2);
  rig.s3.advance(1);
  const written = Math.floor(rig.s3.now);
  client.put('odd', 'body', options);
  if (how === 'that a policy refuses') rig.s3.refuse('src', 'odd', 'policy');
  rig.s3.advance(6);
  expect(await rig.capture(client.take())).toEqual([]);
  await hourlyUpkeeps(rig, 2);
  for (let day = 0; day < 2; day++) {
    rig.s3.advance(HOUR);
    expect(await rig.upkeep({ bucket: 'src', action: 'reconcile', deleteAfterDays: 35 })).toMatchObject({ gaps: 0 });
    expect(manifest(rig, (await rig.ports.vault.newestSeq('src')) ?? 0).continuous?.gaps).toEqual([]);
    await hourlyUpkeeps(rig, 2);
  }
  const request = { sourceBucket: 'src', items: ['there'], destinationBucket: 'dst', createBucket: true };
  const { exact, doubts } = await rig.restore({ ...request, pointInTime: toIso(written + 60) });
  expect({ exact, doubts }).toEqual({ exact: true, doubts: {} });
});
