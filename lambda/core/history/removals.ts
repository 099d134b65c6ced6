import { grouped } from './groups';
import { isOfAnyNull, isVersion, NULL_VERSION, Row, versionIdentity } from './row';
import { compareSequencers } from './sequencers';

/**
 * Which of a key's `removed` rows speak of a version. That of an event about a null version has neither ETag nor date: it speaks of whichever
 * was there. A scan names the version: delete markers have no ETag either, but a date.
 */
export function removalsIn(rows: readonly Row[]): (version: Row) => readonly Row[] {
  const removals = rows.filter(({ kind }) => kind === 'removed');
  const named = grouped(
    removals.filter((row) => !isOfAnyNull(row)),
    versionIdentity,
  );
  const ofAnyNull = removals.filter(isOfAnyNull);
  return (version) => {
    const own = named.get(versionIdentity(version)) ?? [];
    if (version.versionId !== NULL_VERSION || ofAnyNull.length === 0) return own;
    return [...own, ...ofAnyNull.filter((removal) => wasThereBefore(removal, version))];
  };
}

/** One that came in the second of the deletion came before it unless sequencers say otherwise; an upload by parts came with its end. */
function wasThereBefore({ sequencer, removedBefore = Infinity }: Row, row: Row): boolean {
  if (sequencer !== undefined && row.sequencer !== undefined) return compareSequencers(row.sequencer, sequencer) < 0;
  return cameAt(row) <= removedBefore;
}

/**
 * Permanent deletions of versions that nothing else is known of: the event of their coming was missed, or is late. Null versions are from before
 * versioning: a scan has told of them.
 */
export function removalsOfUnknown(rows: readonly Row[]): Row[] {
  const removals = rows.filter((row) => row.kind === 'removed' && row.versionId !== NULL_VERSION);
  if (removals.length === 0) return removals;
  const known = new Set(rows.filter(isVersion).map(({ versionId }) => versionId));
  return removals.filter(({ versionId }) => !known.has(versionId));
}

/** When a version took its place. */
export const cameAt = (row: Row): number => Math.max(row.lastModified, row.visibleFrom ?? 0);
