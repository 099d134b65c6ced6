import { invalidRequest } from '../../contract/errors';
import { afterKey, afterPrefix, compareKeys, intersect, KeyRange } from '../keys/order';
import { itemProblems } from '../keys/problems';
import { shown } from '../values/parse';
import type { InnerItems } from './inner-items';
import { ItemSelector, toSelector } from './schema';

/** A list of items has at most this many lines: it is held in a worker's memory. */
export const MAX_ITEMS = 1_000_000;

/** What a restore selects, as its workers read it. */
export interface Selection extends InnerItems {
  /** Sorted, without overlaps. A key is the interval that holds only itself. */
  readonly intervals: readonly KeyRange[];
}

/** No items at all means every key. */
export function toSelection(items: readonly ItemSelector[] | undefined): Selection {
  if (!items) return { intervals: [{ from: '' }], innerKeys: [], innerPrefixes: [] };
  const intervals: KeyRange[] = [];
  const inner: Record<ItemSelector['kind'], string[]> = { key: [], prefix: [] };
  let outer: ItemSelector | undefined;
  for (const item of [...items].sort(compareItems)) {
    const { kind, text } = item;
    const around = intervals.at(-1);
    // What one item selects is a part of what another one does, or has nothing in common with it.
    if (!around || (around.to !== undefined && compareKeys(text, around.to) >= 0)) {
      intervals.push({ from: text, to: kind === 'prefix' ? afterPrefix(text) : afterKey(text) });
      outer = item;
    } else if ((outer?.kind !== kind || outer.text !== text) && inner[kind].at(-1) !== text) inner[kind].push(text);
  }
  return { intervals, innerKeys: inner.key, innerPrefixes: inner.prefix };
}

/** A prefix comes before what it selects. */
const compareItems = (a: ItemSelector, b: ItemSelector): number =>
  compareKeys(a.text, b.text) || Number(a.kind === 'key') - Number(b.kind === 'key');

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

/** So many wrong lines of an items file are named; of the others, how many they are. */
const MAX_PROBLEMS = 20;

/** Lines of an items file: a key or a prefix each, as JSON text when it begins with a quote, as an object when with a brace. */
export function parseItemsFile(text: string): ItemSelector[] {
  const problems: string[] = [];
  let wrong = 0;
  const items: ItemSelector[] = [];
  // Editors that mark a file as UTF-8 do not mean it to be part of the first key.
  text
    .replace(/^\ufeff/, '')
    .split('\n')
    .forEach((line, index) => {
      const plain = line.endsWith('\r') ? line.slice(0, -1) : line;
      if (plain === '') return;
      const item = parseLine(plain);
      const problem = lineProblem(item);
      if (item && problem === undefined) items.push(item);
      else if (++wrong <= MAX_PROBLEMS) problems.push(`itemsFile: line ${String(index + 1)} ${String(problem)}`);
    });
  if (wrong > MAX_PROBLEMS) problems.push(`itemsFile: ${String(wrong - MAX_PROBLEMS)} more lines are wrong`);
  if (items.length > MAX_ITEMS)
    problems.push(
      `itemsFile: has ${String(items.length)} items, but at most ${String(MAX_ITEMS)} are allowed: use several restores`,
    );
  if (problems.length > 0) throw invalidRequest(problems);
  if (items.length === 0) throw invalidRequest(['itemsFile: has no items: omit it to restore the whole bucket']);
  return items;
}

/** All that is wrong with a line, as one sentence. */
function lineProblem(item: ItemSelector | undefined): string | undefined {
  if (!item) return 'must be a key, a JSON string, {"prefix": …} or {"key": …}';
  const found = itemProblems(item.text);
  return found.length > 0 ? `(${shown(item.text)}) ${found.join(', and ')}` : undefined;
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
