import { compareKeys, intersect, reachesInto } from '../../lambda/core/key-order';
import { historyRanges, type Manifest, nextRanges, type SegmentRef } from '../../lambda/core/manifest';
import { randomOf } from '../support/dice';

const RANGES = 3_000;
/** Looks at a segment or a bound that are enough, whatever number of ranges a commit has. */
const LOOKS = 100;

let looks = 0;
const keyOf = (place: number): string => String(place).padStart(9, '0');
/** A value of a field that counts who looks at it. */
const counted = <T extends object>(object: T, field: string, value: unknown): T =>
  Object.defineProperty(object, field, { enumerable: true, get: () => (looks++, value) });

const segment = (name: string, minKey: string, maxKey: string): SegmentRef =>
  counted(counted({ name }, 'minKey', minKey), 'maxKey', maxKey) as unknown as SegmentRef;

test('a commit of very many ranges takes no time that grows with their square', () => {
  const bounds = Array.from({ length: RANGES }, (_, i) => (i === 0 ? '' : keyOf(i)));
  const units = bounds.map((from, i) => counted({ to: bounds[i + 1] }, 'from', from) as unknown as { from: string });
  const added = (commit: string): SegmentRef[] =>
    bounds.map((_, i) => segment(`${commit}${String(i)}`, `${keyOf(i)}a`, `${keyOf(i)}b`));
  const first = nextRanges(undefined, units, added('a'));
  const ranges = first.ranges.map(({ from, segments }) => counted({ segments }, 'from', from));
  const base = { ...first, ranges } as unknown as Manifest;
  const merged = units.map((unit, i) => ({ ...unit, segments: [segment(`m${String(i)}`, keyOf(i), keyOf(i))] }));
  expect(nextRanges(base, units, added('b')).segments).toHaveLength(2 * RANGES);
  expect(nextRanges(base, units, added('b'), merged).segments).toHaveLength(RANGES);
  expect(units.flatMap((unit) => historyRanges(base, unit))).toHaveLength(RANGES);
  expect(looks).toBeLessThan(RANGES * LOOKS);
});

test.each(Array.from({ length: 200 }, (_, seed) => seed))(
  'ranges have the segments that reach into them (%i)',
  (seed) => {
    const random = randomOf(seed + 1);
    const key = (): string => keyOf(Math.floor(random() * 40));
    const bounds = (): string[] =>
      ['', ...new Set(Array.from({ length: Math.floor(random() * 8) }, key))].sort(compareKeys);
    const intervals = (starts: string[]) => starts.map((from, i) => ({ from, to: starts[i + 1] }));
    const some = (name: string): SegmentRef[] =>
      Array.from({ length: Math.floor(random() * 8) }, (_, i) => {
        const [a = '', b = ''] = [key(), key()].sort(compareKeys);
        return segment(`${name}${String(i)}`, a, b);
      });
    const base = nextRanges(undefined, intervals(bounds()), some('a')) as Manifest;
    const units = intervals(bounds());
    const added = some('b');
    const merged = intervals(bounds())
      .filter(() => random() < 0.3)
      .map((range, i) => ({ ...range, segments: [segment(`m${String(i)}`, range.from, range.from)] }));
    const next = nextRanges(base, units, added, merged) as Manifest;
    const namesAt = (manifest: Manifest, at: string): string[] =>
      historyRanges(manifest, { from: at, to: `${at}\u0000` }).flatMap((range) =>
        range.segments.map(({ name }) => name),
      );
    for (let place = 0; place < 41; place++) {
      const at = { from: keyOf(place), to: `${keyOf(place)}\u0000` };
      const isAnew = merged.find((range) => intersect(range, at));
      const unit = units.find((range) => intersect(range, at));
      // Ranges are as wide as the bounds of units, of the last commit and of what was merged say.
      const range = intervals(
        [...new Set([...units, ...intervals(base.ranges.map(({ from }) => from)), ...merged].map(({ from }) => from))]
          .concat(merged.flatMap(({ to }) => to ?? []))
          .sort(compareKeys),
      ).find((one) => intersect(one, at));
      const kept = namesAt(base, at.from);
      const news = added.filter((one) => range && reachesInto(one, range)).map(({ name }) => name);
      expect(unit).toBeDefined();
      expect(namesAt(next, at.from)).toEqual(isAnew ? isAnew.segments.map(({ name }) => name) : [...kept, ...news]);
    }
  },
);
