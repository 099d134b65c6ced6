import { DetailType } from '../contract/events';
import type { JobState, RecoveryPointRecord } from '../ports/catalog';
import type { PublishedEvent } from '../ports/runtime';
import type { Deployment } from './context';

/** Events with AWS Backup's detail-types and field names, so that rules written for it fit. Numbers are texts there. */
interface JobFacts {
  readonly jobId: string;
  readonly bucket: string;
  readonly createdAt: string;
}

const bucketArn = (deployment: Deployment, bucket: string): string => `arn:${deployment.partition}:s3:::${bucket}`;

export const recoveryPointArn = (deployment: Deployment, id: string): string =>
  `arn:${deployment.partition}:s3:::${deployment.vaultBucket}/recovery-point/${id}`;

export function backupJobEvent(
  deployment: Deployment,
  job: JobFacts,
  outcome: {
    readonly state: JobState;
    readonly statusMessage?: string;
    readonly recoveryPointId?: string;
    readonly bytes?: number;
    readonly completedAt?: string;
  },
): PublishedEvent {
  const pointArn = outcome.recoveryPointId && recoveryPointArn(deployment, outcome.recoveryPointId);
  return {
    detailType: DetailType.backupJob,
    resources: [pointArn ?? bucketArn(deployment, job.bucket)],
    detail: {
      backupJobId: job.jobId,
      backupVaultName: deployment.vaultName,
      backupVaultArn: deployment.vaultArn,
      recoveryPointArn: pointArn,
      resourceArn: bucketArn(deployment, job.bucket),
      resourceType: 'S3',
      creationDate: job.createdAt,
      completionDate: outcome.completedAt,
      backupSizeInBytes: outcome.bytes === undefined ? undefined : String(outcome.bytes),
      bytesTransferred: outcome.bytes === undefined ? undefined : String(outcome.bytes),
      percentDone: outcome.state === 'COMPLETED' || outcome.state === 'PARTIAL' ? '100.0' : '0.0',
      state: outcome.state,
      statusMessage: outcome.statusMessage,
    },
  };
}

export function restoreJobEvent(
  deployment: Deployment,
  job: JobFacts,
  outcome: {
    readonly state: JobState;
    readonly statusMessage?: string;
    readonly recoveryPointId?: string;
    readonly destinationBucket?: string;
    readonly bytes?: number;
    readonly completedAt?: string;
  },
): PublishedEvent {
  const pointArn = outcome.recoveryPointId && recoveryPointArn(deployment, outcome.recoveryPointId);
  return {
    detailType: DetailType.restoreJob,
    resources: [pointArn ?? bucketArn(deployment, job.bucket)],
    detail: {
      restoreJobId: job.jobId,
      backupVaultName: deployment.vaultName,
      backupVaultArn: deployment.vaultArn,
      recoveryPointArn: pointArn,
      sourceResourceArn: bucketArn(deployment, job.bucket),
      createdResourceArn: outcome.destinationBucket && bucketArn(deployment, outcome.destinationBucket),
      resourceType: 'S3',
      creationDate: job.createdAt,
      completionDate: outcome.completedAt,
      backupSizeInBytes: outcome.bytes === undefined ? undefined : String(outcome.bytes),
      percentDone: outcome.state === 'COMPLETED' || outcome.state === 'PARTIAL' ? '100.0' : '0.0',
      status: outcome.state,
      statusMessage: outcome.statusMessage,
    },
  };
}

export function recoveryPointEvent(deployment: Deployment, point: RecoveryPointRecord): PublishedEvent {
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
      calculatedLifecycle: point.deleteAt === undefined ? {} : { deleteAt: point.deleteAt },
      isEncrypted: 'true',
      storageClass: 'WARM',
      status: point.state,
    },
  };
}
