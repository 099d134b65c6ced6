import { decodedKey } from '../../core/keys/decoded-key';
import { isVersionEvent, type S3Event } from '../../core/capture/s3-event';
import { NULL_VERSION } from '../../core/history/row';
import { isStoreError, type ObjectStore } from '../../ports/object-store';

/**
 * Reads what an event tells of, under the key that S3 knows. EventBridge's events are taken to have keys as they are. Should one be URL-encoded,
 * nothing is found under it, and the version that it names is under the decoded key: a version ID tells that for sure. So null versions are left
 * alone, and deletions, which leave nothing to look for.
 */
export async function underTrueKey<T>(
  source: ObjectStore,
  event: S3Event,
  read: (source: ObjectStore, event: S3Event) => Promise<T>,
): Promise<{ readonly found: T; readonly isDecoded: boolean }> {
  const { bucket, versionId } = event;
  const key = decodedKey(event.key);
  const isDeletion = isVersionEvent(event) && event.change === 'deleted';
  if (isDeletion || key === undefined || versionId === undefined || versionId === NULL_VERSION)
    return { found: await read(source, event), isDecoded: false };
  const watched = watch(source);
  const found = await read(watched.source, event);
  if (!watched.isMissing() || !(await exists(source, { bucket, key, versionId }))) return { found, isDecoded: false };
  return { found: await read(source, { ...event, key }), isDecoded: true };
}

/** Sees whether S3 does not find something. */
function watch(source: ObjectStore): { readonly source: ObjectStore; readonly isMissing: () => boolean } {
  let isMissing = false;
  const noting =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      try {
        return await call(...args);
      } catch (error) {
        isMissing ||= isStoreError(error, 'not-found', 'key-too-long');
        throw error;
      }
    };
  const calls = new Map<string | symbol, unknown>([
    ['head', noting<Parameters<ObjectStore['head']>, unknown>((ref) => source.head(ref))],
    ['get', noting<Parameters<ObjectStore['get']>, unknown>((ref) => source.get(ref))],
    ['readTags', noting<Parameters<ObjectStore['readTags']>, unknown>((ref) => source.readTags(ref))],
    ['readAcl', noting<Parameters<ObjectStore['readAcl']>, unknown>((ref) => source.readAcl(ref))],
  ]);
  const get = (_: unknown, name: string | symbol): unknown => calls.get(name) ?? Reflect.get(source, name, source);
  return { source: new Proxy<ObjectStore>(source, { get }), isMissing: () => isMissing };
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
