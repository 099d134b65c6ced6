import {
  ManualDeadline,
  MemoryBucketAdmin,
  MemoryChangeLog,
  MemoryMetrics,
  MemoryObjectStore,
  MemoryS3,
  SilentLog,
} from '../../../lambda/adapters/memory';
import type { Row } from '../../../lambda/core/history/row';
import { StoreError } from '../../../lambda/ports/object-store';
import { CaptureMessage, CapturePorts, captureChanges } from '../../../lambda/usecases/capture/changes';
import { Vault } from '../../../lambda/usecases/vault/vault';
import keys from '../../fixtures/keys.json';
import { ChangedBucket } from '../../support/changed-bucket';

function world(versioning: 'Enabled' | 'Disabled' = 'Enabled') {
  const s3 = new MemoryS3();
  s3.createBucket('src', { versioning, ownership: 'ObjectWriter' });
  const source = new MemoryObjectStore(s3);
  const changeLog = new MemoryChangeLog(() => s3.now);
  const log = new SilentLog();
  const metrics = new MemoryMetrics();
  s3.createBucket('the-vault');
  const ports: CapturePorts = {
    source,
    changeLog,
    log,
    deployment: { vaultBucket: 'the-vault', scratchBucket: 'the-scratch' },
    settings: { concurrency: 4, packThreshold: 1024 * 1024, copyPartSize: 256 * 1024 * 1024 },
    vault: new Vault(new MemoryObjectStore(s3), 'the-vault'),
    buckets: new MemoryBucketAdmin(s3),
    metrics,
    deadline: new ManualDeadline(),
  };
  const rows = async (bucket = 'src'): Promise<Row[]> => {
    const all: Row[] = [];
    for await (const chunk of changeLog.read(bucket, s3.now - 3600, s3.now + 1)) all.push(...chunk);
    return all;
  };
  const client = new ChangedBucket(s3, 'src');
  const capture = (messages = client.take()) => captureChanges(ports, messages);
  return { s3, source, changeLog, log, client, rows, capture };
}
const acl = (id: string) => ({ owner: 'me', grants: [{ grantee: { id }, permission: 'READ' as const }] });
const DONE = { batchItemFailures: [] };

test('logs the tags of exactly the version that changed, since the event', async () => {
  const { s3, source, client, capture, rows } = world();
  const old = s3.put('src', 'k', '1');
  s3.put('src', 'k', '2', { tags: { newer: 'yes' } });
  client.tag('k', { a: '1' }, old);
  const time = s3.now;
  s3.advance(40);
  expect(await capture()).toEqual(DONE);
  const [row] = await rows();
  expect(row).toMatchObject({ key: 'k', versionId: old, kind: 'state', tags: '[["a","1"]]', effectiveFrom: time });
  expect(row).toMatchObject({ source: 'event', observedAt: time + 40 });
  expect(source.counts()).toEqual({ GetObjectTagging: 1 });
});

test('reads a version once for all events of it in a batch, tags and ACL each', async () => {
  const { s3, source, client, capture, rows } = world();
  s3.put('src', 'k', '1');
  for (let i = 0; i < 10; i++) {
    client.tag('k', { n: String(i) });
    s3.advance(1);
  }
  client.grant('k', acl('friend'));
  expect(await capture()).toEqual(DONE);
  expect(source.counts()).toEqual({ GetObjectTagging: 1, GetObjectAcl: 1 });
  expect((await rows()).filter(({ tags }) => tags === '[["n","9"]]')).toHaveLength(10);
});

test.each(['Enabled', 'Disabled'] as const)('null versions have an ETag and a date (%s)', async (versioning) => {
  const { s3, client, capture, rows } = world('Disabled');
  s3.put('src', 'k', 'null version');
  const { etag, lastModified } = s3.find('src', 'k');
  s3.setVersioning('src', versioning);
  const current = versioning === 'Enabled' ? s3.put('src', 'k', 'newer') : 'null';
  s3.advance(10);
  client.tag('k', { a: '1' }, 'null');
  expect(await capture()).toEqual(DONE);
  const found = await rows();
  expect(found.find(({ versionId }) => versionId === 'null')).toMatchObject({
    tags: '[["a","1"]]',
    etag,
    lastModified,
    observedAt: s3.now,
  });
  // An event without a version ID may mean the current version too: its tags are what they are.
  const others = found.filter(({ versionId }) => versionId !== 'null');
  expect(others.map(({ versionId, tags }) => ({ versionId, tags }))).toEqual(
    versioning === 'Enabled' ? [{ versionId: current, tags: '[]' }] : [],
  );
});

test('an ACL event without a version ID means the current version, or a null version that is gone', async () => {
  const { s3, client, capture, rows } = world();
  const versionId = s3.put('src', 'k', '1');
  client.grant('k', acl('friend'), undefined, false);
  expect(await capture()).toEqual(DONE);
  expect(await rows()).toMatchObject([
    { versionId: 'null', uncertain: 'unread:acl' },
    { versionId, acl: expect.stringContaining('friend') },
  ]);
});

test('a null version that is replaced while it is read is read again', async () => {
  const { s3, source, client, capture, rows } = world('Disabled');
  s3.put('src', 'k', 'one');
  client.tag('k', { a: '1' });
  source.calls.afterCall = ({ operation }) => {
    if (operation !== 'HeadObject') return;
    source.calls.afterCall = undefined;
    s3.advance(1);
    s3.put('src', 'k', 'two', { tags: { b: '2' } });
  };
  expect(await capture()).toEqual(DONE);
  const { etag } = s3.find('src', 'k');
  // What the one that is gone had, nobody knows.
  expect(await rows()).toMatchObject([
    { tags: '[["b","2"]]', etag },
    { versionId: 'null', uncertain: 'unread:tags' },
  ]);
});

