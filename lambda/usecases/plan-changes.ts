import { CHANGE_LIFETIME_SECONDS } from '../contract/change-log-schema';
import type { BackupRequest } from '../core/backup-request';
import { fromIso } from '../core/instant';
import type { ChangesToFold } from '../core/jobs';
import type { Manifest } from '../core/manifest';
import { isStoreError } from '../ports/object-store';
import type { BackupPorts } from './context';

/**
 * What a job takes from the change log: what was written since the last commit did so, as far as it is settled at `now` (S3's time). A
 * first backup reads all tags itself, so that only changes of later than its `asOf` matter.
 */
export async function planChanges(
  ports: Pick<BackupPorts, 'buckets' | 'log' | 'settings'>,
  request: BackupRequest,
  base: Manifest | undefined,
  { asOf, now }: { readonly asOf: number; readonly now: number },
): Promise<ChangesToFold> {
  const capture = request.metadata === 'EVENTS' ? await ensureCapture(ports, request.bucket) : undefined;
  const oldest = now - CHANGE_LIFETIME_SECONDS;
  const before = base?.changesThrough === undefined ? undefined : fromIso(base.changesThrough);
  const from = base ? Math.max(before ?? asOf - CHANGE_LIFETIME_SECONDS, oldest) : Math.max(asOf, oldest);
  const isFull = !base || request.metadata === 'FULL';
  const isUnbroken = !base?.changesMissed && before !== undefined && before >= oldest && capture === 'was-enabled';
  return {
    from,
    through: Math.max(from, now - ports.settings.settleSeconds),
    missed: isFull ? capture === 'denied' : !isUnbroken,
  };
}

/** Has S3 tell of changes. A bucket that may not be configured is backed up all the same: the manifest says what is missing. */
async function ensureCapture(
  { buckets, log }: Pick<BackupPorts, 'buckets' | 'log'>,
  bucket: string,
): Promise<'enabled' | 'was-enabled' | 'denied'> {
  try {
    return await buckets.ensureEventBridge(bucket);
  } catch (error) {
    if (!isStoreError(error, 'access-denied')) throw error;
    log.warn('EventsNotEnabled', { bucket, problem: 'the notifications of the bucket may not be configured' });
    return 'denied';
  }
}
