import fc from 'fast-check';
import { GeneratedSource, keyOf } from '../../bench/support/generated-bucket';
import { compareKeys } from '../../lambda/core/keys/order';

/** Texts before, between and after the keys of a generated bucket. */
const markers = fc.oneof(
  fc.constantFrom('', 'd', 'data/', 'data/0', 'data/00', 'data/96/', 'data/97', 'e', '\u{10000}'),
  fc.nat(400).map(keyOf),
  fc.tuple(fc.nat(400), fc.nat(30)).map(([n, length]) => keyOf(n).slice(0, length)),
  fc
    .tuple(fc.nat(400), fc.nat(30), fc.constantFrom('W', '/', '~', '0'))
    .map(([n, at, text]) => keyOf(n).slice(0, at) + text),
);

test.each([1, 50, 97, 98, 300])('a generated bucket of %i objects lists what comes after any text', async (objects) => {
  const source = new GeneratedSource({ objects });
  const all = Array.from({ length: objects }, (_, n) => keyOf(n)).sort(compareKeys);
  await fc.assert(
    fc.asyncProperty(markers, async (keyMarker) => {
      const { entries } = await source.listVersions({ cursor: { keyMarker } });
      expect(entries.map(({ key }) => key)).toEqual(all.filter((key) => compareKeys(key, keyMarker) > 0));
    }),
  );
  expect((await source.listVersions({})).entries).toHaveLength(objects);
});
