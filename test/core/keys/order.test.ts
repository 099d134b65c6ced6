import fc from 'fast-check';
import { afterKey, afterPrefix, compareKeys, inRange, intersect } from '../../../lambda/core/keys/order';
import keys from '../../fixtures/keys.json';

const unicode = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.string({
    unit: fc.constantFrom('a', '\u007f', '\u0080', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'),
    maxLength: 6,
  }),
  fc.constantFrom(...keys),
);
const asS3 = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

test('keys compare as their UTF-8 bytes', () => {
  fc.assert(
    fc.property(unicode, unicode, (a, b) => {
      expect(Math.sign(compareKeys(a, b))).toBe(asS3(a, b));
    }),
    { numRuns: 10_000 },
  );
});

test('ten thousand random keys sort as S3 lists them', () => {
  const random = fc.sample(unicode, { numRuns: 10_000, seed: 7 });
  expect([...random].sort(compareKeys)).toEqual([...random].sort(asS3));
});

test('afterPrefix bounds exactly the keys with that prefix', () => {
  fc.assert(
    fc.property(unicode, unicode, fc.boolean(), (prefix, other, extend) => {
      const key = extend ? prefix + other : other;
      expect(inRange(key, { from: prefix, to: afterPrefix(prefix) })).toBe(key.startsWith(prefix));
    }),
    { numRuns: 5_000 },
  );
});

test('nothing sorts between a key and afterKey of it', () => {
  fc.assert(
    fc.property(unicode, unicode, (a, b) => {
      expect(compareKeys(a, b) < 0 && compareKeys(b, afterKey(a)) < 0).toBe(false);
    }),
    { numRuns: 5_000 },
  );
});

test('intersect has a key exactly if both intervals have it', () => {
  const range = fc.tuple(unicode, fc.option(unicode, { nil: undefined })).map(([from, to]) => ({ from, to }));
  fc.assert(
    fc.property(range, range, unicode, (a, b, key) => {
      const both = intersect(a, b);
      expect(both !== undefined && inRange(key, both)).toBe(inRange(key, a) && inRange(key, b));
    }),
    { numRuns: 5_000 },
  );
});
