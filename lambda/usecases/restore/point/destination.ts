import { BackupError, ErrorName } from '../../../contract/errors';
import type { Manifest } from '../../../core/history/manifest';
import type { RestoreJob } from '../../../core/restore/job';
import type { RestoreRequest } from '../../../core/restore/request';
import type { RestorePorts } from '../../context';
import { describeBucket } from '../../jobs/describe-bucket';
import { refuseVaultBucket } from '../../vault/vault-buckets';

/** Who may be restored to, for the error that somebody may not. */
const DESTINATION_RULE = 'and allow this vault to write to it';

/** Refuses a bucket that must not be restored to; answers what the restore has to know of it. */
export async function checkDestination(
  ports: RestorePorts,
  request: RestoreRequest,
  manifest: Manifest | undefined,
): Promise<RestoreJob['destination']> {
  const bucket = request.destinationBucket;
  if (manifest && request.createBucket && (await isMissing(ports, bucket))) {
    const { ownership } = manifest;
    return { bucket, exists: false, create: true, ownership, aclsEnabled: ownership !== 'BucketOwnerEnforced' };
  }
  const described = await describeBucket(ports, bucket, DESTINATION_RULE);
  if (described.region !== ports.deployment.region)
    throw new BackupError(
      ErrorName.regionMismatch,
      `bucket "${bucket}" is in ${described.region}, but the recovery point is in ${ports.deployment.region}: restore to a bucket in that Region`,
    );
  if (described.versioning !== 'Enabled')
    throw new BackupError(
      ErrorName.destinationNotVersioned,
      `versioning of bucket "${bucket}" is ${described.versioning}, but must be Enabled, so that a restore permanently replaces nothing: turn it on, or restore to a new bucket`,
    );
  await refuseVaultBucket(ports.destination, bucket, 'destinationBucket');
  const { ownership, aclsEnabled } = described;
  return { bucket, exists: true, create: false, ownership, aclsEnabled };
}

/** Whether a bucket that is to be created is not there yet. One that is there and empty will do, with the settings it has. */
async function isMissing(ports: RestorePorts, bucket: string): Promise<boolean> {
  try {
    await describeBucket(ports, bucket, DESTINATION_RULE);
  } catch (error) {
    if (error instanceof BackupError && error.name === ErrorName.bucketNotFound) return true;
    throw error;
  }
  const { entries } = await ports.destination.listVersions({ bucket, maxKeys: 1 });
  if (entries.length === 0) return false;
  throw new BackupError(
    ErrorName.destinationNotEmpty,
    `bucket "${bucket}" exists and has objects, but createBucket requires a new or empty one: omit createBucket, or choose another name`,
  );
}
