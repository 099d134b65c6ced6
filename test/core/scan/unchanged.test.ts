import fc from 'fast-check';
import { decide, newPlace } from '../../../lambda/core/backup/decisions';
import { ColumnCursor } from '../../../lambda/core/history/files/column-cursor';
import type { KeyGroup } from '../../../lambda/core/history/groups';
import { joinAll } from '../../../lambda/core/history/join';
import type { Manifest } from '../../../lambda/core/history/manifest';
import type { Row } from '../../../lambda/core/history/row';
import { columnsOf, type Columns, type Field, RowColumns } from '../../../lambda/core/history/row-columns';
import type { SegmentRef } from '../../../lambda/core/history/segment-index';
import { refuseUnlikeKnown } from '../../../lambda/core/inventory/contradictions';
import { afterKey, compareKeys } from '../../../lambda/core/keys/order';
import { unchangedRows } from '../../../lambda/core/scan/unchanged';
import { compareWithHistory, type ScannedKey, touchedKeys } from '../../../lambda/usecases/backup/compare/with-history';
import { readHistory } from '../../../lambda/usecases/history/read';
import type { Vault } from '../../../lambda/usecases/vault/vault';

const FILE = { name: 'p', checksum: 'c', bytes: 1, commit: 1 };
const KEYS = ['a', 'a/', 'b', '\ue000', '\u{10000}', '\u{10000}x'];

const scanned: fc.Arbitrary<Row> = fc.record(
  {
    key: fc.constantFrom(...KEYS),
    versionId: fc.constantFrom('1', '1', '1', '2', 'null'),
    kind: fc.constantFrom('put', 'put', 'put', 'put', 'marker'),
    lastModified: fc.integer({ min: 1, max: 3 }),
    size: fc.constantFrom(5, 6),
    etag: fc.constantFrom('e', 'f'),
    newerThan: fc.constantFrom(undefined, undefined, undefined, undefined, undefined, undefined, undefined, '1'),
    acl: fc.constantFrom(undefined, undefined, undefined, 'x'),
    source: fc.constantFrom('listing', 'inventory'),
  },
  { requiredKeys: ['key', 'versionId', 'kind', 'lastModified', 'size', 'etag'] },
);
/** What the history has mostly is what the scan sees. */
const known = (row: Row): fc.Arbitrary<Row[]> =>
  fc.oneof<fc.MaybeWeightedArbitrary<Row[]>[]>(
    { weight: 24, arbitrary: fc.constant<Row[]>([{ ...row, newerThan: undefined, file: FILE }]) },
    { weight: 1, arbitrary: fc.constant<Row[]>([]) },
    { weight: 1, arbitrary: fc.constant<Row[]>([{ ...row, file: undefined }]) },
    { weight: 1, arbitrary: fc.constant<Row[]>([{ ...row, file: FILE, lastModified: row.lastModified + 1 }]) },
    { weight: 1, arbitrary: fc.constant<Row[]>([{ ...row, file: FILE, size: 7 }]) },
    { weight: 1, arbitrary: fc.constant<Row[]>([{ ...row, file: FILE, acl: 'z' }]) },
    { weight: 1, arbitrary: fc.constant<Row[]>([{ ...row, file: FILE, versionId: `gone-${row.versionId}` }]) },
    {
      weight: 1,
      arbitrary: fc.constant<Row[]>([
        { ...row, file: FILE },
        { ...row, file: FILE, versionId: `gone-${row.versionId}` },
      ]),
    },
    {
      weight: 1,
      arbitrary: fc.constant<Row[]>([
        { ...row, file: FILE },
        { ...row, kind: 'removed', size: undefined },
      ]),
    },
    {
      weight: 1,
      arbitrary: fc.constant<Row[]>([
        { ...row, file: FILE },
        { ...row, kind: 'state', tags: '[]', effectiveFrom: 9 },
      ]),
    },
  );
