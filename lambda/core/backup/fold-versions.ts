import { isMultipart } from '../history/arrival';
import { joinAll } from '../history/join';
import { removalsIn, removalsOfUnknown, sightingsIn } from '../history/removals';
import { isOfAnyNull, isVersion, NOT_STORED, NULL_VERSION, Row, rowIdentity, unreadOf } from '../history/row';
import { type Comparison, unseenAt } from './comparisons';

/** The body was not copied when its event came, as that takes longer than a capture may: the commit does it. */
export const PENDING = `${NOT_STORED}pending`;
/** Whether the commit that takes the row in is to store the version. */
export const isPending = ({ kind, file, uncertain }: Row): boolean =>
  kind === 'put' && !file && uncertain?.split(',').includes(PENDING) === true;
/** The version was gone before it could be read. */
export const LOST = `${NOT_STORED}lost`;

/** What the change log adds to a key's history. */
export interface FoldedVersions {
  /** Rows that say something new, as they go into the history. */
  readonly taken: readonly Row[];
  /** Versions whose bodies are to be copied now. */
  readonly pending: readonly Row[];
  /** The key's history with all of that in it. */
  readonly told: readonly Row[];
}

export interface Folds {
  readonly commit: number;
  readonly comparisons: readonly Comparison[];
  /** When intervals ended in which changes may have been missed. */
  readonly gapEnds?: readonly number[];
}

/**
 * Takes logged versions, markers, permanent deletions and states of a bucket with continuous backup into a key's joined history. What the
 * history knows already is left out, so that a redelivery leaves nothing behind. States are all kept, but for those of a null version that the
 * key never had: each instant has its own.
 */
export function foldVersions(
  logged: readonly Row[],
  history: readonly Row[],
  { commit, comparisons, gapEnds = [] }: Folds,
): FoldedVersions {
  const known = new Map(history.map((row) => [rowIdentity(row), row]));
  const taken: Row[] = [];
  const pending: Row[] = [];
  const sightings = sightingsIn(history);
  const all = joinAll(logged.map((one) => afterSighting(ofCommit(one, commit), sightings(one))));
  const joined = withoutNullStates(all, history);
  const isRemoval = joined.some(({ kind }) => kind === 'removed');
  const unknown = new Set(isRemoval ? removalsOfUnknown([...history, ...joined]) : []);
  const unreadOfGaps = unreadAfter(gapEnds, history, joined);
  for (const one of joined) {
    const row = unknown.has(one) && !known.has(rowIdentity(one)) ? afterScan(one, comparisons) : one;
    const old = known.get(rowIdentity(row));
    if (isPending(row) && !old?.file) pending.push({ ...row, uncertain: undefined });
    const news = old ? newsOf(row, old) : row;
    if (news) taken.push(news);
    if (news?.file && !old?.file) taken.push(...unreadOfGaps(news));
  }
  return { taken, pending, told: joinAll([...history, ...taken]) };
}

/**
 * A version that was captured before a gap ended, and deleted before the job that reads all tags and ACLs after it: what they were in between,
 * nobody knows.
 */
function unreadAfter(gapEnds: readonly number[], history: readonly Row[], joined: readonly Row[]): (row: Row) => Row[] {
  if (gapEnds.length === 0) return () => [];
  const removalsOf = removalsIn([...history, ...joined]);
  return (row) => {
    const removed = Math.max(...removalsOf(row).map(({ removedBefore = 0 }) => removedBefore), 0);
    const { key, versionId, lastModified, etag, source, readAt = Infinity } = row;
    return gapEnds
      .filter((end) => readAt <= end && end < removed)
      .map((effectiveFrom) => ({
        ...{ key, versionId, lastModified, etag, source, kind: 'state', effectiveFrom },
        uncertain: unreadOf(row.acl !== undefined),
      }));
  };
}

/**
 * A version that a scan has not seen came after it. One that was deleted before the end of the scan, as an event says that came later, may have come at
 * any time before.
 */
