import fc from 'fast-check';
import { decodeLines, encodeLines } from '../../../lambda/usecases/work/json-lines';

const written = (values: readonly unknown[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');

test('values come back, a line each, whatever is in them', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ key: fc.string({ unit: 'binary' }), n: fc.integer() })), (values) => {
      const lines = encodeLines(values);
      expect(Buffer.from(lines).toString('utf8')).toBe(written(values));
      expect([...decodeLines(lines)]).toEqual(values);
    }),
  );
});

test('a list that is longer than a chunk, with characters of many bytes where chunks meet', () => {
  const values = Array.from({ length: 30_000 }, (_, n) => ({ id: String(n), key: 'ä𝄞'.repeat(n % 50) }));
  const lines = encodeLines(values.values());
  expect(lines.byteLength).toBeGreaterThan(3 * 1024 * 1024);
  expect(Buffer.from(lines).equals(Buffer.from(written(values)))).toBe(true);
  expect([...decodeLines(lines)]).toEqual(values);
});

test('empty lines are none, and the last may have no end', () => {
  const bytes = Buffer.from('xx\n[1]\n\n"ä"');
  expect([...decodeLines(bytes.subarray(2))]).toEqual([[1], 'ä']);
  expect([...decodeLines(new Uint8Array())]).toEqual([]);
});
