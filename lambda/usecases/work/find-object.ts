import { isStoreError, ObjectBody, ObjectRef, ObjectStore } from '../../ports/object-store';

/** Reads an object; undefined when it is not there. */
export async function findObject(store: ObjectStore, ref: ObjectRef): Promise<ObjectBody | undefined> {
  try {
    return await store.get(ref);
  } catch (error) {
    if (isStoreError(error, 'not-found', 'delete-marker')) return undefined;
    throw error;
  }
}
