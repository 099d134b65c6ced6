import { acl } from '../scenarios/support/changed-rig';
import { at, iso, log, logTags, logVersion, makeContinuous } from '../scenarios/support/continuous-rig';
import { Rig } from '../scenarios/support/rig';
import { backedUp, json, lines, read } from './support/vault-rig';

const BIG = 'x'.repeat(40);

/** Two recovery points, with one object for each thing that may happen between them. */
async function changed(): Promise<Rig> {
  const rig = await backedUp(
    ({ s3 }) => {
      for (const key of ['body', 'same', 'rewritten', 'removed', 'deleted/1', 'metadata', 'tags', 'acl', 'both'])
        s3.put('src', key, key, { tags: { n: '1' } });
      for (const key of ['big-same', 'big-other']) s3.put('src', key, BIG);
      s3.put('src', 'back', 'old');
      s3.delete('src', 'back');
    },
    { packThreshold: 16, copyPartSize: 8 },
  );
  const { s3 } = rig;
  const tags = { n: '1' };
  s3.put('src', 'added', '12345');
  s3.put('src', 'body', 'other', { tags });
  s3.put('src', 'rewritten', 'rewritten', { tags });
  s3.delete('src', 'removed');
  s3.delete('src', 'deleted/1');
  s3.put('src', 'metadata', 'metadata', { tags, userMetadata: { a: 'b' }, headers: { 'content-type': 'text/plain' } });
  s3.setTags('src', 'tags', { n: '2' });
  s3.setAcl('src', 'acl', acl(rig, 'somebody'));
  s3.put('src', 'both', 'BOTH', { tags: {}, headers: { 'cache-control': 'no-cache' } });
  s3.put('src', 'big-same', BIG);
  s3.put('src', 'big-other', BIG.replace('x', 'y'));
  s3.undelete('src', 'back');
  s3.put('src', 'passing', '');
  s3.delete('src', 'passing');
  s3.advance(10);
  await rig.backup({ bucket: 'src', metadata: 'FULL' });
  return rig;
}
const EXPECTED = [
  ['acl', 'changed', ['acl']],
  ['added', 'added', []],
  ['back', 'added', []],
  ['big-other', 'changed', ['body']],
  ['body', 'changed', ['body']],
  ['both', 'changed', ['body', 'metadata', 'tags']],
  ['deleted/1', 'removed', []],
  ['metadata', 'changed', ['metadata']],
  ['removed', 'removed', []],
  ['tags', 'changed', ['tags']],
];
const told = (outcome: Awaited<ReturnType<typeof read>>): unknown[] =>
  json(outcome).changes.map(({ key, change, parts }: any) => [key, change, parts]);

test('what was added, removed and changed between two recovery points, and what of it', async () => {
  const rig = await changed();
  const outcome = await read(rig, ['diff', 'src', '--from', '1', '--json']);
  expect(outcome.exitCode).toBe(0);
  expect(told(outcome)).toEqual(EXPECTED);
  expect(json(outcome)).toMatchObject({
    bucket: 'src',
    prefix: '',
    from: { recoveryPointId: 'src/00000000000000000001', exact: true },
    to: { recoveryPointId: 'src/00000000000000000002', exact: true },
    counts: { added: 2, removed: 2, changed: 6, rewritten: 2 },
    exact: true,
  });
  const { versionId } = rig.s3.find('src', 'added');
  expect(json(outcome).changes[1]).toMatchObject({ after: { versionId, size: 5 }, exact: true, doubts: [] });
  expect(json(outcome).changes[1].before).toBeUndefined();
});

test('the other way round, with IDs, and below a prefix', async () => {
  const rig = await changed();
  const back = { added: 'removed', removed: 'added', changed: 'changed' } as Record<string, string>;
  const args = ['--from', 'latest', '--to', 'src/00000000000000000001', '--json'];
  expect(told(await read(rig, ['diff', 'src', ...args]))).toEqual(
    EXPECTED.map(([key, change, parts]) => [key, back[change as string], parts]),
  );
  expect(told(await read(rig, ['diff', 'src', 'deleted/', ...args]))).toEqual([['deleted/1', 'added', []]]);
});

