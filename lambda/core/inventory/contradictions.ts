import { isVersion, NULL_VERSION, Row } from '../history/row';
import { toIso } from '../values/instant';
import { RecordProblem } from './row';

/** What S3, or the history, has of a version. */
type Found = Pick<Row, 'lastModified' | 'size'> & { readonly kind?: Row['kind'] };

/**
 * Throws RecordProblem when a report says something else of a version: a version never changes, so the report is no ground for a
 * commit. Only null versions are replaced in place.
 */
export function refuseContradiction(row: Row, found: Found): void {
  if (row.source !== 'inventory' || row.versionId === NULL_VERSION) return;
  const refuse = (what: string, reported: unknown, real: unknown): never => {
    throw new RecordProblem(
      `reports that version ${row.versionId} ${what} ${String(reported)}, expected ${String(real)}`,
    );
  };
  if (found.kind !== undefined && found.kind !== row.kind) refuse('is a', row.kind, found.kind);
  if (row.kind === 'put' && found.size !== undefined && row.size !== found.size)
    refuse('has the size', row.size, found.size);
  if (row.lastModified !== found.lastModified) refuse('is of', toIso(row.lastModified), toIso(found.lastModified));
}

/** The same for a version that the history knows. Events date versions by their own time. */
export function refuseUnlikeKnown(row: Row, known: Row | undefined): void {
  if (!known || !isVersion(known)) return;
  const { kind, size, source } = known;
  refuseContradiction(row, { kind, size, lastModified: source === 'event' ? row.lastModified : known.lastModified });
}
