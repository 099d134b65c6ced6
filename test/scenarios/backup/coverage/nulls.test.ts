import { toIso } from '../../../../lambda/core/values/instant';
import { historyOf } from '../../../support/bucket-state';
import { pick, randomOf } from '../../../support/dice';
import { deliverReport } from '../../../support/inventory-report';
import { LiveBucket } from '../../../support/live-bucket';
import { seeds } from '../../../support/seeds';
import { s3Message } from '../../../support/s3-message';
import { currentAt, historyOfBucket, textOf } from '../../../support/view-of-bucket';
import { hourlyUpkeeps } from '../../support/continuous-rig';
import { Rig, type RigOptions, SCRATCH } from '../../support/rig';

const HOUR = 3600;
const ALL = { sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, versions: 'all' };

/** A bucket whose versioning was suspended once, with continuous backup since some hours. */
async function begun(early: (client: LiveBucket) => void = () => undefined, options: RigOptions = {}) {
  const rig = new Rig(options);
  rig.s3.createBucket('src', { versioning: 'Suspended' });
  const client = new LiveBucket(rig.s3, 'src');
  early(client);
  rig.s3.setVersioning('src', 'Enabled');
  for (const key of ['a', 'b', 'c']) client.put(key, `${key} first`);
  client.take();
  rig.s3.advance(100);
  const capture = async (): Promise<void> => {
    expect(await rig.capture(client.take())).toEqual([]);
  };
  const upkeep = async (): Promise<void> => {
    await capture();
    rig.s3.advance(HOUR);
    await rig.upkeep({ bucket: 'src', deleteAfterDays: 35 });
  };
  await upkeep();
  await upkeep();
  return { rig, client, capture, upkeep };
}

test('a report that has a null version or a null marker which was deleted since: numbers are those of a restore', async () => {
  const { rig, client, upkeep } = await begun((client) => {
    client.put('old', 'from before versioning');
    client.delete('a');
  });
  deliverReport(rig.s3, 'src', SCRATCH);
  client.deleteVersion('old', 'null');
  client.deleteVersion('a', 'null');
  await upkeep();
  await upkeep();
  const output = await rig.backup({ bucket: 'src', source: 'inventory' });
  expect(output).toMatchObject({ status: 'COMPLETED', source: 'inventory', objects: 3, versions: 3 });
  expect(await rig.restore(ALL)).toMatchObject({ status: 'COMPLETED', restored: 3 });
  expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));
});

test('a null version that was written in the second in which another one was deleted is there', async () => {
  const { rig, client, upkeep } = await begun();
  rig.s3.setVersioning('src', 'Suspended');
  client.put('n', 'one');
  client.deleteVersion('n', 'null');
  client.put('n', 'two');
  rig.s3.setVersioning('src', 'Enabled');
  const time = rig.s3.now;
  await upkeep();
  expect(await textOf(rig, await currentAt(rig, 'src', time, 'n'))).toBe('two');
  expect(await rig.backup({ bucket: 'src', source: 'listing' })).toMatchObject({ objects: 4, versions: 4 });
  expect(await rig.restore(ALL)).toMatchObject({ status: 'COMPLETED', restored: 4 });
  expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));
});

test.each([0, -10])('a large null version is lost when an upload dated %d s from it takes its place', async (dated) => {
  const settings = { packThreshold: 12, copyPartSize: 4 };
  const { rig, client, capture, upkeep } = await begun(undefined, { settings });
  rig.s3.setVersioning('src', 'Suspended');
  client.put('n', 'one, which is larger than four parts');
  const written = Math.floor(rig.s3.now);
  rig.s3.advance(30);
  // S3 dates an upload by its start, and it is there from its end on.
  const two = 'two, which is larger than four parts too';
  client.put('n', two, { at: written + dated, parts: [10, 30] });
  rig.s3.setVersioning('src', 'Enabled');
  const replaced = Math.floor(rig.s3.now);
  await capture();
  expect(rig.metrics.of('VersionsLost')).toEqual([1]);
  for (let hour = 0; hour < 26; hour++) await upkeep();
  const at = async (instant: number) => {
    const destinationBucket = rig.nextName();
    const request = { sourceBucket: 'src', items: ['n'], pointInTime: toIso(instant), destinationBucket };
    const { exact, doubts } = await rig.restore({ ...request, createBucket: true });
    return { exact, doubts, text: rig.s3.text(destinationBucket, 'n') };
  };
  expect(await at(written + 5)).toMatchObject({ exact: false, text: undefined });
  expect(await at(replaced)).toEqual({ exact: true, doubts: {}, text: two });
});

