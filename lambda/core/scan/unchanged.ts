import type { ColumnCursor } from '../history/files/column-cursor';
import { NULL_VERSION } from '../history/row';
import type { Columns, RowColumns } from '../history/row-columns';
import { firstAtLeast } from '../keys/order';

/** Rows of a scan, from one place to another, that the history has as they are: whole keys, with nothing to do but to count. */
export interface Unchanged {
  readonly scan: RowColumns;
  readonly from: number;
  readonly to: number;
}

/** Columns of the history that tell that a version is unchanged: a listing's, or those that a report must not contradict as well. */
export const UNCHANGED_COLUMNS: readonly string[] = ['key', 'version_id', 'kind', 'last_modified', 'file'];
export const UNCHANGED_REPORT_COLUMNS: readonly string[] = [...UNCHANGED_COLUMNS, 'size'];

/** More versions than these are compared one by one. */
const MOST_VERSIONS = 8;

export interface UnchangedOptions {
  /** Keys from here on have more rows elsewhere. */
  readonly limit: string | undefined;
  /** Most versions of a key. @default 8 */
  readonly most?: number;
  /** Whether an ACL that the scan tells has to be the one that the history knows. */
  readonly withAcls: boolean;
}

/**
 * Number of rows from where the two cursors stand on whose keys are unchanged: scan and history have the same versions of them, newest
 * first and no two of a second, all bodies are in the vault, and nothing else is known of them. It is no more than a short cut: of what it does not
 * find, decide (core/backup/decisions) says the same. A last key of a chunk
 * that may go on in the next one is not among them.
 */
export function unchangedRows(
  { chunk: scan, at: i }: ColumnCursor,
  { chunk: history, at: j }: ColumnCursor,
  { limit, most = MOST_VERSIONS, withAcls }: UnchangedOptions,
): number {
  if (!scan || !history) return 0;
  const [scanned, known] = [scan.keys, history.keys];
  const end = limit === undefined ? scan.count : firstAtLeast(scanned, limit, i, scan.count);
  let found = 0;
  for (;;) {
    const [from, place] = [i + found, j + found];
    const key = scanned[from];
    if (from >= end || key === undefined || key !== known[place]) return found;
    let versions = 1;
    while (scanned[from + versions] === key) versions++;
    if (versions > most || known[place + versions] === key) return found;
    if (!isWhole(scan, from + versions) || !isWhole(history, place + versions)) return found;
    if (!areSame(scan.columns, from, history, place, { versions, withAcls })) return found;
    found += versions;
  }
}

/** Whether scan and history have the same versions of a key, from these places on. */
function areSame(
  scan: Columns,
  from: number,
  history: RowColumns,
  place: number,
  { versions, withAcls }: { readonly versions: number; readonly withAcls: boolean },
): boolean {
  for (let n = 0; n < versions; n++) {
    if (!isSame(scan, from + n, history, place + n, withAcls)) return false;
    if (versions > 1 && !isApart(scan, from, from + n)) return false;
  }
  return true;
}

/** Whether a chunk has all rows of the key that ends before a place. */
const isWhole = (rows: RowColumns, end: number): boolean => end < rows.count || !rows.mayGoOn;

function isSame(scan: Columns, i: number, history: RowColumns, j: number, withAcls: boolean): boolean {
  const known = history.columns;
  const versionId = scan.versionId?.[i];
  const kind = scan.kind?.[i];
  if (versionId !== known.versionId?.[j] || kind !== known.kind?.[j]) return false;
  if (scan.lastModified?.[i] !== known.lastModified?.[j] || scan.newerThan?.[i] !== undefined) return false;
  // Null versions are told apart by their ETags, which are among the columns only when all are there.
  if (versionId === NULL_VERSION && !(history.isWhole && scan.etag?.[i] === known.etag?.[j])) return false;
  if (kind === 'marker') return true;
  if (kind !== 'put' || known.file?.[j] === undefined) return false;
  if (known.size && scan.size?.[i] !== known.size[j]) return false;
  const acl = scan.acl?.[i];
  return !withAcls || acl === undefined || acl === known.acl?.[j];
}

/** Whether a version is older than the one before it, and none of the key's earlier ones. */
function isApart({ versionId, lastModified }: Columns, first: number, i: number): boolean {
  if (versionId?.[i] === NULL_VERSION) return false;
  for (let other = first; other < i; other++) if (versionId?.[other] === versionId?.[i]) return false;
  return i === first || (lastModified?.[i] ?? 0) < (lastModified?.[i - 1] ?? 0);
}
