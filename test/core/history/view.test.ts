import type { Row } from '../../../lambda/core/history/row';
import { compareSequencers } from '../../../lambda/core/history/sequencers';
import { newestFirst, viewAt } from '../../../lambda/core/history/view';

const put = (versionId: string, lastModified: number, more: Partial<Row> = {}): Row => ({
  key: 'k',
  versionId,
  kind: 'put',
  lastModified,
  ...more,
});
const FILE = { name: 'pack', checksum: '', bytes: 1, commit: 1 };
const ids = (rows: readonly Row[]): string => rows.map((row) => row.versionId).join(' ');

describe('order of versions', () => {
  test('newest first by date', () => {
    expect(ids(newestFirst([put('a', 1), put('c', 3), put('b', 2)]).ordered)).toBe('c b a');
  });

  test('within a second by the links of the listing, also through a version that is gone', () => {
    const chain = [put('a', 1), put('b', 1, { newerThan: 'a' }), put('c', 1, { newerThan: 'b' })];
    expect(newestFirst([...chain].reverse())).toEqual({
      ordered: [chain[2], chain[1], chain[0]],
      uncertain: [],
      tied: new Set(),
    });
    const [a, , c] = chain;
    expect(ids(newestFirst([a, c] as Row[], chain).ordered)).toBe('c a');
  });

  test('by sequencers only if all have one', () => {
    const tied = [put('a', 1, { sequencer: '9' }), put('b', 1, { sequencer: '0A1' }), put('c', 1, { sequencer: 'a0' })];
    expect(ids(newestFirst(tied).ordered)).toBe('b c a');
    const mixed = [put('x', 1, { newerThan: 'a' }), ...tied];
    expect(newestFirst(mixed).uncertain).toEqual(['same-second']);
  });

  test('what a later scan saw first is newer; two without any hint are uncertain', () => {
    const seen = (source: Row['source']) => [put('a', 1, { observedAt: 10, source }), put('b', 1, { observedAt: 20 })];
    const order = [{ versionId: 'b' }, { versionId: 'a' }];
    expect(newestFirst(seen('listing'))).toMatchObject({ ordered: order, uncertain: [] });
    // A report may have left it out, and a capture has looked at one version only.
    for (const source of ['inventory', 'event'] as const)
      expect(newestFirst(seen(source))).toMatchObject({ ordered: order, uncertain: ['same-second'] });
    expect(newestFirst([put('a', 1), put('b', 1)]).uncertain).toEqual(['same-second']);
  });

  test('links in a circle end, and are uncertain', () => {
    const circle = [put('a', 1, { newerThan: 'b' }), put('b', 1, { newerThan: 'a' })];
    const { ordered, uncertain } = newestFirst(circle);
    expect(ordered).toHaveLength(2);
    expect(uncertain).toEqual(['same-second']);
  });

  test('sequencers of unequal length compare padded, in either case', () => {
    expect(compareSequencers('0055AED6DCD90281E5', '55aed6dcd90281e6')).toBeLessThan(0);
    expect(compareSequencers('ff', '0FF')).toBe(0);
  });
});

describe('the view at an instant', () => {
  test('has what S3 dates up to then, was visible, and was not removed', () => {
    const rows: Row[] = [
      put('future', 11),
      put('hidden', 5, { visibleFrom: 12 }),
      put('gone', 4),
      put('going', 3),
      put('here', 2),
      { ...put('gone', 4), kind: 'removed', removedAfter: 8, removedBefore: 10 },
      { ...put('going', 3), kind: 'removed', removedAfter: 10, removedBefore: 20 },
    ];
    expect(ids(viewAt('k', rows, 10).versions.map((version) => version.row))).toBe('going here');
  });

  test('shows the tags and the ACL that hold then', () => {
    const state = { ...put('v', 2), kind: 'state' as const };
    const rows: Row[] = [
      put('v', 2, { tags: 'old', acl: 'old' }),
      { ...state, tags: 'new', effectiveFrom: 5 },
      { ...state, tags: 'newest', effectiveFrom: 8 },
      { ...state, acl: 'new', effectiveFrom: 6 },
    ];
    const at = (asOf: number): unknown => viewAt('k', rows, asOf).versions.map(({ tags, acl }) => [tags, acl])[0];
    expect([at(4), at(5), at(7), at(9)]).toEqual([
      ['old', 'old'],
      ['new', 'old'],
      ['new', 'new'],
      ['newest', 'new'],
    ]);
  });

  test('doubts a marker without a date as long as it lies above another version', () => {
    const marker = put('m', 8, { kind: 'marker', visibleFrom: 8, visibleBefore: 8, uncertain: 'undated' });
    const at = (rows: readonly Row[], asOf = 9) => viewAt('k', rows, asOf).uncertain;
    expect(at([marker])).toEqual([]);
    expect(at([marker, put('newer', 9)])).toEqual([]);
    expect(at([marker, put('older', 5, { file: FILE })])).toEqual(['marker-date']);
    expect(at([marker, put('older', 5, { file: FILE })], 7)).toEqual([]);
    // A listing has said the date.
    expect(at([{ ...marker, lastModified: 6 }, put('older', 5, { file: FILE })])).toEqual([]);
  });

  test('doubts tags and ACLs that were read after a gap began, at instants before it', () => {
    const doubtsAt = (row: Row, states: readonly Row[] = []) => {
      const at = (asOf: number) => viewAt('k', [row, ...states], asOf, { gapStarts: [3, 10, 30] });
      return [5, 10, 11].map((asOf) => at(asOf).versions[0]?.doubts.filter((doubt) => doubt !== 'not-stored'));
    };
    const late = put('v', 2, { tags: '{}', readAt: 20 });
    expect(doubtsAt(late)).toEqual([['tags'], ['tags'], []]);
    expect(doubtsAt({ ...late, acl: '{}' })).toEqual([['tags', 'acl'], ['tags', 'acl'], []]);
    expect(doubtsAt({ ...late, readAt: 10 })).toEqual([[], [], []]);
    const state = (observedAt: number): Row => ({
      ...late,
      kind: 'state',
      tags: '{"a":"b"}',
      effectiveFrom: 4,
      observedAt,
    });
    // A change whose event waited until after the gap, and one that was read at once.
    expect(doubtsAt(late, [state(20)])).toEqual([['tags'], ['tags'], []]);
    expect(doubtsAt(late, [state(6)])).toEqual([[], [], []]);
  });
});

test('equal sequencers tell of no order, and those beside them still do', () => {
  const row = (versionId: string, sequencer: string): Row => ({
    key: 'k',
    versionId,
    kind: 'marker',
    lastModified: 5,
    sequencer,
  });
  const same = [row('x', '00A'), row('old', '9'), row('y', 'a'), row('new', '0b')];
  const { versions, uncertain } = viewAt('k', same, 5);
  const ids = versions.map(({ row: { versionId } }) => versionId);
  expect([ids[0], ids[3], uncertain]).toEqual(['new', 'old', ['same-second']]);
  expect(viewAt('k', [row('x', '00A'), row('y', '0000b')], 5).uncertain).toEqual([]);
});
