import { BackupError, ErrorName } from '../../contract/errors';
import { manifestKey } from '../../contract/layout';
import type { Manifest } from '../../core/history/manifest';
import type { RecoveryPointRecord } from '../../ports/catalog';

/**
 * Compares a manifest with what the catalog recorded when it was written. Nothing of ours ever writes over a manifest, so another
 * hash is damage, which neither a restore nor the next backup may build on. A catalog without the record proves nothing.
 */
export function checkRecorded(
  record: RecoveryPointRecord | undefined,
  { manifest, sha256 }: { readonly manifest: Manifest; readonly sha256: string },
): void {
  if (record?.seq !== manifest.seq || record.manifestSha256 === undefined || record.manifestSha256 === sha256) return;
  throw new BackupError(
    ErrorName.vaultDamaged,
    `${manifestKey(manifest.bucket, manifest.seq)} has the SHA-256 ${sha256}, but the catalog recorded ${record.manifestSha256}: restore an earlier version of that object in the vault bucket`,
  );
}
