import { invalidRequest } from '../contract/errors';
import { afterKey, afterPrefix, compareKeys, intersect, KeyRange } from './key-order';
import { ItemSelector, toSelector } from './restore-schema';

/** A list of items has at most this many lines: it is held in a worker's memory. */
export const MAX_ITEMS = 1_000_000;

/**
 * What a restore selects, as intervals of keys: sorted, without overlaps. A key is the interval that holds only itself. No items
 * at all means every key.
 */
export function toIntervals(items: readonly ItemSelector[] | undefined): KeyRange[] {
  if (!items) return [{ from: '' }];
  const sorted = items
    .map((item): KeyRange => ({
      from: item.text,
      to: item.kind === 'prefix' ? afterPrefix(item.text) : afterKey(item.text),
    }))
    .sort((a, b) => compareKeys(a.from, b.from));
  const intervals: { from: string; to?: string }[] = [];
  for (const range of sorted) {
    const last = intervals.at(-1);
    if (last && (last.to === undefined || compareKeys(range.from, last.to) < 0)) {
      if (last.to !== undefined && (range.to === undefined || compareKeys(range.to, last.to) > 0)) last.to = range.to;
    } else intervals.push({ ...range });
  }
  return intervals;
}

/** What a restore selects, as its workers read it. */
export interface Selection {
  readonly intervals: readonly KeyRange[];
  /** Keys that were named though a prefix selects them too: that they are missing must be said all the same. */
  readonly innerKeys: readonly string[];
}

export function toSelection(items: readonly ItemSelector[] | undefined): Selection {
  const intervals = toIntervals(items);
  const keys = (items ?? []).filter((item) => item.kind === 'key').map((item) => item.text);
  const innerKeys = keys.filter((key) => intervals[firstEndingAfter(intervals, key)]?.to !== afterKey(key));
  return { intervals, innerKeys: [...new Set(innerKeys)] };
}

/** The parts of an interval that are selected, each with the number of the selected interval that it is of. */
export function selectedParts(
  intervals: readonly KeyRange[],
  within: KeyRange,
): (KeyRange & { readonly item: number })[] {
  const parts: (KeyRange & { readonly item: number })[] = [];
  for (let item = firstEndingAfter(intervals, within.from); item < intervals.length; item++) {
    const part = intersect(intervals[item] ?? within, within);
    if (!part) break;
    parts.push({ ...part, item });
  }
  return parts;
}

/** Whether an interval was named by an item: everything is selected when there are none. */
export const isNamed = (interval: KeyRange): boolean => interval.from !== '' || interval.to !== undefined;

/** Whether a key is selected; by binary search, so that a million keys cost nothing. */
export function isSelected(intervals: readonly KeyRange[], key: string): boolean {
  const interval = intervals[firstEndingAfter(intervals, key)];
  return interval !== undefined && compareKeys(interval.from, key) <= 0;
}

function firstEndingAfter(intervals: readonly KeyRange[], key: string): number {
  let low = 0;
  let high = intervals.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const to = intervals[middle]?.to;
    if (to === undefined || compareKeys(to, key) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Lines of an items file: a key or a prefix each, as JSON text when it begins with a quote, as an object when with a brace. */
export function parseItemsFile(text: string): ItemSelector[] {
  const problems: string[] = [];
  const items: ItemSelector[] = [];
  // Editors that mark a file as UTF-8 do not mean it to be part of the first key.
  text
    .replace(/^\ufeff/, '')
    .split('\n')
    .forEach((line, index) => {
      const plain = line.endsWith('\r') ? line.slice(0, -1) : line;
      if (plain === '') return;
      const item = parseLine(plain);
      if (item?.text.isWellFormed()) items.push(item);
      else if (problems.length < 20)
        problems.push(
          `itemsFile: line ${String(index + 1)} is not a key, a JSON string or {"prefix": …} or {"key": …}`,
        );
    });
  if (items.length > MAX_ITEMS)
    problems.push(`itemsFile: has ${String(items.length)} items, at most ${String(MAX_ITEMS)} are allowed`);
  if (problems.length > 0) throw invalidRequest(problems);
  if (items.length === 0) throw invalidRequest(['itemsFile: has no items: leave it out for the whole bucket']);
  return items;
}

function parseLine(line: string): ItemSelector | undefined {
  if (!/^["{]/.test(line)) return toSelector(line);
  try {
    const value = JSON.parse(line) as unknown;
    if (typeof value === 'string' && value !== '') return toSelector(value);
    if (typeof value !== 'object' || value === null || Object.keys(value).length !== 1) return undefined;
    const { prefix, key } = value as { prefix?: unknown; key?: unknown };
    if (typeof prefix === 'string') return { kind: 'prefix', text: prefix };
    return typeof key === 'string' && key !== '' ? { kind: 'key', text: key } : undefined;
  } catch {
    return undefined;
  }
}
