import fc from 'fast-check';
import type { SegmentRef } from '../../../lambda/core/history/segment-index';
import { compareKeys, inRange } from '../../../lambda/core/keys/order';
import { isSelected, parseItemsFile, selectedParts, toSelection } from '../../../lambda/core/restore/items';
import type { ItemSelector } from '../../../lambda/core/restore/schema';
import { addWork, cutRanges, NO_WORK, WeightSampler, workersFor, workOf } from '../../../lambda/core/scan/weights';
import { emptyVault, historyAfter, rangesOf } from '../../support/history-after';

const key = fc.string({ unit: fc.constantFrom('a', 'b', '/', '\uffff', '\u{10000}'), maxLength: 4 });

/** Where the range of a key ends, of ranges with these bounds. */
const endsAt = (bounds: readonly string[]) => (one: string) =>
  Promise.resolve([...bounds].sort(compareKeys).find((bound) => compareKeys(bound, one) > 0));

test('cut ranges cover every key exactly once, and a key is never cut apart', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(key), fc.integer({ min: 1, max: 9 }), fc.array(key), async (unsorted, target, bounds) => {
      const keys = [...unsorted].sort(compareKeys);
      const sampler = new WeightSampler(target / 4);
      for (const one of keys) sampler.add(one, 1);
      sampler.close();
      const ranges = await cutRanges(sampler.samples, target, endsAt(bounds));
      expect(ranges[0]?.from).toBe('');
      expect(ranges.at(-1)?.to).toBeUndefined();
      for (const one of keys) expect(ranges.filter((range) => inRange(one, range))).toHaveLength(1);
      ranges.slice(1).forEach((range, index) => {
        expect(ranges[index]?.to).toBe(range.from);
        expect(compareKeys(ranges[index]?.from ?? '', range.from)).toBeLessThan(0);
      });
    }),
    { numRuns: 2_000 },
  );
});

test('cuts follow the ranges of the last commit where they can', async () => {
  const samples = ['c', 'f', 'i', 'l'].map((name) => ({ key: name, weight: 10 }));
  const ranges = await cutRanges(samples, 10, endsAt(['', 'd', 'j']));
  expect(ranges.map((range) => range.from)).toEqual(['', 'd', 'f\u0000', 'j']);
});

describe('workers for a rate', () => {
  const MIB = 1024 * 1024;
  const work = (objects: number, size: number, known = 0) =>
    addWork(
      { requests: objects * workOf(size, false, MIB).requests, seconds: objects * workOf(size, false, MIB).seconds },
      { requests: 0, seconds: known * workOf(size, true, MIB).seconds },
    );

  test.each([
    ['small bodies keep few workers busy', work(1e7, 1_024), 2_000, 11],
    ['larger bodies take longer, so that more workers use up the same rate', work(1e7, MIB), 2_000, 178],
    ['copies by S3 take longer still', work(1e7, 1_024 * MIB), 2_000, 200],
    ['a copy is two requests', work(1e7, 10 * MIB), 2_000, 41],
    ['a higher rate takes more workers', work(1e7, 1_024), 20_000, 102],
    ['what is only compared is not held up by the rate', work(1e3, 1_024, 1e8), 2_000, 200],
    ['at least one', work(1, 1), 1, 1],
    ['without a request', NO_WORK, 2_000, 200],
    ['without an estimate', undefined, 2_000, 200],
    ['without a rate', work(1e7, 1_024), undefined, 200],
  ])('%s', (_, found, rate, workers) => {
    expect(workersFor(found, rate, 200, 1)).toBe(workers);
  });

  test.each([
    [41, 41],
    [42, 21],
    [70, 35],
    [82, 41],
    [83, 28],
    [1_000, 40],
  ])('%i units are in rounds of as many as can be, at most 41: %i', (units, workers) => {
    expect(workersFor({ requests: 1_000, seconds: 41 / 4 }, 2_000, 200, units)).toBe(workers);
    expect(workersFor({ requests: 1_000, seconds: 999 }, 2_000, 41, units)).toBe(workers);
    expect(Math.ceil(units / workers)).toBe(Math.ceil(units / 41));
    // Without a rate nobody waits for another, and whoever is done first takes the next one.
    expect(workersFor(undefined, 2_000, 41, units)).toBe(41);
  });

  test('they are enough to use the rate up, by the estimate', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ size: fc.nat(5 * 1_024 * MIB), known: fc.boolean() }), { minLength: 1 }),
        fc.integer({ min: 1, max: 100_000 }),
        (rows, rate) => {
          const found = rows.reduce((sum, { size, known }) => addWork(sum, workOf(size, known, MIB)), NO_WORK);
          const workers = workersFor(found, rate, 1_000_000, 1);
          fc.pre(found.requests > 0 && workers < 1_000_000);
          expect((workers / found.seconds) * found.requests).toBeGreaterThanOrEqual(rate);
        },
      ),
    );
  });
});

const segment = (name: string, minKey: string, maxKey: string): SegmentRef => ({
  name,
  minKey,
  maxKey,
  sha256: '',
  bytes: 1,
  filesName: '',
  filesSha256: '',
  rows: 1,
  commit: 1,
});

