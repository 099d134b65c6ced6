import { invalidRequest } from '../contract/errors';
import { VAULT_FORMAT_KEY } from '../contract/layout';
import type { ObjectStore } from '../ports/object-store';

/** `{"format":1}` and a line feed, with up to nine digits for the format: no other file of that name is taken for it. */
const FORMAT_FILE_BYTES = { least: 13, most: 21 };

/**
 * Refuses the bucket of a backup vault, which this vault need not be. A copy of a vault inside of another one is no way to
 * keep it, and what is restored into a vault looks like a part of it. Scratch buckets have no versioning, so they are
 * refused anyway. Costs one listing request.
 */
export async function refuseVaultBucket(
  store: ObjectStore,
  bucket: string,
  field: 'bucket' | 'destinationBucket',
): Promise<void> {
  const { entries } = await store.listObjects({ bucket, prefix: VAULT_FORMAT_KEY, maxKeys: 1 });
  const size = entries.find(({ key }) => key === VAULT_FORMAT_KEY)?.size ?? 0;
  if (size < FORMAT_FILE_BYTES.least || size > FORMAT_FILE_BYTES.most) return;
  const rule = field === 'bucket' ? 'which cannot be a protected bucket' : 'choose another bucket';
  throw invalidRequest([
    `${field}: "${bucket}" is the bucket of a backup vault (it has ${VAULT_FORMAT_KEY} of a vault): ${rule}`,
  ]);
}