test('the ACL of a null version that is gone before its event is read is in doubt, and that of no other key', async () => {
  const rig = new Rig();
  rig.s3.createBucket('src', { versioning: 'Disabled', ownership: 'ObjectWriter' });
  const client = new LiveBucket(rig.s3, 'src');
  client.put('n', 'from before versioning');
  rig.s3.setVersioning('src', 'Enabled');
  const versionId = client.put('v', 'a version');
  client.take();
  rig.s3.advance(100);
  await hourlyUpkeeps(rig, 2);
  rig.s3.advance(10);
  const acl = { owner: rig.s3.owner, grants: [{ grantee: { id: 'friend' }, permission: 'READ' as const }] };
  client.grant('n', 'null', acl);
  rig.s3.setAcl('src', 'v', acl, versionId);
  // S3 may leave the version out of events of ACLs.
  client.sent.push(s3Message(rig.s3, 'src', 'Object ACL Updated', { key: 'v' }));
  const granted = Math.floor(rig.s3.now);
  rig.s3.advance(30);
  client.put('n', 'newer');
  client.deleteVersion('n', 'null');
  const gone = Math.floor(rig.s3.now);
  rig.s3.advance(6);
  expect(await rig.capture(client.take())).toEqual([]);
  await hourlyUpkeeps(rig, 26);
  const at = async (key: string, instant: number) => {
    const request = { sourceBucket: 'src', items: [key], destinationBucket: 'dst', createBucket: true, dryRun: true };
    const { exact, doubts } = await rig.restore({ ...request, pointInTime: toIso(instant) });
    return { exact, doubts };
  };
  expect(await at('n', granted - 1)).toEqual({ exact: true, doubts: {} });
  expect(await at('n', granted)).toEqual({ exact: false, doubts: { acl: 1 } });
  expect(await at('n', gone)).toEqual({ exact: true, doubts: {} });
  expect(await at('v', granted)).toEqual({ exact: true, doubts: {} });
  const states = (await historyOfBucket(rig, 'src')).get('v')?.filter(({ kind }) => kind === 'state');
  expect(states).toMatchObject([{ versionId, acl: expect.stringContaining('friend') as string }]);
});

test('a null version that was deleted and written again with the same bytes in the same second is there', async () => {
  const { rig, client, capture, upkeep } = await begun();
  rig.s3.setVersioning('src', 'Suspended');
  client.put('n', 'same');
  await capture();
  client.deleteVersion('n', 'null');
  await capture();
  client.put('n', 'same');
  await capture();
  rig.s3.setVersioning('src', 'Enabled');
  await upkeep();
  await rig.backup({ bucket: 'src', source: 'changes' });
  expect(await rig.restore(ALL)).toMatchObject({ status: 'COMPLETED', restored: 4 });
  expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));
});

test('each null version of a key has a deletion of its own', async () => {
  const { rig, client, capture, upkeep } = await begun();
  rig.s3.setVersioning('src', 'Suspended');
  client.put('n', 'one');
  await capture();
  rig.s3.advance(10);
  client.deleteVersion('n', 'null');
  rig.s3.advance(10);
  client.put('n', 'two');
  await capture();
  rig.s3.setVersioning('src', 'Enabled');
  rig.s3.advance(HOUR);
  client.deleteVersion('n', 'null');
  const deleted = rig.s3.now;
  await upkeep();
  expect(await textOf(rig, await currentAt(rig, 'src', deleted - 1, 'n'))).toBe('two');
  expect((await currentAt(rig, 'src', deleted, 'n'))?.versions).toEqual([]);
  expect(await rig.backup({ bucket: 'src', source: 'changes' })).toMatchObject({ objects: 3, versions: 3 });
  expect(await rig.restore(ALL)).toMatchObject({ status: 'COMPLETED', restored: 3 });
  expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));
});

test('an event that comes when the same bytes were written once more is not taken for the later version', async () => {
  const { rig, client, capture, upkeep } = await begun();
  rig.s3.setVersioning('src', 'Suspended');
  client.put('n', 'before');
  await capture();
  rig.s3.advance(10);
  client.put('n', 'same');
  const late = client.take();
  const first = rig.s3.now;
  rig.s3.advance(10);
  client.put('n', 'between');
  await capture();
  rig.s3.advance(10);
  client.put('n', 'same');
  const second = rig.s3.now;
  rig.s3.setVersioning('src', 'Enabled');
  expect(await rig.capture(late)).toEqual([]);
  await upkeep();
  // Nobody has read what it was, and nothing else is told for it.
  expect((await currentAt(rig, 'src', first, 'n'))?.currentUncertain).toEqual(['not-stored']);
  expect(await textOf(rig, await currentAt(rig, 'src', first + 10, 'n'))).toBe('between');
  const now = await currentAt(rig, 'src', second, 'n');
  expect([await textOf(rig, now), now?.uncertain]).toEqual(['same', []]);
});

