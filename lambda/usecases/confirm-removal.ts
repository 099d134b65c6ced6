import { NULL_VERSION, Row } from '../core/row';
import { isStoreError, ObjectStore } from '../ports/object-store';

/**
 * Asks S3 whether a version that a report leaves out is really gone. Answers the row of its removal, at some instant up to
 * S3's answer; undefined when the version is there, or when S3 does not say.
 */
export async function confirmRemoval(source: ObjectStore, bucket: string, removal: Row): Promise<Row | undefined> {
  const { key, versionId } = removal;
  try {
    const { lastModified } = await source.head({ bucket, key, versionId });
    // Another null version took the place of the one that the history knows.
    const replaced = versionId === NULL_VERSION && lastModified !== removal.lastModified;
    return replaced ? removal : undefined;
  } catch (error) {
    if (isStoreError(error, 'not-found')) return removal;
    // A marker answers so by its version ID: it is there. And a refusal proves nothing.
    if (isStoreError(error, 'delete-marker', 'access-denied', 'sse-c')) return undefined;
    throw error;
  }
}
