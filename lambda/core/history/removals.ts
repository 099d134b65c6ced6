import { grouped } from './groups';
import { isOfAnyNull, isSighting, isVersion, NULL_VERSION, Row, versionIdentity } from './row';
import { compareSequencers } from './sequencers';

/**
 * Which of a key's `removed` rows speak of a version. That of an event about a null version has neither ETag nor date: it speaks of whichever
 * was there. A scan names the version: delete markers have no ETag either, but a date. What a listing contradicts is not among them.
 */
export function removalsIn(rows: readonly Row[]): (version: Row) => readonly Row[] {
  const { told, seenAt } = toldIn(rows);
  return (version) => told(version).filter((removal) => !isContradicted(removal, seenAt(version)));
}

/** Removals of a version that a later listing contradicts, and when that was. */
export function contradictedIn(rows: readonly Row[]): (version: Row) => { removals: readonly Row[]; seenAt: number } {
  const { told, seenAt } = toldIn(rows);
  return (version) => {
    const seen = seenAt(version);
    return { removals: told(version).filter((removal) => isContradicted(removal, seen)), seenAt: seen };
  };
}

/** When a listing saw versions that were said to be gone. */
export function sightingsIn(rows: readonly Row[]): (version: Row) => number | undefined {
  const seen = new Map(rows.filter(isSighting).map((row) => [versionIdentity(row), row.removedAfter]));
  return (version) => seen.get(versionIdentity(version));
}

interface Told {
  /** What removals speak of a version, contradicted or not. */
  readonly told: (version: Row) => readonly Row[];
  readonly seenAt: (version: Row) => number;
}

function toldIn(rows: readonly Row[]): Told {
  const removals = rows.filter((row) => row.kind === 'removed' && !isSighting(row));
  const sightings = sightingsIn(rows);
  const named = grouped(
    removals.filter((row) => !isOfAnyNull(row)),
    versionIdentity,
  );
  const ofAnyNull = removals.filter(isOfAnyNull);
  return {
    told: (version) => {
      const own = named.get(versionIdentity(version)) ?? [];
      if (version.versionId !== NULL_VERSION || ofAnyNull.length === 0) return own;
      return [...own, ...ofAnyNull.filter((removal) => wasThereBefore(removal, version))];
    },
    seenAt: (version) => sightings(version) ?? -Infinity,
  };
}

const isContradicted = ({ removedBefore = Infinity }: Row, seenAt: number): boolean => removedBefore <= seenAt;

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
