import type { Decision } from '../../../core/backup/decisions';
import { NULL_VERSION } from '../../../core/history/row';
import { isStoreError, ObjectStore } from '../../../ports/object-store';

/** What S3 says of a version. A refusal says nothing of it, so it counts as there. */
export type Whereabouts = 'gone' | 'there' | 'access-denied' | 'sse-c';

/** Asks S3 whether a version is there, where a report and the history do not agree. */
export async function whereabouts(
  source: ObjectStore,
  bucket: string,
  { known, other }: Pick<Decision & { kind: 'remove' }, 'known' | 'other'>,
): Promise<Whereabouts> {
  const { key, versionId, lastModified, etag, size } = known;
  try {
    const found = await source.head({ bucket, key, versionId });
    if (versionId !== NULL_VERSION) return 'there';
    // Another null version may have taken the place of the one that the history knows.
    if (found.lastModified !== lastModified) return 'gone';
    // Encrypted anew, an object has another ETag; written anew in that second, mostly another size too.
    return found.etag !== etag && (found.size !== size || found.etag === other) ? 'gone' : 'there';
  } catch (error) {
    if (isStoreError(error, 'not-found')) return 'gone';
    // A marker answers so by its version ID. Where the history knows a null version with a body, the marker has taken its place.
    if (isStoreError(error, 'delete-marker')) {
      const isAnother = error.lastModified !== undefined && error.lastModified !== lastModified;
      return versionId === NULL_VERSION && (known.kind === 'put' || isAnother) ? 'gone' : 'there';
    }
    if (isStoreError(error, 'access-denied')) return 'access-denied';
    if (isStoreError(error, 'sse-c')) return 'sse-c';
    throw error;
  }
}
