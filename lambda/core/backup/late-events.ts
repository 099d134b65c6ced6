import { cameAt, removalsOfUnknown } from '../history/removals';
import { isVersion, type Row, rowIdentity, versionIdentity } from '../history/row';
import type { FoldedVersions } from './fold-versions';

/** An event that comes this late is one that was missed, seconds. */
export const LATE = 60 * 60;

/** How far a commit was said to be whole, epoch seconds. */
export interface Said {
  /** Before continuous backup began, nothing was said. */
  readonly since: number;
  readonly capturedThrough: number;
  readonly reconciledThrough: number;
}

/** Since when a bucket's events came later than a commit had said that all had come, as far as a job has found out, epoch seconds. */
export interface LateEvents {
  /** Others of that time may have come, or may come, as late. */
  readonly late?: number;
  /** A version of which only the deletion was told, late: the event of its coming was missed. */
  readonly missed?: number;
}

/**
 * What is late of the rows that a job takes into a key's history. An event that is delivered again tells nothing new, and neither does one whose version
 * a listing has found: that comparison has noted the gap.
 */
export function lateEventsOf({ taken, told }: FoldedVersions, history: readonly Row[], said: Said): LateEvents {
  const { since, capturedThrough, reconciledThrough } = said;
  const known = new Set(history.map(factOf));
  const fresh = taken.filter((row) => !known.has(factOf(row)) && happenedAt(row) > since);
  if (fresh.length === 0) return {};
  const end = Math.max(capturedThrough, reconciledThrough - LATE);
  const unknown = new Set(removalsOfUnknown(told).map(rowIdentity));
  const missed = fresh.filter((row) => unknown.has(rowIdentity(row)) && happenedAt(row) <= end);
  const late = fresh.filter((row) => !unknown.has(rowIdentity(row)) && happenedAt(row) <= capturedThrough);
  return {
    ...(late.length > 0 && { late: Math.min(...late.map(happenedAt)) - 1 }),
    ...(missed.length > 0 && { missed: Math.min(...missed.map(({ visibleFrom = since }) => visibleFrom)) }),
  };
}

/** The earlier of both. */
export const joinLate = (a: LateEvents, b: LateEvents): LateEvents => ({
  ...earliest('late', a, b),
  ...earliest('missed', a, b),
});

function earliest(field: keyof LateEvents, a: LateEvents, b: LateEvents): LateEvents {
  const first = Math.min(a[field] ?? Infinity, b[field] ?? Infinity);
  return Number.isFinite(first) ? { [field]: first } : {};
}

/** Two reads of one change are of one event. */
const factOf = (row: Row): string =>
  row.kind === 'state' ? `${versionIdentity(row)}\u0000state ${String(row.effectiveFrom)}` : rowIdentity(row);

/** When that happened which a row tells of. */
function happenedAt(row: Row): number {
  if (isVersion(row)) return cameAt(row);
  return (row.kind === 'removed' ? row.removedBefore : row.effectiveFrom) ?? Infinity;
}