function afterScan(removal: Row, comparisons: readonly Comparison[]): Row {
  const visibleFrom = unseenAt(comparisons, removal.removedBefore ?? 0);
  return visibleFrom === undefined ? removal : { ...removal, visibleFrom };
}

/** An event that names no version may mean a null version that is gone. Of a key that never had one, it did not. */
function withoutNullStates(rows: readonly Row[], history: readonly Row[]): readonly Row[] {
  const isOfNull = (row: Row): boolean => row.kind === 'state' && isOfAnyNull(row);
  const isNull = (row: Row): boolean => isVersion(row) && row.versionId === NULL_VERSION;
  if (!rows.some(isOfNull) || rows.some(isNull) || history.some(isNull)) return rows;
  return rows.filter((row) => !isOfNull(row));
}

/** Files that a capture has stored come into the vault's history with the commit that takes them in. */
export const ofCommit = (row: Row, commit: number): Row =>
  row.file?.commit === 0 ? { ...row, file: { ...row.file, commit } } : row;

/** A removal that came after a listing had seen the version, whatever was said of it before, is another one. */
const afterSighting = (row: Row, seenAt: number | undefined): Row =>
  row.kind === 'removed' && seenAt !== undefined && (row.removedBefore ?? 0) > seenAt
    ? { ...row, effectiveFrom: seenAt }
    : row;

/** What a row says beyond what is known of its identity; undefined when that is nothing. */
function newsOf(row: Row, old: Row): Row | undefined {
  if (row.kind === 'state') return undefined;
  if (row.kind === 'removed') return isNarrower(row, old) ? row : undefined;
  if (row.file && !old.file) return row;
  const isPlaced = row.sequencer !== undefined && old.sequencer === undefined;
  const isSeen =
    row.visibleBefore !== undefined && row.visibleBefore < (old.visibleBefore ?? wasSeenAt(old) ?? Infinity);
  const isDated = row.lastModified < old.lastModified;
  if (!isVersion(row) || (!isPlaced && !isSeen && !isDated)) return undefined;
  const { key, versionId, kind, sequencer, visibleFrom, visibleBefore, source } = row;
  const lastModified = Math.min(row.lastModified, old.lastModified);
  const { etag } = old;
  return { key, versionId, kind, lastModified, etag, sequencer, visibleFrom, visibleBefore, source };
}

/** Until when a version was seen whose row says nothing else: a later event of it does not tell when it came. */
const wasSeenAt = ({ source, observedAt, lastModified }: Row): number | undefined =>
  source === 'event' ? lastModified : observedAt;

const isNarrower = (row: Row, old: Row): boolean =>
  (row.removedAfter ?? 0) > (old.removedAfter ?? 0) ||
  (row.removedBefore ?? Infinity) < (old.removedBefore ?? Infinity);

/**
 * Versions that nothing is known of but their permanent deletion, which came in an interval: their own events had an hour and more to come, and
 * have not.
 */
export const missedVersions = (rows: readonly Row[], after: number, until: number): number =>
  removalsOfUnknown(rows).filter(({ removedBefore = 0 }) => removedBefore > after && removedBefore <= until).length;

/** Versions of a key that came between two instants and were never told of by an event. */
export const isMissed = (row: Row, { since, capturedThrough }: { since: number; capturedThrough: number }): boolean => {
  // Uploads often end long after their date. Others that came so late are few: their events count as missed.
  const seen = isMultipart(row) ? Math.max(row.lastModified, row.visibleBefore ?? 0) : row.lastModified;
  return row.lastModified > since && seen <= capturedThrough;
};

/**
 * A permanent deletion that a scan found since the last comparison, and that no event has told of. What the first scan found was before
 * continuous backup.
 */
export const isMissedRemoval = (
  row: Row,
  { asOf, since, reconciledThrough }: { asOf: number; since: number; reconciledThrough: number },
): boolean =>
  row.kind === 'removed' &&
  row.observedAt !== undefined &&
  row.observedAt > since &&
  row.observedAt >= reconciledThrough &&
  row.observedAt < asOf &&
  (row.removedBefore ?? Infinity) - (row.removedAfter ?? 0) > 1;
