import { grouped } from './groups';
import { isOfAnyNull, isSighting, isVersion, NULL_VERSION, Row, versionIdentity } from './row';
import { compareSequencers } from './sequencers';

/** What a key's `removed` rows tell of one version. */
export interface JudgedRemovals {
  /** Those that hold. */
  readonly removals: readonly Row[];
  /** Those that a later listing contradicts, which saw the version at `seenAt`. */
  readonly contradicted: readonly Row[];
  readonly seenAt: number;
}

const NONE: JudgedRemovals = { removals: [], contradicted: [], seenAt: -Infinity };

/** Which of a key's `removed` rows speak of a version, and which of them hold. */
export function judgedRemovalsIn(rows: readonly Row[]): (version: Row) => JudgedRemovals {
  const removals = rows.filter((row) => row.kind === 'removed' && !isSighting(row));
  if (removals.length === 0) return () => NONE;
  const sightings = sightingsIn(rows);
  const named = grouped(
    removals.filter((row) => !isOfAnyNull(row)),
    versionIdentity,
  );
  const ofAnyNull = removals.filter(isOfAnyNull);
  const told = (version: Row): readonly Row[] => {
    const own = named.get(versionIdentity(version)) ?? [];
    if (version.versionId !== NULL_VERSION || ofAnyNull.length === 0) return own;
    return [...own, ...ofAnyNull.filter((removal) => wasThereBefore(removal, version))];
  };
  return (version) => {
    const all = told(version);
    const seenAt = sightings(version) ?? -Infinity;
    const isContradicted = ({ removedBefore = Infinity }: Row): boolean => removedBefore <= seenAt;
    return {
      removals: all.filter((row) => !isContradicted(row)),
      contradicted: all.filter(isContradicted),
      seenAt,
    };
  };
}

/**
 * Which of a key's `removed` rows speak of a version. That of an event about a null version has neither ETag nor date: it speaks of whichever
 * was there. A scan names the version: delete markers have no ETag either, but a date. What a listing contradicts is not among them.
 */
export function removalsIn(rows: readonly Row[]): (version: Row) => readonly Row[] {
  const judged = judgedRemovalsIn(rows);
  return (version) => judged(version).removals;
}

/** When a listing saw versions that were said to be gone. */
export function sightingsIn(rows: readonly Row[]): (version: Row) => number | undefined {
  const seen = new Map(rows.filter(isSighting).map((row) => [versionIdentity(row), row.removedAfter]));
  return (version) => seen.get(versionIdentity(version));
}

/** Sequencers that contradict the dates by more than this are not believed, seconds. */
const CLOCKS = 60;

/** One that came in the second of the deletion came before it unless sequencers say otherwise; an upload by parts came with its end. */
function wasThereBefore({ sequencer, removedBefore = Infinity }: Row, row: Row): boolean {
  if (cameAt(row) > removedBefore + CLOCKS) return false;
  if (sequencer !== undefined && row.sequencer !== undefined) return compareSequencers(row.sequencer, sequencer) < 0;
  return cameAt(row) <= removedBefore;
}

/**
 * Permanent deletions of versions that nothing else is known of: the event of their coming was missed, or is late. Null versions are from before
 * versioning: a scan has told of them.
 */
export function removalsOfUnknown(rows: readonly Row[]): Row[] {
  const removals = rows.filter((row) => row.kind === 'removed' && row.versionId !== NULL_VERSION && !isSighting(row));
  if (removals.length === 0) return removals;
  const known = new Set(rows.filter(isVersion).map(({ versionId }) => versionId));
  return removals.filter(({ versionId }) => !known.has(versionId));
}

/** When a version took its place. */
export const cameAt = (row: Row): number => Math.max(row.lastModified, row.visibleFrom ?? 0);
