import { MetricName } from '../../contract/metrics';
import type { ExecutionEnded } from '../../contract/steps';
import { toIso } from '../../core/values/instant';
import { jobIdOf } from '../../core/values/job-id';
import type { JobRecord, JobType } from '../../ports/catalog';
import type { BackupPorts } from '../context';
import { endEventOf } from './events';
import { factsOfInput, causeSentence, startByOf } from './input';

type EndedPorts = Pick<BackupPorts, 'catalog' | 'events' | 'executions' | 'deployment' | 'log' | 'metrics'>;

/**
 * Ends a job whose execution ended without a word of its own: stopped, timed out, or failed where the failure could not be
 * recorded. A record that has its end already stays as it is, whatever order events come in.
 */
export async function endJob(ports: EndedPorts, type: JobType, ended: ExecutionEnded): Promise<void> {
  const { executionArn } = ended;
  const input = await inputOf(ports, ended);
  const facts = factsOfInput(type, input);
  if (!facts) return;
  const { bucket } = facts;
  const createdAt = toIso(Math.floor(ended.startDate / 1000));
  const jobId = jobIdOf({ arn: executionArn, startTime: createdAt });
  const record: JobRecord = {
    ...((await ports.catalog.getJob(bucket, jobId)) ?? { ...facts, jobId, type, createdAt, executionArn }),
    ...outcomeOf(ended),
    completedAt: toIso(Math.floor(ended.stopDate / 1000)),
  };
  const isOurs = (await ports.catalog.putJobUnlessEnded(record)).put || (await wasRecorded(ports, record));
  if (type !== 'RESTORE') await ports.catalog.releaseLock(bucket, jobId);
  if (!isOurs) return;
  const event = endEventOf(type, ports.deployment, { ...record, startBy: startByOf(input) }, record);
  if (event) await ports.events.publish(event);
  // One that a person stopped is nothing to be alarmed about.
  if (record.state === 'FAILED') ports.metrics.put(MetricName.jobsFailed, 1, bucket);
  ports.log.warn('JobEnded', { jobId, type, bucket, state: record.state });
}

/** An event has no input above 248 KiB. */
async function inputOf({ executions }: EndedPorts, { executionArn, input }: ExecutionEnded): Promise<unknown> {
  return input === null ? await executions.inputOf(executionArn) : (JSON.parse(input) as unknown);
}

function outcomeOf({ status, error, cause }: ExecutionEnded): Pick<JobRecord, 'state' | 'statusMessage'> {
  if (status === 'ABORTED') return { state: 'ABORTED', statusMessage: 'the execution was stopped' };
  if (status === 'TIMED_OUT') return { state: 'FAILED', statusMessage: 'States.Timeout: the execution timed out' };
  return {
    state: 'FAILED',
    statusMessage: `${error ?? 'States.Runtime'}: ${causeSentence(cause ?? undefined)}`,
  };
}

/** Whether an earlier attempt at this event wrote the record: its event may not be out yet. */
async function wasRecorded(ports: EndedPorts, record: JobRecord): Promise<boolean> {
  const known = await ports.catalog.getJob(record.bucket, record.jobId);
  return known?.state === record.state && known.statusMessage === record.statusMessage;
}
