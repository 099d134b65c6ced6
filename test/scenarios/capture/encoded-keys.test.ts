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

test('nothing is asked for a second key as long as the first one is there', async () => {
  const { rig, created } = await continued();
  const key = 'a+b%20c';
  const versionId = rig.s3.put('src', key, 'x');
  const tagged = s3Message(rig.s3, 'src', 'Object Tags Added', { key, 'version-id': versionId });
  const before = { ...rig.captureSource.counts() };
  rig.s3.advance(6);
  expect(await rig.capture([created(key, versionId, key), tagged])).toEqual([]);
  const { GetObject = 0, HeadObject = 0 } = rig.captureSource.counts();
  expect([GetObject - (before['GetObject'] ?? 0), HeadObject - (before['HeadObject'] ?? 0)]).toEqual([1, 0]);
  expect(rig.metrics.of('KeysDecoded')).toEqual([]);
});

test('a delete marker is found under the decoded key, with its date', async () => {
  const { rig, upkeep } = await continued();
  rig.s3.put('src', 'a b', 'x');
  const versionId = rig.s3.delete('src', 'a b') ?? '';
  rig.s3.advance(6);
  const object = { key: 'a+b', 'version-id': versionId, sequencer: 'ff' };
  const marked = s3Message(rig.s3, 'src', 'Object Deleted', object, { 'deletion-type': 'Delete Marker Created' });
  expect(await rig.capture([marked])).toEqual([]);
  expect(rig.metrics.of('KeysDecoded')).toEqual([1]);
  await upkeep();
  rig.s3.advance(3600);
  expect(await rig.backup({ bucket: 'src' })).toMatchObject({ objects: 0, status: 'COMPLETED' });
  expect(rig.metrics.of('ReconcileGaps').at(-1)).toBe(1);
});

test('a null version is never looked for under another key', async () => {
  const { rig } = await continued();
  rig.s3.setVersioning('src', 'Suspended');
  rig.s3.put('src', 'a b', 'of another key');
  const created = s3Message(rig.s3, 'src', 'Object Created', { key: 'a+b', etag: 'e', size: 1, sequencer: 'ff' });
  rig.s3.advance(6);
  expect(await rig.capture([created])).toEqual([]);
  expect(rig.metrics.of('KeysDecoded')).toEqual([]);
  expect(rig.metrics.of('VersionsLost')).toEqual([1]);
});

describe('a permanent deletion', () => {
  const deleted = (rig: Rig, key: string, versionId: string) => {
    const object = { key, 'version-id': versionId, sequencer: 'fff' };
    return s3Message(rig.s3, 'src', 'Object Deleted', object, { 'deletion-type': 'Permanently Deleted' });
  };
  const objectsAt = async (rig: Rig) => {
    rig.s3.advance(3600);
    return (await rig.backup({ bucket: 'src', source: 'changes' })).objects;
  };

  test('under an encoded key is that of the version which the history has under the decoded one', async () => {
    const { rig, created, upkeep } = await continued();
    const versionId = rig.s3.put('src', 'a b/ü', 'x');
    rig.s3.put('src', 'kept', 'x');
    const kept = rig.s3.find('src', 'kept').versionId;
    rig.s3.advance(6);
    await rig.capture([created('a b/ü', versionId, 'a+b/%C3%BC'), created('kept', kept, 'kept')]);
    await upkeep();
    rig.s3.deleteVersion('src', 'a b/ü', versionId);
    rig.s3.advance(6);
    expect(await rig.capture([deleted(rig, 'a+b/%C3%BC', versionId)])).toEqual([]);
    await upkeep();
    expect(await objectsAt(rig)).toBe(1);
    // The comparison finds nothing that no event had told of.
    rig.s3.advance(26 * 3600);
    await upkeep();
    expect(rig.metrics.of('ReconcileGaps').at(-1)).toBe(0);
  });

  test('is that of a version which came since the last commit, too', async () => {
    const { rig, created, upkeep } = await continued();
    const versionId = rig.s3.put('src', 'a b/ü', 'x');
    const message = created('a b/ü', versionId, 'a+b/%C3%BC');
    rig.s3.advance(6);
    expect(await rig.capture([message])).toEqual([]);
    rig.s3.deleteVersion('src', 'a b/ü', versionId);
    rig.s3.advance(6);
    expect(await rig.capture([deleted(rig, 'a+b/%C3%BC', versionId)])).toEqual([]);
    await upkeep();
    expect(await objectsAt(rig)).toBe(0);
    rig.s3.advance(26 * 3600);
    await upkeep();
    expect(rig.metrics.of('ReconcileGaps').at(-1)).toBe(0);
  });

  test('of a key that has such characters itself stays as it is', async () => {
    const { rig, created, upkeep } = await continued();
    const [plain, other] = [rig.s3.put('src', 'a+b', 'x'), rig.s3.put('src', 'a b', 'y')];
    rig.s3.advance(6);
    await rig.capture([created('a+b', plain, 'a+b'), created('a b', other, 'a b')]);
    await upkeep();
    rig.s3.deleteVersion('src', 'a+b', plain);
    rig.s3.advance(6);
    expect(await rig.capture([deleted(rig, 'a+b', plain)])).toEqual([]);
    await upkeep();
    expect(await objectsAt(rig)).toBe(1);
    expect(await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true })).toMatchObject({
      restored: 1,
    });
    expect(rig.s3.keys('dst')).toEqual(['a b']);
  });
});
