import { isVersionEvent, type S3Event } from '../../core/capture/s3-event';
import { NULL_VERSION } from '../../core/history/row';
import { isStoreError, type ObjectStore } from '../../ports/object-store';

/**
 * The event with the key that S3 knows. EventBridge's events are taken to have keys as they are; should one be URL-encoded, the version that it
 * names is under the decoded key only. A version ID tells that for sure, so null versions are left alone, and deletions, which leave nothing to
 * look for.
 */
export async function withTrueKey(
  source: Pick<ObjectStore, 'head'>,
  event: S3Event,
): Promise<{ readonly event: S3Event; readonly isDecoded: boolean }> {
  const { bucket, key, versionId } = event;
  const isDeletion = isVersionEvent(event) && event.change === 'deleted';
  const decoded = decodedKey(key);
  if (isDeletion || decoded === undefined || versionId === undefined || versionId === NULL_VERSION)
    return { event, isDecoded: false };
  const isThere = async (name: string): Promise<boolean> => exists(source, { bucket, key: name, versionId });
  if ((await isThere(key)) || !(await isThere(decoded))) return { event, isDecoded: false };
  return { event: { ...event, key: decoded }, isDecoded: true };
}

/** The key without URL encoding; undefined where it has none. */
function decodedKey(key: string): string | undefined {
  if (!/[%+]/.test(key)) return undefined;
  try {
    const decoded = decodeURIComponent(key.replaceAll('+', ' '));
    return decoded === key || decoded === '' ? undefined : decoded;
  } catch {
    return undefined;
  }
}

/** Whatever S3 says but that there is no such version, speaks for it. */
async function exists(
  source: Pick<ObjectStore, 'head'>,
  ref: { readonly bucket: string; readonly key: string; readonly versionId: string },
): Promise<boolean> {
  try {
    await source.head(ref);
    return true;
  } catch (error) {
    if (isStoreError(error, 'not-found', 'key-too-long')) return false;
    // Neither says whether it is there: the event is delivered again.
    if (isStoreError(error, 'throttled', 'unavailable')) throw error;
    if (isStoreError(error)) return true;
    throw error;
  }
}
