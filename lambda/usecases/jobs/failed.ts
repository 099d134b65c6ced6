import { ErrorName, FINAL_ERRORS } from '../../contract/errors';
import { unitErrorKey } from '../../contract/layout';
import { MetricName } from '../../contract/metrics';
import type { FailureInput, FailureOutput } from '../../contract/steps';
import { fromIso, toIso } from '../../core/values/instant';
import { jobIdOf } from '../../core/values/job-id';
import type { JobState, JobType } from '../../ports/catalog';
import type { BackupPorts } from '../context';
import type { UnitError } from '../work/turns';
import { endEventOf } from './events';
import { factsOfInput, causeSentence, startByOf } from './input';

type FailurePorts = Pick<BackupPorts, 'catalog' | 'events' | 'deployment' | 'log' | 'metrics' | 'scratch'>;

/** A Distributed Map says only that a unit failed: the unit has left its error in the scratch bucket. */
async function explain(ports: FailurePorts, jobId: string, error: FailureInput['error']): Promise<FailureOutput> {
  const unit = FINAL_ERRORS.includes(error.Error)
    ? undefined
    : await ports.scratch.find<UnitError>(unitErrorKey(jobId));
  return unit ? { error: unit.name, cause: unit.message } : { error: error.Error, cause: causeSentence(error.Cause) };
}

/** Ends a job that failed: its record, its lock, its event. Answers the error and the cause that the Fail state shows. */
export async function recordFailure(ports: FailurePorts, type: JobType, failure: FailureInput): Promise<FailureOutput> {
  const { input, execution } = failure;
  const jobId = jobIdOf(execution);
  const output = await explain(ports, jobId, failure.error);
  const facts = factsOfInput(type, input);
  if (!facts) return output;
  const { bucket } = facts;
  const state: JobState = output.error === ErrorName.startWindowExceeded ? 'EXPIRED' : 'FAILED';
  const createdAt = toIso(fromIso(execution.startTime));
  const completedAt = toIso(fromIso(failure.failedAt));
  const statusMessage = `${output.error}: ${output.cause}`;
  await ports.catalog.putJob({
    ...facts,
    jobId,
    type,
    state,
    createdAt,
    completedAt,
    executionArn: execution.arn,
    statusMessage,
  });
  if (type !== 'RESTORE') await ports.catalog.releaseLock(bucket, jobId);
  const job = { ...facts, jobId, createdAt, startBy: startByOf(input) };
  const event = endEventOf(type, ports.deployment, job, { state, statusMessage, completedAt });
  if (event) await ports.events.publish(event);
  ports.metrics.put(state === 'EXPIRED' ? MetricName.jobsExpired : MetricName.jobsFailed, 1, bucket);
  ports.log.warn('JobFailed', { jobId, type, bucket, error: output.error });
  return output;
}
