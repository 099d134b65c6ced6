import type { HistoryIndex } from '../../../../lambda/core/history/manifest';
import type { HistoryRange, SegmentRef } from '../../../../lambda/core/history/segment-index';
import { compareKeys, intersect, type KeyRange, reachesInto } from '../../../../lambda/core/keys/order';
import { rangesToMerge } from '../../../../lambda/usecases/backup/compare/merge-ranges';
import { randomOf } from '../../../support/dice';
import { emptyVault, historyAfter, rangesOf, wholeHistory } from '../../../support/history-after';
import { seeds } from '../../../support/seeds';

const RANGES = 3_000;
/** Looks at a segment or a bound that are enough, whatever number of ranges a commit has. */
const LOOKS = 100;

let looks = 0;
const keyOf = (place: number): string => String(place).padStart(9, '0');
/** A value of a field that counts who looks at it. */
const counted = <T extends object>(object: T, field: string, value: unknown): T =>
  Object.defineProperty(object, field, { enumerable: true, get: () => (looks++, value) });

const segment = (name: string, minKey: string, maxKey: string): SegmentRef => ({
  name,
  sha256: '',
  bytes: 1,
  filesName: '',
  filesSha256: '',
  rows: 1,
  minKey,
  maxKey,
  commit: 1,
});

test('a commit of very many ranges takes no time that grows with their square', async () => {
  const watched = (name: string, minKey: string, maxKey: string): SegmentRef =>
    counted(counted({ name }, 'minKey', minKey), 'maxKey', maxKey) as unknown as SegmentRef;
  const bounds = Array.from({ length: RANGES }, (_, i) => (i === 0 ? '' : keyOf(i)));
  const units = bounds.map((from, i) => counted({ to: bounds[i + 1] }, 'from', from) as unknown as KeyRange);
  const added = (commit: string) => (i: number) => ({
    segments: [watched(`${commit}${String(i)}`, `${keyOf(i)}a`, `${keyOf(i)}b`)],
  });
  const vault = emptyVault();
  const first = await wholeHistory(vault, { history: await historyAfter({ units, additions: added('a') }) });
  const ranges = first.ranges.map(
    ({ from, segments }) => counted({ segments }, 'from', from) as unknown as (typeof first.ranges)[0],
  );
  const base = { history: { ...first, ranges } };
  const merged = (i: number) => ({
    merged: [{ ...units[i], from: bounds[i] ?? '', segments: [watched(`m${String(i)}`, keyOf(i), keyOf(i))] }],
  });
  expect(await historyAfter({ base, units, additions: added('b') })).toMatchObject({
    segments: { length: 2 * RANGES },
  });
  const anew = await historyAfter({ base, units, additions: (i) => ({ ...added('b')(i), ...merged(i) }) });
  expect(anew).toMatchObject({ segments: { length: RANGES } });
  const news = bounds.map((_, i) => watched(`c${String(i)}`, `${keyOf(i)}a`, `${keyOf(i)}b`));
  expect(await rangesToMerge(vault, base, { from: '' }, news)).toEqual([]);
  let found = 0;
  for (const unit of units) found += (await rangesOf(vault, base, unit)).length;
  expect(found).toBe(RANGES);
  expect(looks).toBeLessThan(RANGES * LOOKS);
});

const intervals = (starts: readonly string[]): KeyRange[] => starts.map((from, i) => ({ from, to: starts[i + 1] }));

/** What a job does at random to a history that is random. */
function anything(seed: number) {
  const random = randomOf(seed + 1);
  const key = (): string => keyOf(Math.floor(random() * 40));
  const bounds = (): string[] =>
    ['', ...new Set(Array.from({ length: Math.floor(random() * 8) }, key))].sort(compareKeys);
  const some = (name: string): SegmentRef[] =>
    Array.from({ length: Math.floor(random() * 8) }, (_, i) => {
      const [a = '', b = ''] = [key(), key()].sort(compareKeys);
      return segment(`${name}${String(i)}`, a, b);
    });
  const [before, units] = [intervals(bounds()), intervals(bounds())];
  const merged = intervals(bounds())
    .filter(() => random() < 0.3)
    .map((range, i) => ({ ...range, segments: [segment(`m${String(i)}`, range.from, range.from)] }));
  return { random, before, units, old: some('a'), added: some('b'), merged };
}

const namesOf = (ranges: readonly HistoryRange[]) =>
  ranges.map(({ from, to, segments }) => ({ from, to, names: segments.map(({ name }) => name) }));
const SEEDS = seeds(200);

test.each(SEEDS)('ranges have the segments that reach into them (%i)', async (seed) => {
  const { before, units, old, added, merged } = anything(seed);
  const vault = emptyVault();
  const base = { history: await historyAfter({ units: before, additions: () => ({ segments: old }) }) };
  const next = { history: await historyAfter({ base, units, additions: () => ({ segments: added, merged }) }) };
  const bounds = (await rangesOf(vault, base)).map(({ from }) => from);
  const namesAt = async (manifest: { history: HistoryIndex }, at: KeyRange): Promise<string[]> =>
    (await rangesOf(vault, manifest, at)).flatMap((range) => range.segments.map(({ name }) => name));
  for (let place = 0; place < 41; place++) {
    const at = { from: keyOf(place), to: `${keyOf(place)}\u0000` };
    const isAnew = merged.find((range) => intersect(range, at));
    // Ranges are as wide as the bounds of units, of the last commit and of what was merged say.
    const range = intervals(
      [...new Set([...units, ...intervals(bounds), ...merged].map(({ from }) => from))]
        .concat(merged.flatMap(({ to }) => to ?? []))
        .sort(compareKeys),
    ).find((one) => intersect(one, at));
    const kept = await namesAt(base, at);
    const news = added.filter((one) => range && reachesInto(one, range)).map(({ name }) => name);
    expect(await namesAt(next, at)).toEqual(isAnew ? isAnew.segments.map(({ name }) => name) : [...kept, ...news]);
  }
});

