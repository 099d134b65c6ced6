import { aclComesLater, tagsComeLater } from '../core/objects/request-headers';
import {
  isStoreError,
  type ObjectProperties,
  type ObjectRef,
  type ObjectStore,
  type StoreErrorCode,
  type Written,
} from '../ports/object-store';

type LaterWrites = Pick<ObjectStore, 'putTags' | 'putAcl'>;

/** Writes tags and ACL that had no room in the headers of the write. The object is there by now: a failure is no error, but said. */
export async function writeLater(
  store: LaterWrites,
  { bucket, key }: ObjectRef,
  written: Written,
  properties: ObjectProperties = {},
  others = 0,
): Promise<Written> {
  const { tags, grants } = properties;
  const ref = { bucket, key, versionId: written.versionId };
  if (tags && tagsComeLater(properties, others)) {
    const tagsRefused = await refusal(store.putTags({ ...ref, tags }));
    if (tagsRefused) return { ...written, tagsRefused };
  }
  if (!grants || !aclComesLater(properties, others)) return written;
  const aclRefused = await refusal(store.putAcl({ ...ref, grants }));
  return aclRefused ? { ...written, aclRefused } : written;
}

async function refusal(write: Promise<void>): Promise<StoreErrorCode | undefined> {
  try {
    await write;
    return undefined;
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return error.code;
  }
}
