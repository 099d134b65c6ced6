import fc from 'fast-check';
import { needsMerge, neededSince } from '../../../lambda/core/history/compaction';
import type { Row } from '../../../lambda/core/history/row';
import type { SegmentRef } from '../../../lambda/core/history/segment-index';
import { viewAt } from '../../../lambda/core/history/view';
import { emptyVault, historyAfter, rangesOf } from '../../support/history-after';

const MIB = 1024 * 1024;
const segment = (commit: number, bytes: number, minKey = 'a', maxKey = 'z'): SegmentRef => ({
  name: `segment-${String(commit)}-${minKey}`,
  sha256: '',
  bytes,
  filesName: '',
  filesSha256: '',
  rows: 1,
  minKey,
  maxKey,
  commit,
});
const deltas = (count: number, bytes: number): SegmentRef[] =>
  Array.from({ length: count }, (_, i) => segment(i + 2, bytes));

test.each([
  ['a base alone, of several segments', [segment(1, 60 * MIB, 'a', 'm'), segment(1, 60 * MIB, 'n', 'z')], false],
  ['eight small deltas', [segment(1, 1_000), ...deltas(8, 900)], false],
  ['nine', [segment(1, 1_000), ...deltas(9, 1)], true],
  ['deltas of a quarter of the base', [segment(1, 40 * MIB), segment(2, 10 * MIB)], false],
  ['deltas of more than a quarter', [segment(1, 40 * MIB), segment(2, 10 * MIB + 1)], true],
  ['large deltas of a small base', [segment(7, 10), segment(9, 2 * MIB)], true],
])('a range of %s is merged: %s', (_, segments, wanted) => {
  expect(needsMerge(segments)).toBe(wanted);
  expect(needsMerge([...segments].reverse())).toBe(wanted);
});

test('a view at the horizon or later is the same without what was removed before', () => {
  const version = fc.record({
    second: fc.integer({ min: 1, max: 4 }),
    marker: fc.boolean(),
    removed: fc.option(fc.integer({ min: 2, max: 12 }), { nil: undefined }),
    state: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(version, { maxLength: 8 }), fc.integer({ min: 5, max: 10 }), (versions, horizon) => {
      const sorted = versions.map((item, i) => ({ ...item, id: `v${String(i)}` })).sort((a, b) => a.second - b.second);
      const rows = sorted.flatMap((item, i): Row[] => {
        const older = sorted[i - 1];
        const base = { key: 'k', versionId: item.id, lastModified: item.second, observedAt: 9 };
        return [
          {
            ...base,
            kind: item.marker ? 'marker' : 'put',
            newerThan: older?.second === item.second ? older.id : undefined,
          },
          ...(item.state ? [{ ...base, kind: 'state' as const, effectiveFrom: 5, tags: item.id }] : []),
          ...(item.removed === undefined
            ? []
            : [{ ...base, kind: 'removed' as const, removedAfter: item.removed - 1, removedBefore: item.removed }]),
        ];
      });
      const kept = neededSince(rows, horizon);
      for (const asOf of [horizon, horizon + 1, horizon + 5]) {
        const plain = (all: readonly Row[]): unknown => {
          const { versions: seen, uncertain } = viewAt('k', all, asOf);
          return { seen: seen.map(({ row, tags }) => [row.versionId, tags]), uncertain };
        };
        expect(plain(kept)).toEqual(plain(rows));
      }
      const gone = sorted.filter((item) => item.removed !== undefined && item.removed <= horizon);
      expect(kept.filter((row) => gone.some((item) => item.id === row.versionId))).toEqual([]);
    }),
    { numRuns: 500, endOnFailure: true },
  );
});

describe('ranges of the next commit', () => {
  const [old, other] = [segment(1, 1, 'a', 'f'), segment(1, 1, 'g', 'z')];
  const base = {
    history: {
      segments: [old, other],
      ranges: [
        { from: '', segments: [0] },
        { from: 'g', segments: [1] },
      ],
    },
  };
  const delta = segment(2, 1, 'b', 'h');
  const fresh = segment(2, 1, 'c', 'd');

  test('a merged interval replaces what was there, and only there', async () => {
    const merged = [{ from: 'c', to: 'e', segments: [fresh] }];
    const history = await historyAfter({
      base,
      units: [{ from: '' }],
      additions: () => ({ segments: [delta], merged }),
    });
    const named = (await rangesOf(emptyVault(), { history })).map(({ from, segments }) => [from, segments]);
    expect(named).toEqual([
      ['', [old, delta]],
      ['c', [fresh]],
      ['e', [old, delta]],
      ['g', [other, delta]],
    ]);
  });

  test('a segment that nothing names any more is left out', async () => {
    const merged = [
      { from: '', to: 'g', segments: [fresh] },
      { from: 'g', to: undefined, segments: [] },
    ];
    const units = [{ from: '', to: 'k' }, { from: 'k' }];
    const next = await historyAfter({ base, units, additions: () => ({ segments: [delta], merged }) });
    expect(next).toMatchObject({ segments: [fresh], ranges: [{ from: '' }, { from: 'g' }, { from: 'k' }] });
  });
});

test('a null version whose deletion an event told goes with it, and one that came later stays', () => {
  const version = (lastModified: number): Row => ({
    key: 'k',
    versionId: 'null',
    kind: 'put',
    lastModified,
    etag: 'e',
  });
  const removal: Row = {
    key: 'k',
    versionId: 'null',
    kind: 'removed',
    lastModified: 0,
    removedAfter: 8,
    removedBefore: 9,
  };
  const rows = [
    version(12),
    { ...version(5), kind: 'state' as const, effectiveFrom: 6, tags: '{}' },
    version(5),
    removal,
  ];
  expect(neededSince(rows, 10)).toEqual([version(12)]);
  expect(neededSince(rows, 8)).toEqual(rows);
});
