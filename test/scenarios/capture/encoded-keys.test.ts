import { s3Message } from '../../support/s3-message';
import { hourlyUpkeeps } from '../support/continuous-rig';
import { Rig } from '../support/rig';

async function continued() {
  const rig = new Rig();
  rig.s3.createBucket('src');
  await hourlyUpkeeps(rig, 2);
  const created = (key: string, versionId: string, named: string) => {
    const { etag, size } = rig.s3.find('src', key, versionId);
    const object = { key: named, 'version-id': versionId, etag, size, sequencer: 'ff' };
    return s3Message(rig.s3, 'src', 'Object Created', object, { reason: 'PutObject' });
  };
  const upkeep = async () => {
    rig.s3.advance(3600);
    const { captured, lost } = await rig.upkeep({ bucket: 'src', deleteAfterDays: 35 });
    return { captured, lost };
  };
  return { rig, created, upkeep };
}

test('a version that is not found under an encoded key is stored under the decoded one', async () => {
  const { rig, created, upkeep } = await continued();
  const key = 'reports 2026/über.txt';
  const versionId = rig.s3.put('src', key, 'x', { tags: { a: 'b' } });
  const named = 'reports+2026/%C3%BCber.txt';
  const tagged = s3Message(rig.s3, 'src', 'Object Tags Added', { key: named, 'version-id': versionId });
  rig.s3.advance(6);
  expect(await rig.capture([created(key, versionId, named), tagged])).toEqual([]);
  expect(await upkeep()).toEqual({ captured: 1, lost: 0 });
  rig.s3.advance(3600);
  const { objects, status } = await rig.backup({ bucket: 'src', source: 'changes' });
  expect({ objects, status }).toEqual({ objects: 1, status: 'COMPLETED' });
  const to = { destinationBucket: 'dst', createBucket: true };
  expect(await rig.restore({ sourceBucket: 'src', ...to })).toMatchObject({ restored: 1 });
  expect(rig.s3.text('dst', key)).toBe('x');
});

test('a key that has such characters itself is taken as it is', async () => {
  const { rig, created, upkeep } = await continued();
  const key = 'a+b%20c';
  rig.s3.put('src', 'a b c', 'other');
  const versionId = rig.s3.put('src', key, 'x');
  rig.s3.advance(6);
  expect(await rig.capture([created(key, versionId, key)])).toEqual([]);
  expect(await upkeep()).toEqual({ captured: 1, lost: 0 });
});

test('a version that is gone is lost, whatever its key looks like', async () => {
  const { rig, created, upkeep } = await continued();
  const key = 'a+b';
  rig.s3.put('src', 'a b', 'of another key');
  const versionId = rig.s3.put('src', key, 'x');
  const message = created(key, versionId, key);
  rig.s3.deleteVersion('src', key, versionId);
  rig.s3.advance(6);
  expect(await rig.capture([message])).toEqual([]);
  expect(await upkeep()).toEqual({ captured: 0, lost: 1 });
});
