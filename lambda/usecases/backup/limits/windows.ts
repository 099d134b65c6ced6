import { BackupError, ErrorName } from '../../../contract/errors';
import { unitsKey, WORK_FILE_DAYS } from '../../../contract/layout';
import type { BackupJob } from '../../../core/backup/job';
import { fromIso, toIso } from '../../../core/values/instant';
import { SCAN_STEP } from '../../work/step-names';
import type { Scratch } from '../../work/turns';

/** Units start no work after the job's completion window, not even in an execution that was redriven (invariant 5). */
export async function refuseLateWork(scratch: Scratch, step: string, job: BackupJob): Promise<void> {
  if (job.scheduled) refuseLate(job, await nowBy(scratch, step, job));
}

/** S3's time, by the list of a step's units: whoever works on the step may read it. */
async function nowBy(scratch: Scratch, step: string, { jobId }: BackupJob): Promise<number> {
  return (await scratch.store.head({ bucket: scratch.bucket, key: unitsKey(jobId, step) })).date;
}

const DAY = 24 * 60 * 60;
/** Less is not worth a look at the time. */
const LONG_SECONDS = 60 * 60;

/**
 * Throws `CompletionWindowExceeded` when a first backup is sure to be late, as so many requests take longer than it has, at the rate that it has to keep.
 * It would store bodies for days which no recovery point ever names.
 */
export async function refuseHopeless(
  job: BackupJob,
  work: { readonly requests: number; readonly perSecond: number | undefined },
  scratch: Scratch,
): Promise<void> {
  const { requests, perSecond } = work;
  const seconds = perSecond === undefined ? 0 : requests / perSecond;
  if (job.base || seconds < LONG_SECONDS) return;
  const expiry = fromIso(job.startedAt) + WORK_FILE_DAYS * DAY;
  const end = Math.min(expiry, job.scheduled ? fromIso(job.scheduled.completeBy) : expiry);
  if ((await nowBy(scratch, SCAN_STEP, job)) + seconds <= end) return;
  throw new BackupError(
    ErrorName.completionWindowExceeded,
    `a first backup of bucket "${job.bucket}" needs at least ${requests.toLocaleString('en-US')} requests. That takes ${days(seconds)} at maxSourceRequestsPerSecond ${String(perSecond)}, but the job must end by ${toIso(end)}. Nothing was stored: raise that rate, or widen the completion window (${String(WORK_FILE_DAYS)} days at most)`,
  );
}

const days = (seconds: number): string => `${(seconds / DAY).toFixed(1)} days`;

/** Throws `CompletionWindowExceeded` when the job had to end before `now` (epoch seconds, S3's time). */
export function refuseLate(job: BackupJob, now: number): void {
  const completeBy = job.scheduled?.completeBy;
  if (completeBy !== undefined && now > fromIso(completeBy))
    throw new BackupError(
      ErrorName.completionWindowExceeded,
      `the job did not end by ${completeBy}, the end of its completion window. The bodies that it stored are not reused: widen the completion window`,
    );
}
