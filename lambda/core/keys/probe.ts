import { compareKeys } from './order';

/** Most keys are printable ASCII: a search between them begins there. */
const LEAST = 0x1f;
const TOP_ASCII = 0x7f;
const TOP = 0x110000;

const pointsOf = (key: string): number[] => Array.from(key, (char) => char.codePointAt(0) ?? 0);
const topAbove = (point: number): number => (point < TOP_ASCII - 1 ? TOP_ASCII : TOP);

/** A text about half-way between two keys, by S3's order; without `high` up to the end. Undefined when there is none to try. */
export function keyBetween(low: string, high: string | undefined): string | undefined {
  const a = pointsOf(low);
  const b = high === undefined ? [topAbove(a[0] ?? LEAST)] : pointsOf(high);
  const prefix: number[] = [];
  for (let i = 0; i <= a.length; i++) {
    const from = a[i];
    // Once below `high`, only `low` bounds the search.
    const to = prefix.length === i && samePrefix(prefix, b) ? (b[i] ?? TOP) : topAbove(from ?? LEAST);
    const middle = pointBetween(from ?? LEAST, to);
    if (middle !== undefined) {
      const text = String.fromCodePoint(...prefix, middle);
      return compareKeys(text, low) > 0 && (high === undefined || compareKeys(text, high) < 0) ? text : undefined;
    }
    if (from === undefined) return undefined;
    prefix.push(from);
  }
  return undefined;
}

const samePrefix = (prefix: readonly number[], b: readonly number[]): boolean =>
  prefix.every((point, index) => point === b[index]);

function pointBetween(from: number, to: number): number | undefined {
  const middle = Math.floor((from + to) / 2);
  if (middle <= from || middle >= to) return undefined;
  // Surrogates are no characters.
  return middle >= 0xd800 && middle <= 0xdfff ? (from < 0xd7ff ? 0xd7ff : undefined) : middle;
}

const DIGITS = 8;
const ASCII_BASE = TOP_ASCII - LEAST + 1;
/** A printable character as a digit; what is not one counts as the nearest. */
const asciiDigit = (point: number): number => Math.min(Math.max(point - LEAST, 0), ASCII_BASE - 1);

/**
 * Which part of an interval lies up to `key`, from 0 to 1, if its keys were spread evenly over the printable characters. Only an estimate:
 * it says how finely to cut, never where.
 */
export function fractionUpTo(key: string, low: string, high: string | undefined): number {
  const [a, b, k] = [
    pointsOf(low),
    high === undefined ? [topAbove(pointsOf(low)[0] ?? LEAST)] : pointsOf(high),
    pointsOf(key),
  ];
  let shared = 0;
  while (shared < a.length && a[shared] === b[shared]) shared++;
  const isAscii = (a[shared] ?? 0) <= TOP_ASCII && (b[shared] ?? 0) <= TOP_ASCII;
  const rank = (points: readonly number[]): number => {
    const first = points[shared] ?? 0;
    let value = isAscii ? asciiDigit(first) : first;
    for (let i = 1; i < DIGITS; i++) value += asciiDigit(points[shared + i] ?? 0) / ASCII_BASE ** i;
    return value;
  };
  const span = rank(b) - rank(a);
  return span <= 0 ? 1 : Math.min(1, Math.max(0, (rank(k) - rank(a)) / span));
}
