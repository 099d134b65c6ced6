import { BackupError, ErrorName } from '../contract/errors';
import { unitsKey } from '../contract/layout';
import { fromIso } from '../core/instant';
import type { BackupJob } from '../core/jobs';
import type { Scratch } from './turns';

/** Units start no work after the job's completion window, not even in an execution that was redriven (invariant 5). */
export async function refuseLateWork(scratch: Scratch, step: string, job: BackupJob): Promise<void> {
  if (!job.scheduled) return;
  const { date } = await scratch.store.head({ bucket: scratch.bucket, key: unitsKey(job.jobId, step) });
  refuseLate(job, date);
}

/** Throws `CompletionWindowExceeded` when the job had to end before `now` (epoch seconds, S3's time). */
export function refuseLate(job: BackupJob, now: number): void {
  const completeBy = job.scheduled?.completeBy;
  if (completeBy !== undefined && now > fromIso(completeBy))
    throw new BackupError(
      ErrorName.completionWindowExceeded,
      `the job had to end by ${completeBy}: widen the completion window; bodies that it stored are not reused`,
    );
}
