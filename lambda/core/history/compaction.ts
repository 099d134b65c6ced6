import { olderVersions } from './chain';
import { removalsIn, sightingsIn } from './removals';
import { isOfAnyNull, isSighting, isVersion, Row, versionIdentity } from './row';
import type { SegmentRef } from './segment-index';

/** A range is merged when reading it takes more than this many deltas beside its base, */
export const MOST_DELTAS = 8;
/** or when its deltas have more than this share of its base's bytes, */
const MOST_SHARE = 0.25;
/** and enough of them that a merge is worth its worker: small deltas wait until there are many. */
const LEAST_DELTA_BYTES = 1024 * 1024;

/** Whether a range is to be merged. Its base are the segments of the oldest commit among its segments. */
export function needsMerge(segments: readonly SegmentRef[]): boolean {
  const oldest = Math.min(...segments.map((segment) => segment.commit));
  const deltas = segments.filter((segment) => segment.commit !== oldest);
  const bytesOf = (some: readonly SegmentRef[]): number => some.reduce((sum, segment) => sum + segment.bytes, 0);
  const deltaBytes = bytesOf(deltas);
  const baseBytes = bytesOf(segments) - deltaBytes;
  return deltas.length > MOST_DELTAS || (deltaBytes > LEAST_DELTA_BYTES && deltaBytes > MOST_SHARE * baseBytes);
}

/**
 * The rows of a key that a view at `horizon` or later can need: without versions that were permanently removed by then. Older recovery
 * points keep the segments that they were made with. What a removed version says of the order within its second moves
 * to its neighbours.
 */
export function neededSince(rows: readonly Row[], horizon: number): readonly Row[] {
  const removals = rows.filter(
    (row) => row.kind === 'removed' && row.removedBefore !== undefined && row.removedBefore <= horizon,
  );
  if (removals.length === 0) return rows;
  const sightings = rows.filter(isSighting);
  const seenAt = sightingsIn(sightings);
  // What a listing saw later was not removed.
  const real = removals.filter((row) => (row.removedBefore ?? Infinity) > (seenAt(row) ?? -Infinity));
  const gone = new Set(real.map(versionIdentity));
  // An event does not say which null version it was that went.
  const removalsOf = removalsIn([...removals, ...sightings]);
  for (const row of rows) if (isVersion(row) && removalsOf(row).length > 0) gone.add(versionIdentity(row));
  const past = new Set(removals);
  const isLeft = (row: Row): boolean =>
    row.kind === 'removed' && isOfAnyNull(row) ? !past.has(row) : !gone.has(versionIdentity(row));
  const kept = rows.filter(isLeft);
  const dropped = new Map(
    rows.filter((row) => isVersion(row) && gone.has(versionIdentity(row))).map((row) => [row.versionId, row]),
  );
  return kept.map((row) => {
    const links = olderVersions(row);
    return links.some((id) => dropped.has(id)) ? { ...row, newerThan: bridged(row, dropped) } : row;
  });
}

/** Links of a row, with those of dropped versions in the place of these. */
function bridged(row: Row, dropped: ReadonlyMap<string, Row>): string | undefined {
  const links = new Set<string>();
  const seen = new Set<string>();
  const open = olderVersions(row);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    const middle = dropped.get(id);
    if (middle) open.push(...olderVersions(middle));
    else links.add(id);
  }
  return links.size > 0 ? [...links].sort().join(',') : undefined;
}