/** Segments of a unit are of its keys only. */
const within = (unit: KeyRange, ranges: readonly HistoryRange[]): HistoryRange[] =>
  ranges.flatMap((range) => {
    const own = intersect(range, unit);
    return own ? [{ ...own, segments: range.segments }] : [];
  });

describe.each([true, false])('pages, where units cut ranges: %p', (cuts) => {
  test.each(SEEDS)('an index in pages has the ranges of one without (%i)', async (seed) => {
    const { random, before, units, old, added, merged } = anything(seed);
    const additions = (i: number) => {
      const unit = units[i] ?? { from: '' };
      const own = added.flatMap((one) => {
        const part = intersect({ from: one.minKey, to: `${one.maxKey}\u0000` }, unit);
        return part ? [{ ...one, name: `${one.name}-${String(i)}`, minKey: part.from, maxKey: part.from }] : [];
      });
      return { segments: own, merged: within(unit, merged) };
    };
    const first = { units: before, additions: () => ({ segments: old }), cuts: true };
    const plain = emptyVault();
    const plainBase = { history: await historyAfter(first) };
    const expected = namesOf(
      await rangesOf(plain, { history: await historyAfter({ base: plainBase, units, additions, cuts }) }),
    );
    for (const pageSegments of [1, 2, 1 + Math.floor(random() * 6)]) {
      const vault = emptyVault();
      const base = { history: await historyAfter({ ...first, vault, pageSegments }) };
      expect(namesOf(await rangesOf(vault, base))).toEqual(namesOf(await rangesOf(plain, plainBase)));
      const history = await historyAfter({ vault, base, units, additions, cuts, pageSegments });
      expect(namesOf(await rangesOf(vault, { history }))).toEqual(expected);
      // From an index of one piece to pages, and pages that are cut anew.
      const grown = await historyAfter({ vault, base: plainBase, units, additions, cuts, pageSegments });
      expect(namesOf(await rangesOf(vault, { history: grown }))).toEqual(expected);
      for (const unit of units)
        expect(namesOf(await rangesOf(vault, { history }, unit))).toEqual(
          namesOf(within(unit, await rangesOf(vault, { history }))),
        );
    }
  });
});

test('a page in which nothing has changed is not written again', async () => {
  const vault = emptyVault();
  const units = intervals(['', ...Array.from({ length: 9 }, (_, i) => keyOf(i + 1))]);
  const one = (name: string) => (i: number) => ({ segments: [segment(`${name}${String(i)}`, keyOf(i), keyOf(i))] });
  const options = { vault, units, pageSegments: 3 };
  const first = await historyAfter({ ...options, additions: one('a') });
  const pages = 'pages' in first ? first.pages : [];
  expect(pages.map(({ from }) => from)).toEqual(['', keyOf(3), keyOf(6), keyOf(9)]);
  const same = await historyAfter({ ...options, base: { history: first }, additions: () => ({}) });
  expect(same).toEqual(first);
  const next = await historyAfter({
    ...options,
    base: { history: first },
    additions: (i) => (i === 4 ? one('b')(i) : {}),
  });
  const [a, b, c, d] = pages;
  expect(next).toEqual({ pages: [a, expect.anything(), expect.anything(), c, d] });
  expect(next).not.toMatchObject({ pages: [a, b] });
});

test('a history is whole: units that leave keys out are a fault', async () => {
  const additions = () => ({});
  await expect(historyAfter({ units: [{ from: 'b' }], additions })).rejects.toThrow('a unit begins at "b", not at ""');
  await expect(historyAfter({ units: [{ from: '', to: 'b' }, { from: 'c' }], additions })).rejects.toThrow(
    'begins at "c"',
  );
  await expect(historyAfter({ units: [{ from: '', to: 'b' }], additions })).rejects.toThrow(
    'there is no unit from "b" on',
  );
});

test('ranges of which merges have left nothing do not have a page each', async () => {
  const units = intervals(['', ...Array.from({ length: 9 }, (_, i) => keyOf(i + 1))]);
  const vault = emptyVault();
  const first = (i: number) => ({ segments: [segment(`a${String(i)}`, keyOf(i), keyOf(i))] });
  const base = { history: await historyAfter({ vault, units, additions: first, pageSegments: 5 }) };
  expect(base.history).toMatchObject({ pages: { length: 2 } });
  const emptied = (i: number) => ({ merged: [{ from: '', ...units[i], segments: [] }] });
  const history = await historyAfter({ vault, base, units, additions: emptied, pageSegments: 5 });
  expect(history).toMatchObject({ pages: { length: 2 } });
  expect((await rangesOf(vault, { history })).map(({ from }) => from)).toEqual(units.map(({ from }) => from));
});
