import { BackupError, ErrorName } from '../../contract/errors';
import type { BackupPorts } from '../context';
import type { Commit } from './at';
import { checkRecorded } from './recorded-manifest';

/** The newest commit of the bucket. */
export async function findBase(ports: BackupPorts, bucket: string): Promise<Commit | undefined> {
  const known = await ports.catalog.listRecoveryPoints({ bucket, limit: 1 });
  const continuous = await ports.catalog.getContinuousPoint(bucket);
  const hint = Math.max(known.items[0]?.seq ?? 0, continuous?.seq ?? 0);
  const seq = await ports.vault.newestSeq(bucket, hint === 0 ? undefined : hint);
  if (seq === undefined) return undefined;
  const found = await ports.vault.readManifest(bucket, seq);
  if (!found)
    throw new BackupError(
      ErrorName.vaultDamaged,
      `manifest ${String(seq)} of bucket "${bucket}" disappeared while it was read: undelete it in the vault bucket`,
    );
  checkRecorded(known.items[0], found);
  return found;
}
