import { removalsIn } from '../history/removals';
import { isSighting, NOT_STORED, NULL_VERSION, type Row, rowIdentity, versionIdentity } from '../history/row';
import { type FoldedVersions, PENDING } from './fold-versions';

/** The reason of versions that the vault may not read: it may end by itself, when a policy is corrected or a key enabled. */
export const REFUSED = 'access-denied';
const MARK = `${NOT_STORED}${REFUSED}`;
const TEMPORARY = new Set([PENDING, MARK]);

/** Whether a version could not be stored as the vault may not read it. */
export const isRefused = ({ file, uncertain }: Row): boolean => !file && uncertain?.split(',').includes(MARK) === true;

/**
 * Whether a version without a body may be stored after all. Null versions are left to the comparison with the bucket: nothing but their date,
 * which a refusal hides, tells them apart.
 */
export const mayBeStoredLater = ({ kind, file, uncertain, versionId }: Row): boolean =>
  kind === 'put' &&
  !file &&
  versionId !== NULL_VERSION &&
  uncertain !== undefined &&
  uncertain.split(',').every((reason) => TEMPORARY.has(reason));

/**
 * Identities of rows, among those that a commit takes in, which say that a version is gone that might have been stored later: one for each version, and once, as
 * the history has no removal of it yet. The commit itself tries `pending` ones, and finds them gone.
 */
export function losses({ taken, told, pending }: FoldedVersions, history: readonly Row[]): ReadonlySet<string> {
  const removals = taken.filter((row) => row.kind === 'removed' && !isSighting(row));
  if (removals.length === 0) return new Set();
  const isTried = new Set(pending.map(versionIdentity));
  const knownOf = removalsIn(history);
  const toldOf = removalsIn(told);
  const lost = told.filter((row) => mayBeStoredLater(row) && !isTried.has(versionIdentity(row)));
  const first = lost.filter((row) => knownOf(row).length === 0).map((row) => toldOf(row)[0]);
  return new Set(first.filter((row) => row !== undefined).map(rowIdentity));
}
