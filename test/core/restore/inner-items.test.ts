import fc from 'fast-check';
import { compareKeys } from '../../../lambda/core/keys/order';
import { InnerMatches } from '../../../lambda/core/restore/inner-items';
import { toSelection } from '../../../lambda/core/restore/items';
import type { ItemSelector } from '../../../lambda/core/restore/schema';

const text = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom('a', 'b', '/', '\uffff', '\u{10000}', '\u{10ffff}'), maxLength });
const item = fc.record<ItemSelector>({ kind: fc.constantFrom('prefix', 'key'), text: text(4) });
const names = ({ kind, text: own }: ItemSelector, key: string): boolean =>
  kind === 'key' ? own === key : key.startsWith(own);

test('of any items, exactly those match that name one of the keys, whichever worker has it', () => {
  fc.assert(
    fc.property(fc.array(item, { maxLength: 12 }), fc.array(text(5)), fc.nat(6), (items, unsorted, cut) => {
      const keys = [...unsorted].sort(compareKeys);
      const selection = toSelection(items);
      const workers = [keys.slice(0, cut), keys.slice(cut).reverse()].map((own) => {
        const matches = new InnerMatches(selection);
        for (const key of own) matches.add(key);
        return matches;
      });
      const found = (texts: readonly string[], of: (worker: InnerMatches) => number[]): Set<string | undefined> =>
        new Set(workers.flatMap(of).map((number) => texts[number]));
      const wanted = (kind: ItemSelector['kind'], texts: readonly string[]): Set<string> =>
        new Set(texts.filter((own) => keys.some((key) => names({ kind, text: own }, key))));
      const { innerKeys, innerPrefixes, intervals } = selection;
      expect(found(innerKeys, (worker) => worker.matchedKeys)).toEqual(wanted('key', innerKeys));
      expect(found(innerPrefixes, (worker) => worker.matchedPrefixes)).toEqual(wanted('prefix', innerPrefixes));
      const different = new Set(items.map(({ kind, text: own }) => `${kind} ${own}`));
      expect(intervals.length + innerKeys.length + innerPrefixes.length).toBe(different.size);
    }),
    { numRuns: 5_000 },
  );
});

/** Looks at items that are enough for a key, preparing them included, however many items there are. */
const LOOKS = 10;

/** The items, and how often one was looked at. */
function watched(items: readonly string[]) {
  const seen = { looks: 0 };
  const get = (target: readonly string[], name: string | symbol): unknown => {
    if (typeof name === 'string' && /^\d+$/.test(name)) seen.looks++;
    return Reflect.get(target, name);
  };
  return { items: new Proxy(items, { get }), seen };
}

test('a key is looked up among very many inner items, nested ones too, by few of them', () => {
  const many = Array.from({ length: 100_000 }, (_, i): ItemSelector => ({ kind: 'prefix', text: `p/${String(i)}/` }));
  const nested = Array.from({ length: 1_000 }, (_, i): ItemSelector => ({
    kind: 'prefix',
    text: `p/${'n'.repeat(i)}`,
  }));
  const selection = toSelection([{ kind: 'prefix', text: 'p/' }, ...many, ...nested]);
  const { items, seen } = watched(selection.innerPrefixes);
  const matches = new InnerMatches({ ...selection, innerPrefixes: items });
  for (let i = 0; i < 100_000; i++) matches.add(`p/${'n'.repeat(999)}${String(i)}`);
  for (let i = 0; i < 99_999; i++) matches.add(`p/${String(i)}/x`);
  expect(seen.looks).toBeLessThan(LOOKS * 200_000);
  const numbers = new Set(matches.matchedPrefixes);
  expect(selection.innerPrefixes.filter((_, number) => !numbers.has(number))).toEqual(['p/99999/']);
});
