import { ErrorName } from '../contract/errors';
import type { FailureInput, FailureOutput } from '../contract/steps';
import { fromIso, toIso } from '../core/instant';
import { jobIdOf } from '../core/job-id';
import type { JobState, JobType } from '../ports/catalog';
import type { BackupPorts } from './context';
import { backupJobEvent, restoreJobEvent } from './job-events';

type FailurePorts = Pick<BackupPorts, 'catalog' | 'events' | 'deployment' | 'log'>;

/** What Step Functions shows of a Lambda's failure: the Lambda's own JSON, or a sentence of Step Functions. */
function causeSentence(cause: string | undefined): string {
  if (cause === undefined || cause === '') return 'no cause was given: see the log of the step that failed';
  try {
    const parsed = JSON.parse(cause) as { errorMessage?: unknown } | null;
    if (typeof parsed?.errorMessage === 'string') return parsed.errorMessage;
  } catch {
    // Not the JSON of a Lambda: the text itself is the cause.
  }
  return cause;
}

/** Ends a job that failed: its record, its lock, its event. Answers the error and the cause that the Fail state shows. */
export async function recordFailure(ports: FailurePorts, type: JobType, failure: FailureInput): Promise<FailureOutput> {
  const { input, execution, error } = failure;
  const cause = causeSentence(error.Cause);
  const request = (input ?? {}) as {
    bucket?: unknown;
    sourceBucket?: unknown;
    scheduled?: { plan?: string; rule?: string };
  };
  const bucket = type === 'BACKUP' ? request.bucket : request.sourceBucket;
  const output = { error: error.Error, cause };
  if (typeof bucket !== 'string' || bucket === '' || bucket.length > 63) return output;
  const jobId = jobIdOf(execution);
  const state: JobState = error.Error === ErrorName.startWindowExceeded ? 'EXPIRED' : 'FAILED';
  const createdAt = toIso(fromIso(execution.startTime));
  const completedAt = toIso(fromIso(failure.failedAt));
  const statusMessage = `${error.Error}: ${cause}`;
  await ports.catalog.putJob({
    jobId,
    type,
    bucket,
    state,
    createdAt,
    completedAt,
    executionArn: execution.arn,
    statusMessage,
  });
  if (type === 'BACKUP') await ports.catalog.releaseLock(bucket, jobId);
  const event = type === 'BACKUP' ? backupJobEvent : restoreJobEvent;
  await ports.events.publish(
    event(ports.deployment, { jobId, bucket, createdAt }, { state, statusMessage, completedAt }),
  );
  ports.log.warn('JobFailed', { jobId, type, bucket, error: error.Error });
  return output;
}
