import { NOT_STORED, NULL_VERSION, type Row } from '../history/row';
import { PENDING } from './fold-versions';

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
