import { BackupError, ErrorName } from '../../contract/errors';
import type { BucketDescription } from '../../ports/bucket-admin';
import { isStoreError } from '../../ports/object-store';
import type { BackupPorts } from '../context';

/** `rule` completes the sentence about a bucket that may not be looked at. */
export async function describeBucket(
  ports: Pick<BackupPorts, 'buckets' | 'deployment'>,
  bucket: string,
  rule: string,
): Promise<BucketDescription> {
  try {
    return await ports.buckets.describe(bucket);
  } catch (cause) {
    if (isStoreError(cause, 'no-such-bucket', 'not-found'))
      throw new BackupError(ErrorName.bucketNotFound, `bucket "${bucket}" does not exist: check the name`, { cause });
    if (isStoreError(cause, 'access-denied'))
      throw new BackupError(
        ErrorName.accessDenied,
        `access to bucket "${bucket}" is denied: it must belong to account ${ports.deployment.accountId} ${rule}`,
        { cause },
      );
    throw cause;
  }
}