test('lines for people, and the numbers at the end', async () => {
  const rig = await changed();
  const outcome = await read(rig, ['diff', 'src', '--from', '1', '--to', '2']);
  const all = lines(outcome);
  expect(all.slice(0, 3)).toEqual([
    'changed acl                       acl',
    'added   -                         added',
    'added   -                         back',
  ]);
  expect(all.at(-1)).toMatch(/^2 objects added, 2 removed, 6 changed \(.*\); 2 objects rewritten without any change$/);
  const none = await read(rig, ['diff', 'src', '--from', '2', '--to', '2']);
  expect(none.exitCode).toBe(0);
  expect(lines(none)).toEqual([
    '0 objects added, 0 removed, 0 changed (0 B instead of 0 B); 0 objects rewritten without any change',
  ]);
  const empty = json(await read(rig, ['diff', 'src', '--from', '2', '--json']));
  expect(empty).toMatchObject({ changes: [], counts: { added: 0 } });
});

test('two instants, and an instant with a recovery point', async () => {
  const rig = new Rig({ settings: { sortRows: 1 } });
  rig.s3.createBucket('src');
  rig.s3.put('src', 'a', 'a', { tags: { n: '1' } });
  rig.s3.put('src', 'b', 'b');
  rig.s3.advance(10);
  await makeContinuous(rig, at(rig) - 10);
  rig.s3.advance(10);
  const first = iso(rig);
  rig.s3.advance(10);
  rig.s3.setTags('src', 'a', { n: '2' });
  await logTags(rig, 'a');
  rig.s3.delete('src', 'b');
  await logVersion(rig, 'b');
  rig.s3.advance(10);
  const second = iso(rig);
  rig.s3.advance(10);
  rig.s3.put('src', 'c', 'c');
  await logVersion(rig, 'c');
  const between = (from: string, to: string) => read(rig, ['diff', 'src', '--from', from, '--to', to, '--json']);
  const changes = [
    ['a', 'changed', ['tags']],
    ['b', 'removed', []],
  ];
  expect(told(await between(first, second))).toEqual(changes);
  expect(told(await between('1', iso(rig)))).toEqual([...changes, ['c', 'added', []]]);
  expect(told(await between(second, second))).toEqual([]);
});

test('what is in doubt in either state is marked, and the answer says that it is not exact', async () => {
  const rig = new Rig();
  rig.s3.createBucket('src');
  for (const key of ['a', 'b']) rig.s3.put('src', key, key);
  rig.s3.advance(10);
  await makeContinuous(rig, at(rig) - 10);
  rig.s3.advance(10);
  const first = iso(rig);
  rig.s3.advance(10);
  const gone = (key: string, before: number) => {
    const { versionId, lastModified, etag } = rig.s3.find('src', key);
    const removal = { kind: 'removed', removedAfter: at(rig) - 15, removedBefore: before } as const;
    return log(rig, { key, versionId, lastModified, etag, ...removal });
  };
  await gone('a', at(rig) - 5);
  await gone('b', at(rig) + 100);
  const args = ['diff', 'src', '--from', first, '--to', iso(rig)];
  const outcome = await read(rig, args);
  expect(lines(outcome)[0]).toBe('removed -                       ? a');
  expect(outcome.stderr).toMatch(/in doubt \(\?\): 1: 1 removal/);
  expect(outcome.stderr).toMatch(/not listed, but possibly different: 1 key/);
  expect(json(await read(rig, [...args, '--json']))).toMatchObject({
    changes: [{ key: 'a', exact: false, doubts: ['removal'] }],
    exact: false,
  });
});

test('all that is wrong is said at once', async () => {
  const rig = new Rig();
  const outcome = await read(rig, ['diff', 'UPPER', '--from', 'yesterday', '--to', '2026-02-31T00:00:00Z']);
  expect(outcome).toMatchObject({ exitCode: 2, stdout: '' });
  for (const text of ['"UPPER"', '--from: must be an instant such as', '--to: must be an instant'])
    expect(outcome.stderr).toContain(text);
  expect((await read(rig, ['diff', 'src'])).stderr).toContain("required option '--from <state>'");
  expect((await read(rig, ['diff', 'src', '--from', 'other/00000000000000000001'])).stderr).toContain(
    '--from: belongs to bucket "other"',
  );
});
