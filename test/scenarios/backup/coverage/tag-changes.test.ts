import { SETTLE_SECONDS } from '../../../../lambda/contract/change-log-schema';
import { StoreError } from '../../../../lambda/ports/object-store';
import keys from '../../../fixtures/keys.json';
import { historyOf } from '../../../support/bucket-state';
import { ChangedBucket } from '../../../support/changed-bucket';
import { deliverReport, type Record } from '../../../support/inventory-report';
import { acl, filled, HOUR, manifest, restored, segments, src } from '../../support/changed-rig';
import { Rig, SCRATCH } from '../../support/rig';

describe.each(['listing', 'inventory'] as const)('tags and ACLs that change between two backups (%s)', (source) => {
  const backUp = async (rig: Rig) => {
    rig.s3.advance(HOUR);
    if (source === 'inventory') deliverReport(rig.s3, 'src', SCRATCH);
    return rig.backup({ bucket: 'src', source });
  };

  test('are in the next recovery point, of old versions too, and not in the one before', async () => {
    const { rig, client } = filled(keys);
    await backUp(rig);
    const before = historyOf(rig.s3, 'src');
    rig.s3.advance(60);
    for (const [index, key] of keys.entries()) {
      const [current, old] = rig.s3.history('src', key);
      if (index % 4 === 0) client.tag(key, { [`ключ ${index}`]: 'значение+=/@' }, old!.versionId);
      if (index % 4 === 1) client.untag(key, old!.versionId);
      if (index % 4 === 2) client.grant(key, acl(rig, 'a-friend'), current!.versionId);
      if (index % 4 === 3) client.tag(key, { now: 'tagged' });
    }
    expect(await rig.capture(client.take())).toEqual([]);
    const output = await backUp(rig);
    expect(output).toMatchObject({ status: 'COMPLETED', stored: 0 });
    expect(Object.keys(output.requests).filter((name) => name !== 'ListObjectVersions')).toEqual([]);
    expect(manifest(rig, 2).counts.restated).toBe(keys.length);
    expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
    expect(await restored(rig, 1)).toEqual(before);
  });

  test('come over ranges and turns as well', async () => {
    const names = Array.from({ length: 40 }, (_, i) => `k${String(i).padStart(2, '0')}`);
    const settings = { rangeWeight: 5, sortRows: 3, listingUnitRows: 4, packThreshold: 4, concurrency: 2 };
    const { rig, client } = filled(names, { settings, pageSize: 7 });
    await backUp(rig);
    for (const key of names) client.tag(key, { k: key }, rig.s3.history('src', key)[1]!.versionId);
    await rig.capture(client.take());
    rig.s3.put('src', 'k05', 'newer');
    rig.s3.put('src', 'zz', 'new');
    await backUp(rig);
    expect(rig.turns['ranges']).toBeGreaterThan(4);
    expect(manifest(rig, 2).counts.restated).toBe(names.length);
    expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
  });

  test('of null versions belong to the one that was there', async () => {
    const rig = new Rig();
    rig.s3.createBucket('src', { versioning: 'Disabled', ownership: 'ObjectWriter' });
    const client = new ChangedBucket(rig.s3, 'src');
    for (const key of ['kept', 'replaced', 'under']) rig.s3.put('src', key, 'null', { tags: { is: 'null' } });
    rig.s3.setVersioning('src', 'Enabled');
    rig.s3.advance(5);
    rig.s3.put('src', 'under', 'newer', { tags: { is: 'newer' } });
    await backUp(rig);
    client.tag('kept', { is: 'changed' }, 'null');
    client.tag('under', { is: 'changed' }, 'null');
    client.tag('replaced', { is: 'lost with its version' }, 'null');
    await rig.capture(client.take());
    rig.s3.setVersioning('src', 'Suspended');
    rig.s3.advance(5);
    rig.s3.put('src', 'replaced', 'another null', { tags: { is: 'another' } });
    rig.s3.setVersioning('src', 'Enabled');
    await backUp(rig);
    expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
  });
});

test('duplicates, and events in any order, come to the same', async () => {
  const { rig, client } = filled();
  await rig.backup(src);
  rig.s3.advance(10);
  const first = client.tag('a', { n: '1' });
  rig.s3.advance(3);
  const second = client.tag('a', { n: '2' });
  rig.s3.advance(3);
  const third = client.untag('b', rig.s3.history('src', 'b')[1]!.versionId);
  await rig.capture([second, third, second]);
  rig.s3.advance(1000);
  await rig.capture([first, first]);
  await rig.capture([third]);
  rig.s3.advance(HOUR);
  await rig.backup(src);
  expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
  // What comes once more after its commit says nothing new.
  const before = segments(rig);
  await rig.capture([third, second]);
  rig.s3.advance(HOUR);
  await rig.backup(src);
  expect(segments(rig)).toBe(before);
  expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
});