const markers = (row: Row): Row =>
  row.kind === 'marker' ? { ...row, size: undefined, etag: undefined, acl: undefined, file: undefined } : row;
const bucket = fc
  .array(scanned, { maxLength: 24, size: 'max' })
  .map((rows) => [...new Map(rows.map((row) => [`${row.key} ${row.versionId}`, markers(row)])).values()])
  .chain((rows) => fc.tuple(fc.constant(rows), fc.tuple(...rows.map(known))))
  .map(([rows, histories]) => ({ scan: sorted(rows), history: sorted(histories.flat().map(markers)) }));
const sorted = (rows: readonly Row[]): Row[] =>
  [...rows].sort((a, b) => compareKeys(a.key, b.key) || b.lastModified - a.lastModified);

/** A source's chunks of any size, with all columns or with some that come later. */
async function* chunked(rows: readonly Row[], size: number, isKnown: boolean, first?: Field[]) {
  for (let from = 0; from < rows.length; from += size) {
    const part = rows.slice(from, from + size);
    const { columns } = columnsOf(part);
    const early = Object.entries(columns).filter(([field]) => first?.includes(field as Field) ?? true);
    const following = isKnown ? (rows[from + size]?.key ?? null) : undefined;
    const more = first && (() => Promise.resolve(columns));
    yield await Promise.resolve(new RowColumns(part.length, Object.fromEntries(early) as Columns, { more, following }));
  }
}
async function* groups(rows: readonly Row[]): AsyncGenerator<KeyGroup> {
  for (const key of new Set(rows.map((row) => row.key)))
    yield await Promise.resolve({ key, rows: rows.filter((row) => row.key === key) });
}

const FIRST: Field[] = ['key', 'versionId', 'kind', 'lastModified', 'size', 'file', 'acl'];
interface Cut {
  readonly size: number;
  readonly segments: number;
  readonly isKnown: boolean;
  readonly bound: string;
}
const cut: fc.Arbitrary<Cut> = fc.record({
  size: fc.integer({ min: 1, max: 5 }),
  segments: fc.integer({ min: 1, max: 3 }),
  isKnown: fc.boolean(),
  bound: fc.constantFrom(...KEYS),
});

/** A vault whose segments are arrays, in two ranges that the bound parts. */
function vaultOf(history: readonly Row[], { size, segments, isKnown, bound }: Cut, first?: Field[]) {
  const identities = [...new Set(history.map((row) => `${row.key} ${row.versionId}`))];
  const parts = Array.from({ length: segments }, (_, part) =>
    history.filter((row) => identities.indexOf(`${row.key} ${row.versionId}`) % segments === part),
  ).map((rows) => rows.filter(({ key }) => compareKeys(key, bound) < 0));
  const after = history.filter(({ key }) => compareKeys(key, bound) >= 0);
  const all = [...parts, after];
  const refs = all.map((_, name) => ({ name: String(name) }) as SegmentRef);
  const ranges = [
    { from: '', segments: parts.map((_, number) => number) },
    { from: bound, segments: [parts.length] },
  ];
  const vault = {
    segmentColumns: ({ name }: SegmentRef) => chunked(all[Number(name)] ?? [], size, isKnown, first),
  } as unknown as Vault;
  return { vault, manifest: { history: { segments: refs, ranges } } as Manifest };
}

const ofKey = (rows: readonly Row[], key: string): Row[] => rows.filter((row) => row.key === key);
const setOf = (rows: readonly Row[]): string[] =>
  rows.map((row) => JSON.stringify(row, Object.keys(row).sort())).sort();

