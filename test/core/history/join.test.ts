import fc from 'fast-check';
import { joinAll, joinRows } from '../../../lambda/core/history/join';
import type { Row } from '../../../lambda/core/history/row';
import { rowIdentity } from '../../../lambda/core/history/row';

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const word = fc.constantFrom('a', 'b', 'c');
const file = fc.record({ name: word, checksum: fc.constant('SHA256:x'), bytes: fc.constant(9), commit: fc.nat(2) });

/** Rows of one version: what is known differs, what the version is does not. */
const put: fc.Arbitrary<Row> = fc
  .record({
    newerThan: maybe(word),
    sequencer: maybe(word),
    visibleFrom: maybe(fc.nat(9)),
    etag: maybe(word),
    storageClass: maybe(word),
    checksumAlgorithm: maybe(word),
    checksum: maybe(word),
    sha256: maybe(word),
    tags: maybe(word),
    acl: maybe(word),
    headers: maybe(word),
    body: maybe(
      fc.record({ file, offset: fc.nat(3), length: fc.constant(4), etag: word, readAt: fc.nat(2), tags: word }),
    ),
    observedAt: maybe(fc.nat(9)),
    uncertain: maybe(fc.constantFrom('not-stored:archived', 'same-second', 'not-stored:sse-c,same-second')),
  })
  .map(({ body, ...row }) => ({ key: 'k', versionId: 'v', kind: 'put', lastModified: 5, size: 4, ...row, ...body }));

const removed: fc.Arbitrary<Row> = fc
  .record({ removedAfter: maybe(fc.nat(9)), removedBefore: maybe(fc.nat(9)), observedAt: maybe(fc.nat(9)) })
  .map((row) => ({ key: 'k', versionId: 'v', kind: 'removed', lastModified: 5, ...row }));

/** Null versions of one identity may be several writes of the same bytes. */
const nullPut: fc.Arbitrary<Row> = fc
  .tuple(put, maybe(fc.constantFrom('0a', 'B', '000b', 'c')))
  .map(([row, sequencer]) => ({ ...row, versionId: 'null', sequencer }));

describe.each([
  ['put', put],
  ['null', nullPut],
  ['removed', removed],
])('the join of %s rows', (_, rows) => {
  test('is commutative, associative and idempotent', () => {
    fc.assert(
      fc.property(rows, rows, rows, (a, b, c) => {
        expect(joinRows(a, b)).toEqual(joinRows(b, a));
        expect(joinRows(joinRows(a, b), c)).toEqual(joinRows(a, joinRows(b, c)));
        expect(joinRows(joinRows(a, b), b)).toEqual(joinRows(a, b));
      }),
      { numRuns: 3_000 },
    );
  });
});

const base: Row = { key: 'k', versionId: 'v', kind: 'put', lastModified: 5, size: 4 };

test('a known body beats a missing one, and ends the reason why it was missing', () => {
  const stored = { ...base, file: { name: 'f', checksum: 'c', bytes: 4, commit: 2 }, etag: 'e' };
  const missing = { ...base, uncertain: 'not-stored:archived', etag: 'x' };
  expect(joinRows(missing, stored)).toMatchObject({ file: stored.file, etag: 'e' });
  expect(joinRows(missing, stored).uncertain).toBeUndefined();
});

test('a null version of the same bytes and second is the one that was written last', () => {
  const file = { name: 'f', checksum: 'c', bytes: 4, commit: 1 };
  const first = { ...base, versionId: 'null', etag: 'e', sequencer: 'FFF9', file, readAt: 5, tags: 'first' };
  const second = { ...first, sequencer: '0fffb', file: { ...file, name: 'g' }, readAt: 6, tags: 'second' };
  for (const [a, b] of [[first, second] as const, [second, first] as const])
    expect(joinRows(a, b)).toMatchObject({ sequencer: '0fffb', tags: 'second', readAt: 6 });
});

test('two sizes of one version, or a version that is also a marker, are damage', () => {
  expect(() => joinRows(base, { ...base, size: 5 })).toThrow(expect.objectContaining({ name: 'VaultDamaged' }));
  expect(() => joinRows(base, { ...base, kind: 'marker' })).toThrow(expect.objectContaining({ name: 'VaultDamaged' }));
});

test('null versions are told apart by ETag and date; states by their instant and value', () => {
  const nulls = [
    { ...base, versionId: 'null', etag: 'a' },
    { ...base, versionId: 'null', etag: 'b' },
    { ...base, versionId: 'null', etag: 'b', lastModified: 6 },
  ];
  expect(new Set(nulls.map(rowIdentity)).size).toBe(3);
  const state: Row = { ...base, kind: 'state', tags: '[]', effectiveFrom: 7 };
  const states = [
    state,
    { ...state, effectiveFrom: 8 },
    { ...state, tags: '[["a","b"]]' },
    { ...state, tags: undefined, acl: 'x' },
  ];
  expect(joinAll([...states, ...states, base])).toHaveLength(5);
});
