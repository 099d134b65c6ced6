import { LiveBucket } from '../../../support/live-bucket';
import { manifest } from '../../support/changed-rig';
import { hourlyUpkeeps } from '../../support/continuous-rig';
import { Rig } from '../../support/rig';

const HOUR = 3600;
const newest = async (rig: Rig) => manifest(rig, (await rig.ports.vault.newestSeq('src')) ?? 0);

/** A bucket with continuous backup and two objects. */
async function continued() {
  const rig = new Rig();
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  for (const key of ['a', 'b']) client.put(key, key);
  client.take();
  await hourlyUpkeeps(rig, 3);
  return { rig, client };
}

test('one version that may not be read does not keep a job that reads all tags from its end: until all are read, it says so', async () => {
  const { rig } = await continued();
  rig.s3.refuse('src', 'b', 'policy');
  const full = { bucket: 'src', metadata: 'FULL', source: 'listing' };
  const refused = await rig.backup(full);
  expect(refused).toMatchObject({ status: 'PARTIAL', objects: 2, reused: 2, skipped: {} });
  const { metadataThrough = '' } = await newest(rig);
  expect(metadataThrough < refused.asOf).toBe(true);
  rig.s3.refuse('src', 'b', undefined);
  rig.s3.advance(60);
  const read = await rig.backup(full);
  expect(read).toMatchObject({ status: 'COMPLETED', objects: 2 });
  expect((await newest(rig)).metadataThrough).toBe(read.asOf);
});

test('an upkeep after a gap goes on past a version that may not be read', async () => {
  const { rig, client } = await continued();
  rig.s3.bucket('src').notifications.eventBridge = false;
  client.tag('a', rig.s3.find('src', 'a').versionId, { k: 'changed' });
  rig.s3.refuse('src', 'b', 'policy');
  rig.s3.advance(HOUR);
  expect(await rig.upkeep({ bucket: 'src', deleteAfterDays: 35 })).toMatchObject({ status: 'PARTIAL' });
  expect((await newest(rig)).changesMissed).toBe(true);
  rig.s3.advance(60);
  const point = await rig.backup({ bucket: 'src', source: 'listing' });
  const { recoveryPointId } = point;
  const request = { sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, recoveryPointId };
  expect(await rig.restore(request)).toMatchObject({ exact: false, doubts: { 'metadata-missed': 1 } });
  expect(rig.s3.find('dst', 'a').tags).toEqual({ k: 'changed' });
});