test.each(['ALL', 'CURRENT'] as const)(
  'what is passed over as unchanged is what decides say of it (%s)',
  async (versions) => {
    let passed = 0;
    await fc.assert(
      fc.asyncProperty(bucket, fc.array(fc.constantFrom(...KEYS), { maxLength: 2 }), cut, async (facts, logs, how) => {
        const scan =
          versions === 'ALL' ? facts.scan : facts.scan.filter((row, i) => row.key !== facts.scan[i - 1]?.key);
        const logged = sorted([...new Set(logs)].map((key) => ({ key, versionId: '9', kind: 'put', lastModified: 1 })));
        const { vault, manifest } = vaultOf(facts.history, how, FIRST);
        const compared = compareWithHistory({
          vault,
          manifest,
          within: { from: '' },
          columns: [],
          scan: chunked(scan, how.size + 1, how.isKnown),
          logged: groups(logged),
          unchanged: { columns: [], withAcls: true, most: versions === 'ALL' ? undefined : 1, except: 'b' },
        });
        const seen: string[] = [];
        for await (const one of compared) {
          if ('scan' in one) {
            const rows = one.scan.rows(one.from, one.to);
            for (const key of new Set(rows.map((row) => row.key))) {
              seen.push(key);
              passed++;
              expect(key).not.toBe('b');
              if (versions === 'CURRENT') expect(ofKey(rows, key)).toHaveLength(1);
              expect(ofKey(logged, key)).toEqual([]);
              expect(ofKey(rows, key)).toEqual(ofKey(scan, key));
              const told = ofKey(facts.history, key);
              const decisions = decide(ofKey(scan, key), joinAll(told), { versions, asOf: 10, previousAsOf: 5 });
              expect(decisions.map(({ kind, row }) => ({ kind, row }))).toEqual(
                ofKey(scan, key).map((row) => ({ kind: 'reuse', row })),
              );
              for (const decision of decisions) {
                if (decision.kind !== 'reuse') continue;
                expect(newPlace(decision.row, decision.known)).toBeUndefined();
                expect(decision.states).toEqual([]);
                expect([undefined, decision.known.acl]).toContain(decision.row.acl);
                if (decision.row.kind === 'put') expect(decision.known.file).toBe(FILE);
                refuseUnlikeKnown(decision.row, decision.known);
              }
            }
            continue;
          }
          seen.push(one.key);
          expect(one.scanned).toEqual(ofKey(scan, one.key));
          expect(one.logged).toEqual(ofKey(logged, one.key));
          expect(setOf(one.history)).toEqual(setOf(joinAll(ofKey(facts.history, one.key))));
        }
        const all = new Set([...scan, ...facts.history, ...logged].map(({ key }) => key));
        expect(seen).toEqual([...all].sort(compareKeys));
      }),
      { numRuns: 1_000, seed: 11 },
    );
    expect(passed).toBeGreaterThan(100);
  },
);

const version = (key: string, versionId: string, lastModified: number): Row => ({
  key,
  versionId,
  kind: 'put',
  lastModified,
  size: 5,
  etag: 'e',
});
const stored = (row: Row): Row => ({ ...row, file: FILE });
const one = (rows: readonly Row[]): AsyncGenerator<RowColumns> => chunked(rows, 100, true);

const LISTING: Field[] = ['key', 'versionId', 'kind', 'lastModified', 'file'];

async function passed(
  scan: readonly Row[],
  history: readonly Row[],
  most?: number,
  withAcls = true,
  first?: Field[],
): Promise<number> {
  const cursors = [new ColumnCursor(one(scan)), new ColumnCursor(chunked(history, 100, true, first))] as const;
  await Promise.all(cursors.map((cursor) => cursor.start()));
  return unchangedRows(...cursors, { limit: undefined, most, withAcls });
}

