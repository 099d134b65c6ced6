import { BackupError, ErrorName } from '../../../contract/errors';
import { BackupRequest } from '../../../core/backup/request';
import { fromIso } from '../../../core/values/instant';
import type { JobLock } from '../../../ports/catalog';
import type { BackupPorts } from '../../context';

/** A job that waits for another one asks again each minute, less often in a long start window: */
const WAIT_SECONDS = 60;

/** an execution has at most 25,000 events, and each round takes about eight. */
const MAX_WAITS = 1_000;

export async function takeLock(
  ports: BackupPorts,
  request: BackupRequest,
  jobId: string,
  executionArn: string,
): Promise<JobLock> {
  const wanted = {
    bucket: request.bucket,
    jobId,
    executionArn,
    type: request.upkeep ? ('UPKEEP' as const) : ('BACKUP' as const),
  };
  const lock = await ports.catalog.takeLock(wanted);
  if (lock.jobId === jobId || (await ports.executions.isRunning(lock.executionArn))) return lock;
  ports.log.warn('LockTakenOver', { jobId, bucket: request.bucket, from: lock.jobId });
  return ports.catalog.takeLock({ ...wanted, from: lock });
}

/** The upkeep of a continuous backup is over soon: a person's job waits for it. */
const UPKEEP_WAIT = 60 * 60;

export function refuseBusy(request: BackupRequest, lock: JobLock, now: number, startedAt: number): void {
  if (!request.scheduled && lock.type === 'UPKEEP' && now - startedAt < UPKEEP_WAIT) return;
  if (!request.scheduled)
    throw new BackupError(
      ErrorName.backupAlreadyRunning,
      `job ${lock.jobId} is backing up bucket "${request.bucket}": wait until it ends, or stop it`,
    );
  refuseLateStart(request, now);
}

/** A scheduled job that has not begun within its start window never does. */
export function refuseLateStart(request: BackupRequest, now: number): void {
  const { scheduled } = request;
  if (scheduled && now > fromIso(scheduled.startBy))
    throw new BackupError(
      ErrorName.startWindowExceeded,
      `the job could not start by ${scheduled.startBy}, the end of its start window: widen the window, or run fewer jobs of bucket "${request.bucket}"`,
    );
}

export function waitSeconds({ scheduled }: BackupRequest, now: number): number {
  const left = scheduled ? fromIso(scheduled.startBy) - now : 0;
  return Math.max(WAIT_SECONDS, Math.ceil(left / MAX_WAITS));
}