test('versions, objects and buckets that are gone are counted, and nothing is said of their tags', async () => {
  const { s3, client, capture, rows, log } = world();
  const gone = s3.put('src', 'a', '1');
  s3.put('src', 'b', '1');
  client.tag('a', { x: '1' }, gone);
  client.tag('b', { x: '1' });
  s3.deleteVersion('src', 'a', gone);
  s3.deleteVersion('src', 'b', s3.find('src', 'b').versionId);
  s3.createBucket('other');
  const other = new ChangedBucket(s3, 'other');
  s3.put('other', 'k');
  const lost = other.tag('k', {});
  s3.deleteBucket('other');
  expect(await capture([...client.take(), lost])).toEqual(DONE);
  expect((await rows()).map(({ key, tags, uncertain }) => [key, tags, uncertain])).toEqual([
    ['a', undefined, 'unread:tags'],
    ['b', undefined, 'unread:tags'],
  ]);
  expect(log.lines.at(-1)?.fields).toMatchObject({ messages: 3, logged: 0, vanished: 3, failed: 0 });
});

test('takes hostile keys as they are, and writes none of them to its log', async () => {
  const { s3, client, capture, rows, log } = world();
  for (const key of keys) {
    s3.put('src', key, 'x');
    client.tag(key, { [`tag ${key}`.slice(0, 100)]: 'ü' });
  }
  expect(await capture()).toEqual(DONE);
  expect((await rows()).map(({ key }) => key).sort()).toEqual([...keys].sort());
  expect(JSON.stringify(log.lines)).not.toContain('voll');
});

test('only the messages that failed come again', async () => {
  const { s3, source, client, capture, rows, log } = world();
  for (const key of ['a', 'b', 'c']) {
    s3.put('src', key, 'x');
    client.tag(key, { key });
  }
  const [, b] = client.sent;
  const garbage = { messageId: 'garbage', body: '{"source":"aws.s3"}' };
  source.calls.beforeCall = ({ key }) => {
    if (key === 'b') throw new StoreError('access-denied', 'denied: src/b');
  };
  expect(await capture([...client.take(), garbage])).toEqual({
    batchItemFailures: [{ itemIdentifier: 'garbage' }, { itemIdentifier: b!.messageId }],
  });
  expect((await rows()).map(({ key }) => key).sort()).toEqual(['a', 'c']);
  expect(JSON.stringify(log.lines)).not.toContain('src/b');
});

test('the own buckets are left alone', async () => {
  const { s3, source, capture } = world();
  s3.createBucket('the-vault');
  s3.put('the-vault', 'k');
  expect(await capture([new ChangedBucket(s3, 'the-vault').tag('k', { a: '1' })])).toEqual(DONE);
  expect(source.counts()).toEqual({});
});

/** The newest state of each version and field. */
const newest = (rows: readonly Row[]): Record<string, string> =>
  Object.fromEntries(
    [...rows]
      .sort((a, b) => (a.effectiveFrom ?? 0) - (b.effectiveFrom ?? 0))
      .map((row) => [`${row.key} ${row.tags === undefined ? 'acl' : 'tags'}`, row.tags ?? row.acl ?? '']),
  );

test.each(['before', 'after'] as const)(
  'a call that fails %s it is made, whichever it is, loses nothing',
  async (when) => {
    for (let n = 1; ; n++) {
      const { s3, source, changeLog, client, rows, capture } = world();
      s3.put('src', 'a', '1');
      s3.setVersioning('src', 'Suspended');
      s3.put('src', 'b', '1');
      client.tag('a', { n: '1' });
      s3.advance(2);
      client.tag('b', { n: '2' });
      s3.advance(2);
      client.tag('a', { n: '3' });
      client.grant('b', acl('friend'));
      const messages = client.take().reverse();
      let calls = 0;
      const state = { reached: false, armed: true };
      const hook = (): void => {
        if (!state.armed || ++calls !== n) return;
        state.reached = true;
        throw new StoreError('unavailable', 'no answer');
      };
      source.calls[when === 'before' ? 'beforeCall' : 'afterCall'] = hook;
      const append = changeLog.append.bind(changeLog);
      changeLog.append = async (changes) => {
        if (when === 'before') hook();
        await append(changes);
        if (when === 'after') hook();
      };
      let open: CaptureMessage[] = messages;
      for (let delivery = 0; open.length > 0; delivery++) {
        expect(delivery).toBeLessThan(3);
        const { batchItemFailures } = await capture(open);
        const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
        open = open.filter(({ messageId }) => failed.has(messageId));
        s3.advance(60);
      }
      expect(newest(await rows())).toEqual({
        'a tags': '[["n","3"]]',
        'b tags': '[["n","2"]]',
        'b acl': expect.stringContaining('friend'),
      });
      state.armed = false;
      // SQS delivers what it has delivered before, too.
      expect(await capture(messages)).toEqual(DONE);
      expect(newest(await rows())).toMatchObject({ 'a tags': '[["n","3"]]', 'b tags': '[["n","2"]]' });
      if (!state.reached) break;
    }
  },
);
