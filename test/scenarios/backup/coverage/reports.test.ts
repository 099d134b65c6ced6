import { toIso } from '../../../../lambda/core/values/instant';
import { historyOf } from '../../../support/bucket-state';
import { deliverReport } from '../../../support/inventory-report';
import { LiveBucket } from '../../../support/live-bucket';
import { currentAt, textOf } from '../../../support/view-of-bucket';
import { manifest } from '../../support/changed-rig';
import { Rig, SCRATCH } from '../../support/rig';

const HOUR = 3600;
const INVENTORY = { bucket: 'src', source: 'inventory' };

/** A bucket with continuous backup since some hours, and an upkeep each hour. */
async function begun() {
  const rig = new Rig();
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  for (const key of ['a', 'b', 'c', 'd']) client.put(key, `${key} first`);
  client.take();
  rig.s3.advance(100);
  const upkeep = async (action = 'auto') => {
    expect(await rig.capture(client.take())).toEqual([]);
    rig.s3.advance(HOUR);
    return rig.upkeep({ bucket: 'src', deleteAfterDays: 35, action });
  };
  await upkeep();
  await upkeep();
  const hours = async (count: number): Promise<string[]> => {
    const sources: string[] = [];
    for (let hour = 0; hour < count; hour++) sources.push((await upkeep()).source);
    return sources;
  };
  /** What the newest commit says of continuous backup. */
  const newest = async () => manifest(rig, (await rig.ports.vault.newestSeq('src')) ?? 0).continuous;
  return { rig, client, hours, newest };
}

test('a report that is older than the last commit of changes makes a recovery point that has the changes since', async () => {
  const { rig, client, hours } = await begun();
  const old = rig.s3.history('src', 'b')[0]?.versionId ?? '';
  client.put('b', 'b second');
  await hours(1);
  deliverReport(rig.s3, 'src', SCRATCH);
  // After the report: a new version, a new key, a marker, and a version that the report lists is deleted for good.
  client.put('a', 'a second');
  client.put('e', 'e first');
  client.delete('c');
  client.deleteVersion('b', old);
  await hours(3);
  const output = await rig.backup(INVENTORY);
  expect(output).toMatchObject({ status: 'COMPLETED', source: 'inventory', objects: 4, versions: 6, gaps: 0 });
  expect(output).toMatchObject({ skipped: {}, stored: 0, requests: { HeadObject: 3 } });
  const destinationBucket = 'dst';
  const restore = { sourceBucket: 'src', destinationBucket, createBucket: true, versions: 'all' };
  expect(await rig.restore(restore)).toMatchObject({ status: 'COMPLETED', restored: output.versions });
  expect(historyOf(rig.s3, destinationBucket)).toEqual(historyOf(rig.s3, 'src'));
});

test('what no event has told of is found in the report', async () => {
  const { rig, client, hours, newest } = await begun();
  client.put('missed', 'unseen');
  client.take();
  const time = rig.s3.now;
  await hours(2);
  deliverReport(rig.s3, 'src', SCRATCH);
  await hours(1);
  const before = await newest();
  expect(await rig.backup(INVENTORY)).toMatchObject({ stored: 1, gaps: 1, objects: 5 });
  expect(await textOf(rig, await currentAt(rig, 'src', time, 'missed'))).toBe('unseen');
  // A report may leave out what is younger than two days.
  expect((await newest())?.reconciledThrough).toBe(before?.reconciledThrough);
});

test('while capture is off, a report from before the last commit is not enough', async () => {
  const { rig, hours } = await begun();
  deliverReport(rig.s3, 'src', SCRATCH);
  await hours(2);
  rig.captureControl.state = { ...rig.captureControl.state, disabledRules: ['the-rule'] };
  await expect(rig.backup(INVENTORY)).rejects.toMatchObject({
    name: 'NoInventory',
    message: expect.stringMatching(/wait for the next report/) as string,
  });
});

test('a bucket whose reports are compared is not listed as well, until they stop coming', async () => {
  const { rig, hours, newest } = await begun();
  const sources: string[] = [];
  for (let day = 0; day < 5; day++) {
    deliverReport(rig.s3, 'src', SCRATCH);
    const began = toIso(rig.s3.now);
    expect(await rig.backup(INVENTORY)).toMatchObject({ source: 'inventory', status: 'COMPLETED' });
    expect(await newest()).toMatchObject({ lastReport: began });
    rig.s3.advance(60);
    sources.push(...(await hours(23)));
  }
  expect(new Set(sources)).toEqual(new Set(['changes']));
  expect(await hours(72)).toContain('listing');
});
