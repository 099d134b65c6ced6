import { ENDED_WELL } from '../../contract/metrics';
import type { JobRecord, JobType } from '../../ports/catalog';
import type { BackupPorts } from '../context';
import { endEventOf } from './events';

type FinishPorts = Pick<BackupPorts, 'catalog' | 'deployment' | 'events' | 'metrics'>;

/** What every job's output has. */
interface JobOutput {
  readonly status: 'COMPLETED' | 'PARTIAL';
  readonly recoveryPointId: string;
  readonly bytes: number;
}

interface FinishedJob extends Pick<JobRecord, 'jobId' | 'bucket' | 'executionArn' | 'plan' | 'rule'> {
  readonly type: JobType;
  readonly startedAt: string;
  readonly completedAt: string;
  /** Of a scheduled job. */
  readonly startBy?: string;
  /** Of a restore. */
  readonly destinationBucket?: string;
}

/** Ends a job that did all or part of what it had to: its record, its lock, its event and its metric. All of it may happen twice. */
export async function recordFinished(ports: FinishPorts, finished: FinishedJob, output: JobOutput): Promise<void> {
  const { jobId, type, bucket, startedAt, completedAt, executionArn, plan, rule, startBy, destinationBucket } =
    finished;
  const { status, recoveryPointId, bytes } = output;
  await ports.catalog.putJob({
    jobId,
    type,
    bucket,
    state: status,
    createdAt: startedAt,
    completedAt,
    executionArn,
    recoveryPointId,
    output: { ...output },
    plan,
    rule,
  });
  if (type !== 'RESTORE') await ports.catalog.releaseLock(bucket, jobId);
  const outcome = { state: status, recoveryPointId, destinationBucket, bytes, completedAt };
  const facts = { jobId, bucket, createdAt: startedAt, plan, rule, startBy };
  const event = endEventOf(type, ports.deployment, facts, outcome);
  if (event) await ports.events.publish(event);
  ports.metrics.put(ENDED_WELL[status], 1, bucket);
}
