/**
 * S3 orders keys by their UTF-8 bytes. JavaScript compares UTF-16 code units, which differs for surrogate pairs
 * (code points from U+10000) against U+E000…U+FFFF: everything here compares as S3 does.
 */
const byteRank = (unit: number): number => (unit >= 0xe000 ? unit - 0x800 : unit + 0x2000);

/** Negative when `a` sorts before `b` in S3, zero when they are the same key. */
export function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    return x < 0xd800 || y < 0xd800 ? x - y : byteRank(x) - byteRank(y);
  }
  return a.length - b.length;
}

/** Place of the first of the sorted keys from one place to another that is not before `key`; the latter where there is none. */
export function firstAtLeast(keys: ArrayLike<string>, key: string, from: number, to: number): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(keys[middle] ?? '', key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** S3's limit of a key, in UTF-8. */
export const MAX_KEY_BYTES = 1024;

const MAX_CODE_POINT = 0x10ffff;

/** The smallest text that sorts after every text beginning with `prefix`; undefined when there is none. */
export function afterPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix);
  while (points.length > 0) {
    const last = points.pop()?.codePointAt(0) ?? MAX_CODE_POINT;
    if (last === MAX_CODE_POINT) continue;
    const next = last + 1 >= 0xd800 && last + 1 <= 0xdfff ? 0xe000 : last + 1;
    return points.join('') + String.fromCodePoint(next);
  }
  return undefined;
}

/** The smallest key after `key`. S3 keys may hold U+0000 only in theory, so this text is a bound, never a key. */
export const afterKey = (key: string): string => `${key}\u0000`;

export const keyBytes = (key: string): number => Buffer.byteLength(key, 'utf8');

/** A half-open interval of keys; no `to` means up to the end. */
export interface KeyRange {
  readonly from: string;
  readonly to?: string;
}

export const inRange = (key: string, range: KeyRange): boolean =>
  compareKeys(key, range.from) >= 0 && (range.to === undefined || compareKeys(key, range.to) < 0);

/** Whether sorted keys, given by the first and the last of them, reach into an interval. */
export const reachesInto = (
  { minKey, maxKey }: { readonly minKey: string; readonly maxKey: string },
  range: KeyRange,
): boolean => compareKeys(maxKey, range.from) >= 0 && (range.to === undefined || compareKeys(minKey, range.to) < 0);

/** The common part of two intervals, if any. */
export function intersect(a: KeyRange, b: KeyRange): KeyRange | undefined {
  const from = compareKeys(a.from, b.from) >= 0 ? a.from : b.from;
  const to = a.to === undefined || (b.to !== undefined && compareKeys(b.to, a.to) < 0) ? b.to : a.to;
  return to !== undefined && compareKeys(from, to) >= 0 ? undefined : { from, to };
}

/** The lesser of two keys, of which either may be missing. */
export const lesserKey = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || (b !== undefined && compareKeys(b, a) < 0) ? b : a;
