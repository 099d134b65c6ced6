import * as z from 'zod';
import { vaultDamaged } from '../../contract/errors';
import { compareKeys, intersect, KeyRange } from '../keys/order';

const segmentRef = z.object({
  name: z.string(),
  versionId: z.string().optional(),
  sha256: z.string(),
  bytes: z.number(),
  filesName: z.string(),
  filesSha256: z.string(),
  filesVersionId: z.string().optional(),
  rows: z.number(),
  minKey: z.string(),
  maxKey: z.string(),
  commit: z.number(),
});
export type SegmentRef = z.infer<typeof segmentRef>;

/** Part of the index of a history: all of it, or a page. */
export const historyPart = z.object({
  segments: z.array(segmentRef),
  /** Contiguous intervals: each ends where the next begins. Numbers point into `segments`. */
  ranges: z.array(z.object({ from: z.string(), segments: z.array(z.number()) })).min(1),
});
export type HistoryPart = z.infer<typeof historyPart>;

/** A file with a part of the index. It ends where the next page begins. */
export const pageRef = z.object({
  from: z.string(),
  name: z.string(),
  versionId: z.string().optional(),
  sha256: z.string(),
});
export type PageRef = z.infer<typeof pageRef>;

/** A range of a history with its segments, base and deltas alike: the join makes their order irrelevant. */
export interface HistoryRange extends KeyRange {
  readonly segments: readonly SegmentRef[];
}

/** An interval of keys whose history was written anew: its segments replace all that were there. */
export type MergedRange = HistoryRange;

/** Of a bucket without a history. */
export const NO_HISTORY: HistoryPart = { segments: [], ranges: [{ from: '', segments: [] }] };

export const encodePage = ({ segments, ranges }: HistoryPart): Uint8Array =>
  Buffer.from(`${JSON.stringify({ segments, ranges })}\n`, 'utf8');

/** Bytes whose SHA-256 was right. */
export function decodePage(bytes: Uint8Array, name: string): HistoryPart {
  const parsed = historyPart.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  if (parsed.success) return parsed.data;
  throw vaultDamaged(`index page ${name}`, `is not valid (${z.prettifyError(parsed.error)})`);
}

/** Ranges of a part of the index within an interval, cut to it. `end`: where the part ends. */
export function rangesWithin(part: HistoryPart, within: KeyRange, end?: string): HistoryRange[] {
  const { ranges } = part;
  const endOf = (index: number): string | undefined => ranges[index + 1]?.from ?? end;
  const found: HistoryRange[] = [];
  for (let index = firstThatEndsAfter(within.from, ranges.length, endOf); index < ranges.length; index++) {
    const range = ranges[index];
    if (!range || (within.to !== undefined && compareKeys(range.from, within.to) >= 0)) break;
    const cut = intersect({ from: range.from, to: endOf(index) }, within);
    if (cut) found.push({ ...cut, segments: pick(part, range.segments) });
  }
  return found;
}

/** Place of the page that has a key. */
export const pageOf = (pages: readonly PageRef[], key: string): number =>
  firstThatEndsAfter(key, pages.length, (index) => pages[index + 1]?.from);

/** Where the range ends that has a key. */
export function endOfRange({ ranges }: HistoryPart, key: string, end?: string): string | undefined {
  const endOf = (index: number): string | undefined => ranges[index + 1]?.from ?? end;
  return endOf(firstThatEndsAfter(key, ranges.length, endOf));
}

/** Place of the first of so many intervals, in key order, that ends after a key. A commit may have 100,000: none is looked for one by one. */
export function firstThatEndsAfter(key: string, count: number, endOf: (index: number) => string | undefined): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    const end = endOf(middle);
    if (end !== undefined && compareKeys(end, key) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

const pick = ({ segments }: HistoryPart, numbers: readonly number[]): SegmentRef[] =>
  numbers.map((number) => {
    const segment = segments[number];
    if (!segment) throw vaultDamaged('the index of a commit', `has no segment ${String(number)}`);
    return segment;
  });

/** The part of an index with these ranges. Each segment is in it once. */
export function partOf(ranges: readonly HistoryRange[]): HistoryPart {
  const segments: SegmentRef[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (segment: SegmentRef): number => {
    const number = numbers.get(segment.name) ?? segments.push(segment) - 1;
    numbers.set(segment.name, number);
    return number;
  };
  return { segments, ranges: ranges.map((range) => ({ from: range.from, segments: range.segments.map(numberOf) })) };
}
