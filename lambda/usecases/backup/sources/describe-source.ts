import { BackupError, ErrorName } from '../../../contract/errors';
import type { BackupRequest } from '../../../core/backup/request';
import type { BucketDescription } from '../../../ports/bucket-admin';
import type { BackupPorts } from '../../context';
import { describeBucket } from '../../jobs/describe-bucket';

/** The bucket as it must be: there, ours, in this Region and versioned. */
export async function describeSource(ports: BackupPorts, request: BackupRequest): Promise<BucketDescription> {
  const { bucket } = request;
  const described = await describeBucket(ports, bucket, 'and be selected in a plan of this vault');
  if (described.region !== ports.deployment.region)
    throw new BackupError(
      ErrorName.regionMismatch,
      `bucket "${bucket}" is in ${described.region}, but the backup vault is in ${ports.deployment.region}: use a vault in the Region of the bucket`,
    );
  if (described.versioning !== 'Enabled')
    throw new BackupError(
      ErrorName.versioningNotEnabled,
      `versioning of bucket "${bucket}" is ${described.versioning}, but must be Enabled: turn it on with PutBucketVersioning`,
    );
  return described;
}
