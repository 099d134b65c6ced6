import { invalidRequest } from '../../contract/errors';
import { VAULT_FORMAT_KEY } from '../../contract/layout';
import { isStoreError, type ObjectStore } from '../../ports/object-store';
import { findObject } from '../work/find-object';

/** What a vault writes there, and no more: `{"format":1}` and a line feed, with up to nine digits for the format. */
const FORMAT_FILE = /^\{"format":\d{1,9}\}\n$/;
/** Sizes that such a file can have: others are not read. */
const FORMAT_FILE_BYTES = { least: 13, most: 21 };

/**
 * Refuses the bucket of a backup vault, which this vault need not be. A copy of a vault inside of another one is no way to
 * keep it, and what is restored into a vault looks like a part of it. Scratch buckets have no versioning, so they are
 * refused anyway. Costs one listing request, and one to read a file of that name and size.
 */
export async function refuseVaultBucket(
  store: ObjectStore,
  bucket: string,
  field: 'bucket' | 'destinationBucket',
): Promise<void> {
  const { entries } = await store.listObjects({ bucket, prefix: VAULT_FORMAT_KEY, maxKeys: 1 });
  const size = entries.find(({ key }) => key === VAULT_FORMAT_KEY)?.size ?? 0;
  if (size < FORMAT_FILE_BYTES.least || size > FORMAT_FILE_BYTES.most) return;
  if (!(await isFormatFile(store, bucket))) return;
  const rule = field === 'bucket' ? 'which cannot be a protected bucket' : 'choose another bucket';
  throw invalidRequest([
    `${field}: "${bucket}" is the bucket of a backup vault (it has ${VAULT_FORMAT_KEY} of a vault): ${rule}; if it is not a vault, rename that object`,
  ]);
}

/** A file that may not be read may well be one: vaults have their own keys. */
async function isFormatFile(store: ObjectStore, bucket: string): Promise<boolean> {
  try {
    const found = await findObject(store, { bucket, key: VAULT_FORMAT_KEY });
    return found !== undefined && FORMAT_FILE.test(Buffer.from(found.body).toString('latin1'));
  } catch (error) {
    if (isStoreError(error, 'access-denied')) return true;
    // What is archived, or encrypted with a customer's own key, no vault has written.
    if (isStoreError(error, 'archived', 'sse-c', 'invalid')) return false;
    throw error;
  }
}