test('new segments join the ranges they reach into; the others keep theirs', async () => {
  const base = {
    history: {
      segments: [segment('s1', 'a', 'k'), segment('s2', 'm', 'z')],
      ranges: [
        { from: '', segments: [0] },
        { from: 'm', segments: [1] },
      ],
    },
  };
  const units = [{ from: '', to: 'g' }, { from: 'g' }];
  const history = await historyAfter({ base, units, additions: () => ({ segments: [segment('d', 'h', 'j')] }) });
  const ranges = await rangesOf(emptyVault(), { history });
  expect(ranges.map((range) => [range.from, range.segments.map(({ name }) => name)])).toEqual([
    ['', ['s1']],
    ['g', ['s1', 'd']],
    ['m', ['s2']],
  ]);
  expect(await rangesOf(emptyVault(), { history }, { from: 'h', to: 'i' })).toMatchObject([
    { from: 'h', to: 'i', segments: [{ name: 's1' }, { name: 'd' }] },
  ]);
});

describe('items of a restore', () => {
  const item: fc.Arbitrary<ItemSelector> = fc.record({
    kind: fc.constantFrom('prefix' as const, 'key' as const),
    text: key,
  });
  const matches = (items: readonly ItemSelector[], name: string): boolean =>
    items.some(({ kind, text }) => (kind === 'key' ? name === text : name.startsWith(text)));

  test('intervals select exactly the keys and prefixes that were named', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 6 }), key, key, (items, name, from) => {
        const intervals = toSelection(items).intervals;
        expect(isSelected(intervals, name)).toBe(matches(items, name));
        const parts = selectedParts(intervals, { from });
        expect(parts.some((part) => inRange(name, part))).toBe(matches(items, name) && compareKeys(name, from) >= 0);
        intervals.slice(1).forEach((interval, index) => {
          expect(compareKeys(intervals[index]?.to ?? '', interval.from)).toBeLessThanOrEqual(0);
        });
      }),
      { numRuns: 5_000 },
    );
  });

  test('a million keys are selected without effort', () => {
    const many = Array.from({ length: 200_000 }, (_, i): ItemSelector => ({ kind: 'key', text: `k${String(i * 2)}` }));
    const intervals = toSelection(many).intervals;
    expect(isSelected(intervals, 'k100000')).toBe(true);
    expect(isSelected(intervals, 'k100001')).toBe(false);
    expect(selectedParts(intervals, { from: 'k1', to: 'k2' }).length).toBeGreaterThan(10_000);
  });

  test('lines of an items file', () => {
    expect(parseItemsFile('a b\nphotos/\r\n"new\\nline"\n"p/"\n{"key":"p/"}\n{"prefix":""}\n\n')).toEqual([
      { kind: 'key', text: 'a b' },
      { kind: 'prefix', text: 'photos/' },
      { kind: 'key', text: 'new\nline' },
      { kind: 'prefix', text: 'p/' },
      { kind: 'key', text: 'p/' },
      { kind: 'prefix', text: '' },
    ]);
    expect(() => parseItemsFile('ok\n"open\n{"key":1}\n{"key":"a","prefix":"b"}\n""')).toThrow(
      /line 2 .*line 3 .*line 4 .*line 5 /,
    );
    expect(() => parseItemsFile('\n')).toThrow('no items');
    expect(() => parseItemsFile('"\\ud800"')).toThrow('line 1 ("\\ud800") has half of a surrogate pair');
    expect(parseItemsFile('\ufefffirst')).toEqual([{ kind: 'key', text: 'first' }]);
  });

  test('lines that no key can be are refused as items of the input are, each by its number', () => {
    const long = 'k'.repeat(1025);
    const lines = ['fine', 'a\0b', '{"prefix": "p\\u0000/"}', long, JSON.stringify({ prefix: 'ü'.repeat(513) })];
    expect(() => parseItemsFile([...lines, `\0${long}`].join('\n'))).toThrow(
      [
        String.raw`itemsFile: line 2 ("a\u0000b") has the character U+0000, which no key can have`,
        String.raw`itemsFile: line 3 ("p\u0000/") has the character U+0000, which no key can have`,
        `itemsFile: line 4 ("${'k'.repeat(79)}…) has 1025 bytes, but a key has at most 1024`,
        `itemsFile: line 5 ("${'ü'.repeat(79)}…) has 1026 bytes, but a key has at most 1024`,
        String.raw`itemsFile: line 6 ("\u0000${'k'.repeat(73)}…) has the character U+0000, which no key can have, and has 1026 bytes`,
      ].join('; '),
    );
    expect(parseItemsFile('k'.repeat(1024))).toHaveLength(1);
  });

  test('the first twenty wrong lines are named, the others counted', () => {
    const wrong =
      (count: number): (() => unknown) =>
      () =>
        parseItemsFile(`${'\0\n'.repeat(count)}ok`);
    expect(wrong(20)).toThrow(/line 20 \S+ has the character U\+0000, which no key can have$/);
    expect(wrong(25)).toThrow(/line 20 [^;]*; itemsFile: 5 more lines are wrong$/);
  });
});
