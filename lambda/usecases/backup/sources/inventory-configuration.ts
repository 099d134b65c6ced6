import { BackupError, ErrorName } from '../../../contract/errors';
import { inventoryNotePrefix } from '../../../contract/layout';
import { vaultInventory } from '../../../core/inventory/place';
import { fromIso, toIso } from '../../../core/values/instant';
import { isStoreError } from '../../../ports/object-store';
import type { BackupPorts } from '../../context';
import type { Scratch } from '../../work/turns';

type ConfigurationPorts = Pick<BackupPorts, 'buckets' | 'scratch'>;

/**
 * Has S3 make reports for this vault from now on; what the bucket has of others stays. A configuration of ours that says something
 * else, such as a prefix of keys, has made reports that leave things out: the instant of its end is noted before.
 */
export async function ensureInventory(ports: ConfigurationPorts, bucket: string, now: number): Promise<void> {
  const { buckets, scratch } = ports;
  try {
    if (await hasInventory(ports, bucket)) return;
    await noteConfigured(scratch, bucket, now);
    await buckets.ensureInventory(bucket, { ...vaultInventory(scratch.bucket), format: 'Parquet' });
  } catch (cause) {
    if (isStoreError(cause, 'access-denied'))
      throw new BackupError(
        ErrorName.accessDenied,
        `the vault is not allowed to configure an inventory of bucket "${bucket}": check the bucket policy`,
        { cause },
      );
    if (isStoreError(cause, 'too-many-configurations'))
      throw new BackupError(ErrorName.noInventory, `${cause.message}, or use the source "listing"`, { cause });
    throw cause;
  }
}

/** Whether the bucket is configured as this vault wants it: else its reports need not have everything. */
export const hasInventory = ({ buckets, scratch }: ConfigurationPorts, bucket: string): Promise<boolean> =>
  buckets.hasInventory(bucket, vaultInventory(scratch.bucket));

async function noteConfigured(scratch: Scratch, bucket: string, now: number): Promise<void> {
  await scratch.create(`${inventoryNotePrefix(bucket)}${toIso(now)}`, {});
}

/**
 * When the configuration was last made or replaced by this vault, epoch seconds; 0 when nothing is known of that. Notes live as long as
 * reports do, and longer than jobs may believe them.
 */
export async function configuredAt({ store, bucket: scratchBucket }: Scratch, bucket: string): Promise<number> {
  const prefix = inventoryNotePrefix(bucket);
  let newest = 0;
  let startAfter: string | undefined;
  do {
    const page = await store.listObjects({ bucket: scratchBucket, prefix, startAfter });
    for (const { key } of page.entries) newest = Math.max(newest, fromIso(key.slice(prefix.length)));
    startAfter = page.next;
  } while (startAfter !== undefined);
  return newest;
}
