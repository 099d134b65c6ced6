import fc from 'fast-check';
import { afterKey, compareKeys } from '../../../../lambda/core/keys/order';
import { justBefore } from '../../../../lambda/usecases/restore/existing/destination-listing';
import keys from '../../../fixtures/keys.json';

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 8 }), fc.constantFrom(...keys));

test('what is just before a key sorts before it, and what is just before the key after it is the key', () => {
  fc.assert(
    fc.property(text, (key) => {
      const before = justBefore(key);
      if (before !== undefined) expect(compareKeys(before, key)).toBeLessThan(0);
      expect(justBefore(afterKey(key))).toBe(key);
    }),
    { numRuns: 5_000 },
  );
});