test('a value that changes and comes back is kept at each instant, even when the change comes a commit later', async () => {
  const { rig, client } = filled(['a']);
  rig.s3.setTags('src', 'a', { n: '0' });
  await rig.backup(src);
  rig.s3.advance(HOUR);
  // The capture of the first change read it, and was slow to write: the second one overtook it.
  const append = rig.changeLog.append.bind(rig.changeLog);
  const held: Parameters<typeof append>[0][] = [];
  rig.changeLog.append = (changes) => Promise.resolve(void held.push(changes));
  await rig.capture([client.tag('a', { n: '1' })]);
  rig.changeLog.append = append;
  rig.s3.advance(60);
  await rig.capture([client.tag('a', { n: '0' })]);
  rig.s3.advance(30);
  const second = rig.s3.now;
  for (const changes of held) await rig.changeLog.append(changes);
  rig.s3.now = second + SETTLE_SECONDS - 1;
  await rig.backup(src);
  rig.s3.advance(HOUR);
  await rig.backup(src);
  expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
});

test('an event that comes after the commit comes with the next', async () => {
  const { rig, client } = filled();
  await rig.backup(src);
  rig.s3.advance(HOUR);
  const late = client.tag('a', { late: 'yes' });
  const before = await restored(rig, 1);
  rig.s3.advance(HOUR);
  await rig.backup(src);
  expect(await restored(rig, 2)).toEqual(before);
  await rig.capture([late]);
  rig.s3.advance(HOUR);
  await rig.backup(src);
  expect(await restored(rig, 3)).toEqual(historyOf(rig.s3, 'src'));
  expect(await restored(rig, 2)).toEqual(before);
});

test('what is not settled waits for the next job, and nothing falls between two', async () => {
  const { rig, client } = filled(['a']);
  await rig.backup(src);
  for (let n = 0; n < 40; n++) {
    await rig.capture([client.tag('a', { n: String(n) })]);
    rig.s3.advance(61);
    await rig.capture([client.tag('a', { n: `${String(n)} again` }, rig.s3.history('src', 'a')[1]!.versionId)]);
    rig.s3.advance(97);
    await rig.backup(src);
  }
  expect(manifest(rig, 41).counts.restated).toBeLessThanOrEqual(2);
  rig.s3.advance(HOUR);
  await rig.backup(src);
  expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
});

test('a version that is stored by the job that sees the event has the tags of its own read', async () => {
  const { rig, client } = filled();
  await rig.backup(src);
  rig.s3.advance(HOUR);
  rig.s3.put('src', 'new', 'x', { tags: { n: '0' } });
  const early = client.tag('new', { n: '1' });
  await rig.capture([early]);
  rig.s3.advance(5);
  const late = client.tag('new', { n: '2' });
  rig.s3.advance(HOUR);
  const { stored } = await rig.backup(src);
  expect(stored).toBe(1);
  expect(await restored(rig, 2)).toEqual(historyOf(rig.s3, 'src'));
  await rig.capture([late]);
  rig.s3.advance(HOUR);
  await rig.backup(src);
  expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
});

test('what was logged before a body was read does not replace the tags that were read with it', async () => {
  const { rig, client } = filled();
  await rig.backup(src);
  rig.s3.advance(HOUR);
  rig.s3.put('src', 'new', 'x');
  await rig.capture([client.tag('new', { n: '1' })]);
  rig.s3.advance(5);
  client.tag('new', { n: '2' });
  rig.s3.advance(1);
  expect(await rig.backup(src)).toMatchObject({ stored: 1 });
  rig.s3.advance(HOUR);
  // The second event is still on its way.
  await rig.backup(src);
  expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
});

test('a report that does not know of a logged ACL yet does not take it back', async () => {
  const { rig, client } = filled();
  await rig.backup(src);
  rig.s3.advance(HOUR);
  const stale: Record[] = [];
  deliverReport(rig.s3, 'src', SCRATCH, { change: (records) => (stale.push(...records), records) });
  rig.s3.advance(60);
  client.grant('a', acl(rig, 'a-friend'));
  rig.s3.advance(HOUR);
  await rig.capture(client.take());
  rig.s3.advance(HOUR);
  // The first report began before the change; the next ones began after it, but are only eventually consistent.
  for (let report = 1; report <= 3; report++) {
    await rig.backup({ bucket: 'src', source: 'inventory' });
    rig.s3.advance(HOUR);
    deliverReport(rig.s3, 'src', SCRATCH, { change: () => stale });
  }
  await rig.backup(src);
  expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
});