test('keys are passed over only if all conditions are met', async () => {
  const rows = [version('a', '3', 9), version('a', '2', 8), version('b', '1', 7)];
  const history = rows.map(stored);
  const [a3, a2, b1] = rows as [Row, Row, Row];
  const [h3, h2, g1] = history as [Row, Row, Row];
  expect(await passed(rows, history)).toBe(3);
  expect(await passed([{ ...b1, key: 'c' }], [g1])).toBe(0);
  expect(await passed([b1], [{ ...g1, key: 'c' }])).toBe(0);
  expect(await passed([a3, a2, { ...b1, key: 'c' }], history)).toBe(2);
  expect(await passed([a3], [h3, h2])).toBe(0);
  expect(await passed([b1], [{ ...g1, versionId: '2' }])).toBe(0);
  expect(await passed([b1], [{ ...g1, lastModified: 6 }])).toBe(0);
  expect(await passed([b1], [{ ...g1, size: 6 }])).toBe(0);
  expect(await passed([b1], [{ ...g1, file: undefined }])).toBe(0);
  expect(await passed([b1], [{ ...g1, kind: 'marker' }])).toBe(0);
  expect(await passed([{ ...b1, kind: 'marker' }], [g1])).toBe(0);
  expect(await passed([{ ...b1, kind: 'removed' }], [{ ...g1, kind: 'removed' }])).toBe(0);
  expect(await passed([{ ...b1, newerThan: '0' }], [g1])).toBe(0);
  expect(await passed([{ ...b1, acl: 'x' }], [g1])).toBe(0);
  expect(await passed([{ ...b1, acl: 'x' }], [{ ...g1, acl: 'z' }])).toBe(0);
  expect(await passed([{ ...b1, acl: 'x' }], [{ ...g1, acl: 'x' }])).toBe(1);
  expect(await passed([b1], [{ ...g1, acl: 'x' }])).toBe(1);
  expect(await passed([{ ...b1, acl: 'x' }], [g1], undefined, false)).toBe(1);
  // A marker has no body that could be in the vault.
  const marker: Row = { key: 'b', versionId: '1', kind: 'marker', lastModified: 7 };
  expect(await passed([marker], [marker])).toBe(1);
});

test('null versions are unchanged by their ETags, and only alone', async () => {
  const none = version('a', 'null', 7);
  expect(await passed([none], [stored(none)])).toBe(1);
  expect(await passed([none], [{ ...stored(none), etag: 'f' }])).toBe(0);
  const several = [version('a', '2', 8), none];
  expect(await passed(several, several.map(stored))).toBe(0);
  const first = [none, version('a', '1', 6)];
  expect(await passed(first, first.map(stored))).toBe(0);
  // Without ETags on either side nothing says that they are the same.
  const untagged = { ...none, etag: undefined };
  expect(await passed([none], [stored(none)], undefined, true, LISTING)).toBe(0);
  expect(await passed([untagged], [stored(none)], undefined, true, LISTING)).toBe(0);
});

test('sizes count where the history tells them', async () => {
  const row = version('a', '1', 7);
  const larger = { ...stored(row), size: 6 };
  expect(await passed([row], [larger], undefined, true, LISTING)).toBe(1);
  expect(await passed([row], [larger], undefined, true, [...LISTING, 'size'])).toBe(0);
});

test('versions of a key are unchanged if each is older than the one before it, and none is there twice', async () => {
  const twice = [version('a', '2', 9), version('a', '1', 8), version('a', '2', 7)];
  expect(await passed(twice, twice.map(stored))).toBe(0);
  for (const lastModified of [8, 9]) {
    const rows = [version('a', '2', 8), version('a', '1', lastModified)];
    expect(await passed(rows, rows.map(stored))).toBe(0);
  }
});

test('keys with several versions are unchanged, up to so many and only if no two are of a second', async () => {
  const rows = [version('a', '3', 9), version('a', '2', 8), version('a', '1', 7), version('b', '1', 7)];
  expect(await passed(rows, rows.map(stored))).toBe(4);
  expect(await passed(rows, rows.map(stored), 3)).toBe(4);
  expect(await passed(rows, rows.map(stored), 1)).toBe(0);
  const tied = rows.map((row) => ({ ...row, lastModified: 7 }));
  expect(await passed(tied, tied.map(stored))).toBe(0);
  expect(await passed(rows.slice(1), rows.map(stored))).toBe(0);
  expect(await passed(rows, rows.slice(1).map(stored))).toBe(0);
});

