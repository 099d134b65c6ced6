import * as z from 'zod';
import { BackupError, ErrorName } from '../contract/errors';
import { compareKeys, intersect, KeyRange } from './key-order';

/** Numbers of a commit. Keys of `skipped` are reasons. */
export interface BackupCounts {
  /** Keys that have a current object. */
  readonly objects: number;
  /** Object versions with a body that the scan saw. */
  readonly versions: number;
  readonly markers: number;
  /** Bytes of these versions in the source bucket. */
  readonly bytes: number;
  readonly stored: number;
  readonly storedBytes: number;
  readonly reused: number;
  readonly removed: number;
  /** Versions whose tags or ACL had changed, by a full read, a report or the change log. */
  readonly restated: number;
  /** Versions that were stored when their events came, and taken into the history by this commit. */
  readonly captured?: number;
  /** Versions that events told of and that were gone before they could be read. */
  readonly lost?: number;
  readonly skipped: Readonly<Record<string, number>>;
}

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

const manifestSchema = z.object({
  format: z.literal(1),
  bucket: z.string(),
  region: z.string(),
  seq: z.number(),
  previous: z.object({ seq: z.number(), sha256: z.string() }).optional(),
  jobId: z.string(),
  /** ISO 8601, UTC, whole seconds: the instant that the commit shows. */
  asOf: z.string(),
  source: z.enum(['listing', 'inventory', 'changes', 'compaction']),
  versions: z.enum(['ALL', 'CURRENT']),
  /** Absent for a commit that is only internal. */
  recoveryPoint: z
    .object({
      state: z.enum(['COMPLETED', 'PARTIAL']),
      plan: z.string().optional(),
      rule: z.string().optional(),
      deleteAt: z.string().optional(),
      tags: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
  /** Object ownership of the bucket: with BucketOwnerEnforced its objects have no ACLs to restore. */
  ownership: z.enum(['BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter']),
  segments: z.array(segmentRef),
  /** Contiguous intervals from the first key to the last: each ends where the next begins. Numbers point into `segments`. */
  ranges: z.array(z.object({ from: z.string(), segments: z.array(z.number()) })),
  counts: z.object({
    objects: z.number(),
    versions: z.number(),
    markers: z.number(),
    bytes: z.number(),
    stored: z.number(),
    storedBytes: z.number(),
    reused: z.number(),
    removed: z.number(),
    restated: z.number(),
    captured: z.number().optional(),
    lost: z.number().optional(),
    skipped: z.record(z.string(), z.number()),
  }),
  /** Until when tags and ACLs of all versions are known, where they are. */
  metadataThrough: z.string().optional(),
  /** Until when the change log is taken in, by the time at which changes were written to it. The next commit goes on there. */
  changesThrough: z.string().optional(),
  /** Of a bucket with continuous backup: any second from `since` on, and not older than `days`, can be restored. */
  continuous: z
    .object({
      plan: z.string().optional(),
      days: z.number(),
      since: z.string(),
      /** All that happened up to then is in the history, as far as S3 has told of it. */
      capturedThrough: z.string(),
      /** Last comparison with what the bucket had. */
      reconciledThrough: z.string(),
      /** What the bucket held by all that was known when the commit was made: `counts` are those of `asOf`. */
      holdings: z
        .object({ objects: z.number(), versions: z.number(), markers: z.number(), bytes: z.number() })
        .optional(),
      /** Start of the last inventory report of all versions that was compared. */
      lastReport: z.string().optional(),
      /** Intervals in which events may be missing for good, as capture was off. */
      gaps: z.array(z.object({ after: z.string(), before: z.string(), reason: z.string() })),
      /** Why changes may have gone by unseen when the commit was made. */
      stopped: z.string().optional(),
      /** Events that had failed for good when the commit was made, and how many of them each redrive had moved: times are epoch seconds. */
      deadLetters: z.object({ count: z.number(), at: z.number(), moved: z.record(z.string(), z.number()) }).optional(),
      /** When all tags and ACLs were read last. */
      metadataReadAt: z.string().optional(),
      /** Versions that were gone before they could be read, since the last scan. */
      unresolved: z.number().optional(),
    })
    .optional(),
  /** Changes after `metadataThrough` may be missing, as they were not captured all the time. Ends with a full read. */
  changesMissed: z.boolean().optional(),
  /** Nobody has seen to it that S3 tells of changes: full reads do without. */
  changesUnseen: z.boolean().optional(),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** A range of a manifest with its segments, base and deltas alike: the join makes their order irrelevant. */
export interface HistoryRange extends KeyRange {
  readonly segments: readonly SegmentRef[];
}

export const encodeManifest = (manifest: Manifest): Uint8Array => Buffer.from(`${JSON.stringify(manifest)}\n`, 'utf8');

export function decodeManifest(bytes: Uint8Array, name: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new BackupError(ErrorName.vaultDamaged, `manifest ${name} is not readable`, { cause });
  }
  const format = (value as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format > 1)
    throw new BackupError(
      ErrorName.vaultFormatTooNew,
      `manifest ${name} has format ${String(format)}, this release reads up to 1: update it`,
    );
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success)
    throw new BackupError(ErrorName.vaultDamaged, `manifest ${name} is not valid: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** Ranges of a manifest within an interval, cut to it. */
export function historyRanges(manifest: Manifest | undefined, within: KeyRange): HistoryRange[] {
  if (!manifest) return [{ ...within, segments: [] }];
  const { ranges } = manifest;
  const endOf = (index: number): string | undefined => ranges[index + 1]?.from;
  const found: HistoryRange[] = [];
  for (let index = firstThatEndsAfter(within.from, ranges.length, endOf); index < ranges.length; index++) {
    const range = ranges[index];
    if (!range || (within.to !== undefined && compareKeys(range.from, within.to) >= 0)) break;
    const part = intersect({ from: range.from, to: endOf(index) }, within);
    if (part) found.push({ ...part, segments: pick(manifest, range.segments) });
  }
  return found;
}

/** Place of the first of so many intervals, in key order, that ends after a key. A commit may have 100,000: none is looked for one by one. */
function firstThatEndsAfter(key: string, count: number, endOf: (index: number) => string | undefined): number {
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

const pick = (manifest: Manifest, numbers: readonly number[]): SegmentRef[] =>
  numbers.map((number) => {
    const segment = manifest.segments[number];
    if (!segment)
      throw new BackupError(
        ErrorName.vaultDamaged,
        `manifest ${String(manifest.seq)} has no segment ${String(number)}`,
      );
    return segment;
  });

/** An interval of keys whose history was written anew: its segments replace all that were there. */
export interface MergedRange extends KeyRange {
  readonly segments: readonly SegmentRef[];
}

/**
 * Ranges and segments of the next commit: those of `base`, cut at the units' bounds, and the new segments added to each range
 * that their keys reach into. A merged interval is a range of its own. Segments that no range names any more are left out.
 */
export function nextRanges(
  base: Manifest | undefined,
  units: readonly KeyRange[],
  added: readonly SegmentRef[],
  merged: readonly MergedRange[] = [],
): Pick<Manifest, 'segments' | 'ranges'> {
  const segments: SegmentRef[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (segment: SegmentRef): number => {
    const number = numbers.get(segment.name) ?? segments.push(segment) - 1;
    numbers.set(segment.name, number);
    return number;
  };
  const inOrder = [...merged].sort((a, b) => compareKeys(a.from, b.from));
  const parts = units.flatMap((unit) => historyRanges(base, unit)).flatMap((range) => cutOut(range, inOrder));
  const newsOf = segmentsWithin(added);
  const ranges = parts.map((part) => {
    const news = newsOf(part);
    return { from: part.from, segments: (part.isMerged ? part.segments : [...part.segments, ...news]).map(numberOf) };
  });
  return { segments, ranges };
}

/** Segments that reach into an interval, in their order. It has to be asked in the order of the intervals. */
function segmentsWithin(segments: readonly SegmentRef[]): (range: KeyRange) => SegmentRef[] {
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

/** A range in pieces: those that were merged, and what is between them. */
function cutOut(
  range: HistoryRange,
  merged: readonly MergedRange[],
): (HistoryRange & { readonly isMerged: boolean })[] {
  const pieces: (HistoryRange & { readonly isMerged: boolean })[] = [];
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