test('a new version whose ACL changed since the report has the ACL that is read', async () => {
  const { rig, client } = filled();
  await rig.backup(src);
  rig.s3.advance(HOUR);
  rig.s3.put('src', 'new', 'x');
  rig.s3.advance(HOUR);
  deliverReport(rig.s3, 'src', SCRATCH);
  client.grant('new', acl(rig, 'a-friend'));
  await rig.capture(client.take());
  rig.s3.advance(HOUR);
  await rig.backup({ bucket: 'src', source: 'inventory' });
  rig.s3.advance(HOUR);
  await rig.backup(src);
  expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
});

test('versions that are gone by then, and such that nobody backs up, leave nothing behind', async () => {
  const { rig, client } = filled();
  await rig.backup(src);
  const [, old] = rig.s3.history('src', 'a');
  client.tag('a', { gone: 'soon' }, old!.versionId);
  const readBefore = client.take();
  await rig.capture(readBefore);
  rig.s3.deleteVersion('src', 'a', old!.versionId);
  client.sent.push(...readBefore);
  rig.s3.put('src', 'short-lived', 'x');
  client.tag('short-lived', { n: '1' });
  await rig.capture(client.take());
  rig.s3.deleteVersion('src', 'short-lived', rig.s3.find('src', 'short-lived').versionId);
  rig.s3.advance(HOUR);
  expect(await rig.backup(src)).toMatchObject({ status: 'COMPLETED', removed: 1 });
  expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
});

test('a backup of CURRENT versions keeps the changes of older ones that the vault has', async () => {
  const { rig, client } = filled();
  await rig.backup(src);
  client.tag('a', { n: 'old' }, rig.s3.history('src', 'a')[1]!.versionId);
  client.tag('b', { n: 'current' });
  await rig.capture(client.take());
  rig.s3.advance(HOUR);
  await rig.backup({ ...src, versions: 'CURRENT' });
  expect(manifest(rig, 2).counts.restated).toBe(2);
  rig.s3.advance(HOUR);
  await rig.backup(src);
  expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
});

test('tags that are set to what they are make no segment', async () => {
  const { rig, client } = filled();
  await rig.backup(src);
  const before = segments(rig);
  client.tag('a', { state: 'first' }, rig.s3.history('src', 'a')[1]!.versionId);
  await rig.capture(client.take());
  rig.s3.advance(HOUR);
  await rig.backup(src);
  expect(manifest(rig, 2).counts.restated).toBe(0);
  expect(segments(rig)).toBe(before);
});

test('a full read sees what was logged, and what was not', async () => {
  const { rig, client } = filled();
  await rig.backup(src);
  rig.s3.advance(HOUR);
  client.tag('a', { n: '1' });
  await rig.capture(client.take());
  rig.s3.advance(HOUR);
  // Taken back, by an event that does not come; and one that was never told of.
  rig.s3.setTags('src', 'a', {});
  rig.s3.setTags('src', 'b', { unheard: 'of' });
  await rig.backup({ ...src, metadata: 'FULL' });
  expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
});

test('a log that cannot be read fails the job, and the next one misses nothing', async () => {
  const { rig, client } = filled();
  await rig.backup(src);
  client.tag('a', { n: '1' });
  await rig.capture(client.take());
  rig.s3.advance(HOUR);
  const read = rig.changeLog.read.bind(rig.changeLog);
  rig.changeLog.read = () => {
    throw new Error('no such table');
  };
  await expect(rig.backup(src)).rejects.toThrow('no such table');
  rig.changeLog.read = read;
  rig.s3.advance(HOUR);
  await rig.backup(src);
  expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
});

test.each(['beforeCall', 'afterCall'] as const)(
  'a job whose n-th call fails (%s), for every n, takes the changes in once it is repeated',
  async (when) => {
    for (let n = 1; ; n++) {
      const { rig, client } = filled(['a', 'b'], { settings: { rangeWeight: 2, sortRows: 1 } });
      await rig.backup(src);
      client.tag('a', { n: '1' });
      client.tag('b', { n: '2' }, rig.s3.history('src', 'b')[1]!.versionId);
      await rig.capture(client.take());
      rig.s3.advance(HOUR);
      const progress = { calls: 0, failed: false };
      for (const store of rig.stores) {
        store.calls[when] = () => {
          if (++progress.calls !== n) return;
          progress.failed = true;
          throw new StoreError('unavailable', 'no answer');
        };
      }
      rig.retries = 1;
      await rig.backup(src);
      for (const store of rig.stores) store.calls[when] = undefined;
      expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
      if (!progress.failed) break;
    }
  },
);