test('two null versions of the same bytes whose events come together are two', async () => {
  const { rig, client, capture, upkeep } = await begun();
  rig.s3.setVersioning('src', 'Suspended');
  client.put('n', 'same');
  const first = rig.s3.now;
  rig.s3.advance(7);
  client.put('n', 'same');
  const second = rig.s3.now;
  rig.s3.advance(6);
  await capture();
  client.delete('n');
  rig.s3.setVersioning('src', 'Enabled');
  await upkeep();
  expect((await currentAt(rig, 'src', first, 'n'))?.currentUncertain).toEqual(['not-stored']);
  const view = await currentAt(rig, 'src', second, 'n');
  expect([await textOf(rig, view), view?.currentUncertain]).toEqual(['same', []]);
});

test('an event of a null marker that comes after another one is not taken for that one', async () => {
  const { rig, client, capture, upkeep } = await begun();
  rig.s3.setVersioning('src', 'Suspended');
  client.put('n', 'before');
  await capture();
  rig.s3.advance(10);
  client.delete('n');
  const late = client.take();
  const first = rig.s3.now;
  rig.s3.advance(10);
  client.put('n', 'between');
  await capture();
  rig.s3.advance(10);
  client.delete('n');
  rig.s3.setVersioning('src', 'Enabled');
  expect(await rig.capture(late)).toEqual([]);
  await upkeep();
  expect((await currentAt(rig, 'src', first, 'n'))?.versions[0]?.row.kind).toBe('marker');
  expect(await textOf(rig, await currentAt(rig, 'src', first + 10, 'n'))).toBe('between');
});

test('a null version that was refused is not stored with what was written over it, be it of the same bytes', async () => {
  const { rig, client, capture, upkeep } = await begun();
  rig.s3.setVersioning('src', 'Suspended');
  client.put('n', 'same');
  const first = rig.s3.now;
  rig.s3.refuse('src', 'n', 'policy');
  rig.s3.advance(1);
  await capture();
  rig.s3.advance(10);
  client.put('n', 'between');
  await capture();
  rig.s3.advance(10);
  client.put('n', 'same');
  rig.s3.setVersioning('src', 'Enabled');
  const second = rig.s3.now;
  const late = client.take();
  await upkeep();
  expect(await rig.capture(late)).toEqual([]);
  await upkeep();
  expect((await currentAt(rig, 'src', first, 'n'))?.currentUncertain).toEqual(['not-stored']);
  expect(await textOf(rig, await currentAt(rig, 'src', second, 'n'))).toBe('same');
});

test('whatever takes the place of a null version, what was captured gives back what was there', async () => {
  for (const seed of seeds(40)) {
    const random = randomOf(seed);
    const { rig, client, capture, upkeep } = await begun((client) => client.put('k', 'early'));
    for (let step = 0; step < 12; step++) {
      if (random() < 0.5) rig.s3.advance(1);
      if (random() < 0.3) rig.s3.setVersioning('src', pick(random, ['Suspended', 'Enabled']));
      const key = pick(random, ['a', 'k']);
      const victim = pick(random, [undefined, ...rig.s3.history('src', key)]);
      if (random() < 0.6) client.put(key, pick(random, ['x', 'yy', 'three']));
      else if (random() < 0.6 || !victim) client.delete(key);
      else client.deleteVersion(key, victim.versionId);
      await capture();
    }
    rig.s3.setVersioning('src', 'Enabled');
    const then = historyOf(rig.s3, 'src');
    await upkeep();
    await upkeep();
    for (const source of ['changes', 'listing']) {
      const { recoveryPointId } = await rig.backup({ bucket: 'src', source });
      const destinationBucket = `dst-${source}`;
      const restored = await rig.restore({ ...ALL, recoveryPointId, destinationBucket });
      const facts = { seed, source };
      expect({ ...facts, status: restored.status }).toEqual({ ...facts, status: 'COMPLETED' });
      expect({ ...facts, found: historyOf(rig.s3, destinationBucket) }).toEqual({ ...facts, found: then });
    }
  }
});
