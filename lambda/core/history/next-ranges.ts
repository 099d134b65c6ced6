import { compareKeys, intersect, type KeyRange } from '../keys/order';
import { firstThatEndsAfter, type HistoryRange, type MergedRange, type SegmentRef } from './segment-index';

/** A range of the next commit. */
export interface NextRange extends HistoryRange {
  /** Its segments are those of the range before it, and no others. */
  readonly isKept: boolean;
  readonly isMerged: boolean;
}

/** What a unit of a job has added to the history of its keys. */
export interface Additions {
  readonly segments: readonly SegmentRef[];
  readonly merged: readonly MergedRange[];
}

/**
 * The next commit's ranges in the place of these, which are in key order: new segments are added to each range that their keys reach into. A
 * merged interval is a range of its own.
 */
export function nextRanges(ranges: readonly HistoryRange[], { segments, merged }: Additions): NextRange[] {
  const inOrder = [...merged].sort((a, b) => compareKeys(a.from, b.from));
  const newsOf = segmentsWithin(segments);
  return ranges
    .flatMap((range) => cutOut(range, inOrder))
    .map((piece) => {
      const news = newsOf(piece);
      const isKept = !piece.isMerged && news.length === 0;
      return isKept || piece.isMerged ? { ...piece, isKept } : { ...piece, isKept, segments: joined(piece, news) };
    });
}

/** The segments of a range, and others behind them. */
export const joined = ({ segments }: HistoryRange, more: readonly SegmentRef[]): readonly SegmentRef[] => [
  ...segments,
  ...more,
];

/** Segments that reach into an interval, in their order. It has to be asked in the order of the intervals. */
export function segmentsWithin(segments: readonly SegmentRef[]): (range: KeyRange) => SegmentRef[] {
  const waiting = segments
    .map((segment, place) => ({ segment, place }))
    .sort((a, b) => compareKeys(a.segment.minKey, b.segment.minKey));
  let next = 0;
  let open: typeof waiting = [];
  return (range) => {
    for (; next < waiting.length; next++) {
      const one = waiting[next];
      if (!one || (range.to !== undefined && compareKeys(one.segment.minKey, range.to) >= 0)) break;
      open.push(one);
    }
    open = open.filter(({ segment }) => compareKeys(segment.maxKey, range.from) >= 0);
    return [...open].sort((a, b) => a.place - b.place).map(({ segment }) => segment);
  };
}

type Piece = HistoryRange & { readonly isMerged: boolean };

/** A range in pieces: those that were merged, and what is between them. */
function cutOut(range: HistoryRange, merged: readonly MergedRange[]): Piece[] {
  const pieces: Piece[] = [];
  let from: string | undefined = range.from;
  for (let i = firstThatEndsAfter(range.from, merged.length, (index) => merged[index]?.to); i < merged.length; i++) {
    const { segments, ...piece } = merged[i] as MergedRange;
    if (range.to !== undefined && compareKeys(piece.from, range.to) >= 0) break;
    const own: KeyRange | undefined = from === undefined ? undefined : intersect(piece, { from, to: range.to });
    if (from === undefined || !own) continue;
    if (compareKeys(from, own.from) < 0) pieces.push({ from, to: own.from, segments: range.segments, isMerged: false });
    pieces.push({ ...own, segments, isMerged: true });
    from = own.to;
  }
  const isOpen = from !== undefined && (range.to === undefined || compareKeys(from, range.to) < 0);
  if (from !== undefined && isOpen) pieces.push({ from, to: range.to, segments: range.segments, isMerged: false });
  return pieces;
}
