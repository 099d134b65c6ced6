import { grouped } from './groups';
import { NULL_VERSION, Row, versionIdentity } from './row';

/** An event does not tell which null version was deleted. */
const isOfAnyNull = ({ versionId, etag, lastModified }: Row): boolean =>
  versionId === NULL_VERSION && etag === undefined && lastModified === 0;

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
    return [...own, ...ofAnyNull.filter(({ removedBefore }) => version.lastModified <= (removedBefore ?? Infinity))];
  };
}
