import { DetailType } from '../../contract/events';
import type { JobState, JobType, RecoveryPointRecord } from '../../ports/catalog';
import type { PublishedEvent } from '../../ports/runtime';
import type { Deployment } from '../context';

/** The plan and the rule that asked for a job or recovery point; neither where a person did. */
interface Creator {
  readonly plan?: string;
  readonly rule?: string;
}

/**
 * Events with AWS Backup's detail-types and field names, so that rules written for it fit (AWS Backup Developer Guide, "Monitoring AWS Backup
 * events using Amazon EventBridge"). Sizes and `isEncrypted` are texts there.
 */
interface JobFacts extends Creator {
  readonly jobId: string;
  readonly bucket: string;
  readonly createdAt: string;
  /** End of the start window. */
  readonly startBy?: string;
}

/** Plans have names and no ARNs or versions: of what AWS Backup says, these two correspond. */
const createdBy = ({ plan, rule }: Creator): Record<string, unknown> | undefined =>
  plan === undefined && rule === undefined ? undefined : { backupPlanId: plan, backupPlanRuleId: rule };

const bucketArn = (deployment: Deployment, bucket: string): string => `arn:${deployment.partition}:s3:::${bucket}`;

export const recoveryPointArn = (deployment: Deployment, id: string): string =>
  `arn:${deployment.partition}:s3:::${deployment.vaultBucket}/recovery-point/${id}`;

/** What became of a job, as far as it is known. */
interface JobOutcome {
  readonly state: JobState;
  readonly statusMessage?: string;
  readonly recoveryPointId?: string;
  readonly destinationBucket?: string;
  readonly bytes?: number;
  readonly completedAt?: string;
}

const isDone = (state: JobState): boolean => state === 'COMPLETED' || state === 'PARTIAL';

/** Fields that events of backup and of restore jobs share. */
function jobDetail(deployment: Deployment, job: JobFacts, outcome: JobOutcome): Record<string, unknown> {
  return {
    backupVaultName: deployment.vaultName,
    backupVaultArn: deployment.vaultArn,
    recoveryPointArn: outcome.recoveryPointId && recoveryPointArn(deployment, outcome.recoveryPointId),
    resourceType: 'S3',
    creationDate: job.createdAt,
    completionDate: outcome.completedAt,
    backupSizeInBytes: outcome.bytes === undefined ? undefined : String(outcome.bytes),
    percentDone: isDone(outcome.state) ? 100 : 0,
    statusMessage: outcome.statusMessage,
  };
}

const resourcesOf = (deployment: Deployment, job: JobFacts, outcome: JobOutcome): string[] => [
  outcome.recoveryPointId === undefined
    ? bucketArn(deployment, job.bucket)
    : recoveryPointArn(deployment, outcome.recoveryPointId),
];

/** AWS Backup calls a backup job's state `state`, a restore job's `status`. */
export function backupJobEvent(deployment: Deployment, job: JobFacts, outcome: JobOutcome): PublishedEvent {
  const detail = jobDetail(deployment, job, outcome);
  return {
    detailType: DetailType.backupJob,
    resources: resourcesOf(deployment, job, outcome),
    detail: {
      ...detail,
      backupJobId: job.jobId,
      resourceArn: bucketArn(deployment, job.bucket),
      bytesTransferred: detail.backupSizeInBytes,
      startBy: job.startBy,
      createdBy: createdBy(job),
      state: outcome.state,
    },
  };
}

export function restoreJobEvent(deployment: Deployment, job: JobFacts, outcome: JobOutcome): PublishedEvent {
  return {
    detailType: DetailType.restoreJob,
    resources: resourcesOf(deployment, job, outcome),
    detail: {
      ...jobDetail(deployment, job, outcome),
      restoreJobId: job.jobId,
      sourceResourceArn: bucketArn(deployment, job.bucket),
      createdResourceArn: outcome.destinationBucket && bucketArn(deployment, outcome.destinationBucket),
      status: outcome.state,
    },
  };
}

/** What is told of a job's end; upkeep is no job that AWS Backup tells of. */
export function endEventOf(
  type: JobType,
  deployment: Deployment,
  job: JobFacts,
  outcome: JobOutcome,
): PublishedEvent | undefined {
  if (type === 'UPKEEP') return undefined;
  return (type === 'BACKUP' ? backupJobEvent : restoreJobEvent)(deployment, job, outcome);
}

/** What an event tells of a recovery point. */
export interface PointFacts
  extends
    Pick<RecoveryPointRecord, 'recoveryPointId' | 'bucket' | 'createdAt' | 'bytes' | 'state' | 'deleteAt'>,
    Creator {
  readonly completedAt?: string;
  readonly deleteAfterDays?: number;
}

export function recoveryPointEvent(deployment: Deployment, point: PointFacts): PublishedEvent {
  const arn = recoveryPointArn(deployment, point.recoveryPointId);
  return {
    detailType: DetailType.recoveryPoint,
    resources: [arn],
    detail: {
      backupVaultName: deployment.vaultName,
      backupVaultArn: deployment.vaultArn,
      recoveryPointArn: arn,
      resourceArn: bucketArn(deployment, point.bucket),
      resourceType: 'S3',
      creationDate: point.createdAt,
      backupSizeInBytes: String(point.bytes),
      completionDate: point.completedAt,
      createdBy: createdBy(point),
      lifecycle: point.deleteAfterDays === undefined ? undefined : { deleteAfterDays: point.deleteAfterDays },
      calculatedLifeCycle: point.deleteAt === undefined ? undefined : { deleteAt: point.deleteAt },
      isEncrypted: 'true',
      storageClass: 'WARM',
      status: point.state,
    },
  };
}