test('what another segment has of keys is not passed over', async () => {
  const scan = ['a', 'c', 'd', 'e'].map((key) => version(key, '1', 7));
  const segments = [scan.map(stored), [version('b', '0', 6), version('d', '0', 6)].map(stored)];
  const vault = { segmentColumns: ({ name }: SegmentRef) => one(segments[Number(name)] ?? []) } as unknown as Vault;
  const history = { segments: [{ name: '0' }, { name: '1' }], ranges: [{ from: '', segments: [0, 1] }] };
  const told: string[] = [];
  const compared = { vault, manifest: { history } as unknown as Manifest, within: { from: '' }, columns: [] };
  const unchanged = { columns: [], withAcls: true };
  for await (const found of compareWithHistory({ ...compared, scan: one(scan), logged: groups([]), unchanged }))
    if ('scan' in found) told.push(...found.scan.rows(found.from, found.to).map(({ key }) => `${key} unchanged`));
    else told.push(`${found.key} ${found.scanned.length} ${found.history.length}`);
  expect(told).toEqual(['a unchanged', 'b 0 1', 'c unchanged', 'd 1 2', 'e unchanged']);
});

test('a history in chunks and segments is read whole, in order, and joined', async () => {
  await fc.assert(
    fc.asyncProperty(bucket, cut, async ({ history }, how) => {
      const { vault, manifest } = vaultOf(history, how);
      const read: KeyGroup[] = [];
      for await (const group of readHistory(vault, manifest, { from: '' }, { withFiles: false })) read.push(group);
      const keys = [...new Set(history.map(({ key }) => key))];
      expect(read.map(({ key }) => key)).toEqual(keys);
      for (const { key, rows } of read) expect(setOf(rows)).toEqual(setOf(joinAll(ofKey(history, key))));
    }),
    { numRuns: 300, seed: 5 },
  );
});

test('of the history only the keys that were touched are told', async () => {
  const touched = fc.uniqueArray(fc.constantFrom(...KEYS), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(bucket, touched, cut, async ({ history }, keys, how) => {
      const { vault, manifest } = vaultOf(history, how, ['key']);
      const logged = sorted(keys.map((key) => ({ key, versionId: '9', kind: 'put', lastModified: 1 })));
      const told: ScannedKey[] = [];
      const options = { columns: [], logged: groups(logged) };
      for await (const one of touchedKeys(vault, manifest, { from: '' }, options)) told.push(one);
      expect(told.map(({ key, logged: rows }) => ({ key, rows }))).toEqual(
        logged.map((row) => ({ key: row.key, rows: [row] })),
      );
      for (const one of told) expect(setOf(one.history)).toEqual(setOf(joinAll(ofKey(history, one.key))));
    }),
    { numRuns: 300, seed: 3 },
  );
});

test('a cursor goes to any key, and takes whole keys whatever the chunks are', async () => {
  const rows = ['a', 'b', 'b', 'b', 'c', 'd', 'd'].map((key, i): Row => ({
    key,
    versionId: String(i),
    kind: 'put',
    lastModified: 9 - i,
  }));
  for (const size of [1, 2, 3, 7])
    for (const isKnown of [true, false]) {
      const cursor = new ColumnCursor(chunked(rows, size, isKnown));
      await cursor.start();
      await cursor.seek('b');
      expect((await cursor.take()).map(({ versionId }) => versionId)).toEqual(['1', '2', '3']);
      const before: Row[] = [];
      for (let part = await cursor.takeBefore('d'); part.length > 0; part = await cursor.takeBefore('d'))
        before.push(...part);
      if (cursor.key === 'c') before.push(...(await cursor.take()));
      expect(before.map(({ key }) => key)).toEqual(['c']);
      await cursor.seek(afterKey('c'));
      expect(await cursor.take()).toHaveLength(2);
      expect(cursor.key).toBeUndefined();
    }
});
