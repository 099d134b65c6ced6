import { compareKeys } from '../keys/order';

/** Items that other items select too, sorted as S3 sorts keys. That such an item names nothing must be said all the same. */
export interface InnerItems {
  readonly innerKeys: readonly string[];
  readonly innerPrefixes: readonly string[];
}

/**
 * Finds which of the inner items the keys of a range are named by. A key costs a binary search, however many items there are, and
 * less when keys come in order: it goes on where the last one ended. An inner prefix knows the next one around it, and what is
 * around a prefix that matched has matched too.
 */
export class InnerMatches {
  private readonly around: Int32Array;
  private readonly keys = new Set<number>();
  private readonly prefixes = new Set<number>();
  private lastKey = -1;
  private lastPrefix = -1;

  constructor(private readonly items: InnerItems) {
    this.around = enclosing(items.innerPrefixes);
  }

  /** Numbers of the inner keys that were found. */
  get matchedKeys(): number[] {
    return [...this.keys];
  }

  /** Numbers of the inner prefixes that were found. */
  get matchedPrefixes(): number[] {
    return [...this.prefixes];
  }

  add(key: string): void {
    const { innerKeys, innerPrefixes } = this.items;
    this.lastKey = lastUpTo(innerKeys, key, this.lastKey);
    if (innerKeys[this.lastKey] === key) this.keys.add(this.lastKey);
    this.lastPrefix = lastUpTo(innerPrefixes, key, this.lastPrefix);
    let number = this.lastPrefix;
    while (number >= 0 && !key.startsWith(innerPrefixes[number] ?? '')) number = this.around[number] ?? -1;
    for (; number >= 0 && !this.prefixes.has(number); number = this.around[number] ?? -1) this.prefixes.add(number);
  }
}

/** For each of the sorted prefixes, the number of the longest other one that it begins with; -1 where there is none. */
function enclosing(prefixes: readonly string[]): Int32Array {
  const around = new Int32Array(prefixes.length);
  for (const [number, prefix] of prefixes.entries()) {
    let outer = number - 1;
    while (outer >= 0 && !prefix.startsWith(prefixes[outer] ?? '')) outer = around[outer] ?? -1;
    around[number] = outer;
  }
  return around;
}

/** Number of the last of the sorted texts that does not sort after the key; -1 where there is none. Looks near a number first. */
function lastUpTo(texts: readonly string[], key: string, near: number): number {
  const isUpTo = (number: number): boolean => compareKeys(texts[number] ?? '', key) <= 0;
  let found = near >= 0 && isUpTo(near) ? near : -1;
  let step = 1;
  for (; found + step < texts.length && isUpTo(found + step); step *= 2) found += step;
  let beyond = Math.min(found + step, texts.length);
  while (found + 1 < beyond) {
    const middle = (found + beyond) >>> 1;
    if (isUpTo(middle)) found = middle;
    else beyond = middle;
  }
  return found;
}
