/** Times as many seeds in `npm run test:long`. */
const MORE = 10;

const first = process.env['TEST_SEED'];

/**
 * Seeds of a random test. In `npm test` they are few and always the same, so that a failure is one of the change. In
 * `npm run test:long` there are ten times as many, from a number on that the run prints: `TEST_SEED` set to it repeats the run.
 */
export function seeds(count: number, from = 0): number[] {
  const [start, length] = first === undefined ? [from, count] : [Number(first) + from, count * MORE];
  return Array.from({ length }, (_, index) => start + index);
}
