import { Names, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { Env } from '../lambda/contract/env';
import { VAULT_FORMAT_VERSION, vaultParameterName } from '../lambda/contract/layout';
import { MonitoredVault } from './monitoring';
import { DestinationAccess } from './private/access/foreign-access';
import { SourceAccess } from './private/access/source-access';
import { VaultAccess } from './private/access/vault-access';
import { Capture } from './private/events/capture';
import { JobEnded } from './private/events/job-ended';
import { StartJobs } from './private/events/start-jobs';
import { requireInteger, requirePattern, requireSize } from './private/props/validation';
import type { RuntimeFunction } from './private/runtime-function';
import { createStorage, denyDestruction, type VaultStorage } from './private/vault-storage';
import { BackupWorkflow } from './workflows/backup';
import { RESULT_WRITER_FLAG } from './workflows/blocks/fan-out';
import { RestoreWorkflow } from './workflows/restore';
import { UpkeepWorkflow } from './workflows/upkeep';
import type { IWorkflow, WorkflowContext } from './workflows/workflow';

/** Properties of a BackupVault. */
export interface BackupVaultProps {
  /**
   * Name of the vault in events, job records and metrics: 2 to 50 letters, digits, `-` and `_`. Vaults
   * with the same name in an account and Region share their metrics and alarms.
   *
   * @default - the CDK generates a unique name
   */
  readonly backupVaultName?: string;

  /**
   * KMS key that encrypts the vault bucket, the scratch bucket, the tables and the queues of captured
   * events. Without the key no backup can be restored: protect it as you protect the vault.
   *
   * The vault extends the policy of a key that this app creates, so that S3 Inventory can encrypt its
   * reports. It cannot extend the policy of an imported key. That policy must allow `kms:GenerateDataKey*`
   * to `s3.amazonaws.com`, on condition that `aws:SourceAccount` is the vault's account. Otherwise S3
   * delivers no reports.
   *
   * With an imported key, the queues use a key of Amazon SQS, because EventBridge could not write to them
   * otherwise.
   *
   * @default - the vault creates a key with yearly rotation. It costs $1 a month; each of the first two
   * rotations adds $1 a month.
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * Removal policy of the buckets, the tables and the vault's own key. With `DESTROY`, CloudFormation
   * deletes them with the stack. The deletion fails while the buckets hold objects: empty them first.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * Maximum number of concurrent workers in one job, 1 to 10,000 (quota of Step Functions). A backup runs
   * only as many as `maxSourceRequestsPerSecond` keeps busy.
   *
   * Each worker uses one of the account's concurrent Lambda executions. An account has 1,000 of them by
   * default, shared with your production functions.
   *
   * @default 200
   */
  readonly maxConcurrency?: number;

  /**
   * Maximum rate of requests to a protected bucket, in requests per second for all workers of a backup
   * job together: 1 to 1,000,000. Workers have equal shares. A worker slows down further when S3 or KMS
   * throttles its requests.
   *
   * S3 serves 5,500 reads a second for each partitioned prefix, shared with your production.
   *
   * @default 2,000
   */
  readonly maxSourceRequestsPerSecond?: number;

  /**
   * Size of the largest object that is packed with others into one vault object, up to 8 MiB.
   *
   * A packed object costs a GET ($0.40 per million), and its bytes pass through a Lambda function. A larger
   * object costs a server-side copy ($5 per million).
   *
   * @default Size.mebibytes(1)
   */
  readonly packThreshold?: Size;

  /**
   * Whether a rollback with `removeMarkers: true` may permanently remove delete markers. It applies to a
   * version that only delete markers from after the instant hide. The version becomes current again with
   * its own version ID and date.
   *
   * The removal is one DELETE request, which is free, and needs no new storage. A rollback without it
   * copies the version ($5 per million) and stores its bytes twice.
   *
   * It deploys one more function, whose role has `s3:DeleteObjectVersion` on the protected buckets. No
   * other role of the vault can permanently delete a version. The function removes only delete markers,
   * and checks each one immediately before. S3 offers no conditional delete for versions, so an attacker
   * who controls this function's code could delete any version in these buckets.
   *
   * @default false - no version and no delete marker is ever removed
   */
  readonly allowMarkerRemoval?: boolean;

  /**
   * Lifetime of the logs of functions and workflows. It does not affect the reports of backup jobs, which
   * stay in the vault.
   *
   * @default logs.RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: logs.RetentionDays;

  /**
   * Whether the vault also publishes metrics for each bucket: up to seven metrics per bucket, $0.30 a month
   * each. Without it, metrics cover the vault as a whole; the log lines that carry them name the bucket of
   * each value.
   *
   * @default false
   */
  readonly bucketMetrics?: boolean;
}

/** S3's and our own limits: a pack is built in a Lambda's memory, 32 to 64 MiB of it. */
const MAX_PACK_THRESHOLD = Size.mebibytes(8);
const MAX_MAP_CONCURRENCY = 10_000;

/**
 * A backup vault: the store of recovery points of S3 buckets, with the workflows that create and restore
 * them. It backs up the buckets that backup plans select, in its own account and Region.
 *
 * It consists of a versioned, encrypted bucket for the backups, a scratch bucket for work files, two
 * tables, three state machines and their functions. An idle vault costs only its key and its storage.
 */
export class BackupVault extends MonitoredVault {
  /** Name of the vault in events, job records and metrics. */
  readonly backupVaultName: string;

  /** ARN of the vault, which is the ARN of its bucket. */
  readonly backupVaultArn: string;

  /** Key that encrypts everything that the vault stores. */
  readonly encryptionKey: kms.IKey;

  /** Bucket with the backups. Do not change or remove anything in it by hand. */
  readonly vaultBucket: s3.Bucket;

  /**
   * Bucket for work files and reports. Work files of jobs and S3 Inventory reports expire after 14 days,
   * reports of restores after one year.
   */
  readonly scratchBucket: s3.Bucket;

  /** Table of jobs and recovery points. Its content can be rebuilt from the vault bucket. */
  readonly catalogTable: dynamodb.Table;

  /** Table of captured changes that no backup has committed yet. Items expire after 14 days. */
  readonly changeLogTable: dynamodb.Table;

  /**
   * Queue of S3's events. It gets tag and ACL changes of all protected buckets, and new and deleted
   * versions of buckets with continuous backup.
   */
  readonly captureQueue: sqs.Queue;

  /**
   * Dead-letter queue of events that could not be captured, which keeps them for 14 days. Backups miss the
   * changes that these events report, until the events are redriven or a backup runs with `metadata: FULL`.
   */
  readonly captureDeadLetterQueue: sqs.Queue;

  /** Workflow that backs up one bucket. Start it by hand, or through a BackupPlan. */
  readonly backupWorkflow: IWorkflow;

  /** Workflow that restores a bucket, prefixes or keys. */
  readonly restoreWorkflow: IWorkflow;

  /** Workflow that maintains the continuous backup of one bucket. A `BackupPlanRule.continuous()` starts it. */
  readonly upkeepWorkflow: IWorkflow;

  /** @internal */
  readonly _startJobs: StartJobs;

  private readonly sources: SourceAccess;
  private readonly capture: Capture;
  private readonly parameter: ssm.StringParameter;

  constructor(scope: Construct, id: string, props: BackupVaultProps = {}) {
    super(scope, id);
    this.setFeatureFlags();
    validate(props);
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    this.backupVaultName = props.backupVaultName ?? Names.uniqueResourceName(this, { maxLength: 50, separator: '-' });
    this.encryptionKey =
      props.encryptionKey ??
      new kms.Key(this, 'Key', {
        description: `Backups of the vault ${this.backupVaultName}`,
        enableKeyRotation: true,
        removalPolicy,
      });
    const storage = createStorage(this, this.encryptionKey, removalPolicy);
    this.vaultBucket = storage.vaultBucket;
    this.scratchBucket = storage.scratchBucket;
    this.catalogTable = storage.catalogTable;
    this.changeLogTable = storage.changeLogTable;
    this.backupVaultArn = this.vaultBucket.bucketArn;
    this.sources = new SourceAccess(this, storage);

    const functions: RuntimeFunction[] = [];
    const context = this.workflowContext(props, storage, functions);
    const backup = new BackupWorkflow(this, 'Backup', context);
    const restore = new RestoreWorkflow(this, 'Restore', context);
    const upkeep = new UpkeepWorkflow(this, 'Upkeep', context, backup.functions);
    const machines = {
      backup: backup.stateMachine,
      restore: restore.stateMachine,
      upkeep: upkeep.stateMachine,
    };
    this._startJobs = new StartJobs(this, 'StartJobs', context, machines.backup, machines.upkeep);
    new JobEnded(this, 'JobEnded', { context, ...machines });
    this.capture = new Capture(this, 'Capture', context);
    this.capture.letSeeHealth(backup.functions.prepare);
    this.capture.letMakeRules(this._startJobs.function);
    this.captureQueue = this.capture.queue;
    this.captureDeadLetterQueue = this.capture.deadLetterQueue;
    this.backupWorkflow = backup;
    this.restoreWorkflow = restore;
    this.upkeepWorkflow = upkeep;
    denyDestruction(
      this.vaultBucket,
      [...functions, ...Object.values(machines)].map(({ role }) => role.roleArn),
    );
    this.parameter = this.publishNames();
  }

  /**
   * Grants permission to start and follow backup and upkeep jobs, and to look up the vault by the name of
   * its bucket.
   *
   * @param grantee user, role or function that backs up
   */
  grantBackup(grantee: iam.IGrantable): iam.Grant {
    return this.grantJobs(grantee, this.backupWorkflow).combine(this.grantJobs(grantee, this.upkeepWorkflow));
  }

  /**
   * Grants permission to start and follow restore jobs, and to look up the vault by the name of its bucket.
   *
   * A restore runs with the vault's roles. They can write to every bucket of the account except the
   * vault's own. The grantee can therefore do the same through a restore.
   *
   * @param grantee user, role or function that restores
   */
  grantRestore(grantee: iam.IGrantable): iam.Grant {
    return this.grantJobs(grantee, this.restoreWorkflow);
  }

  /**
   * Grants permission to look up the vault by the name of its bucket, and to list its jobs and recovery
   * points. It does not include access to the data that was backed up.
   *
   * @param grantee user, role or function that reads
   */
  grantRead(grantee: iam.IGrantable): iam.Grant {
    return this.catalogTable.grantReadData(grantee).combine(this.parameter.grantRead(grantee));
  }

  /** @internal */
  protected get _startDeadLetterQueue(): sqs.IQueue {
    return this._startJobs.deadLetterQueue;
  }

  /**
   * Adds a protected bucket to the policies of the vault's roles, and its tag and ACL changes to backups.
   *
   * @internal
   */
  _addSource(bucket: { readonly arn: string; readonly name: string } | undefined, isContinuous: () => boolean): void {
    this.sources.add(bucket?.arn);
    this.capture.add({ name: bucket?.name, isContinuous });
  }

  /** The vault's template must not depend on feature flags of the app that it is used in. */
  private setFeatureFlags(): void {
    this.node.setContext(RESULT_WRITER_FLAG, true);
    // Statements of one effect and condition become one: roles stay far below the size limit.
    this.node.setContext('@aws-cdk/aws-iam:minimizePolicies', true);
  }

  private workflowContext(
    props: BackupVaultProps,
    storage: VaultStorage,
    functions: RuntimeFunction[],
  ): WorkflowContext {
    return {
      storage,
      vault: new VaultAccess(storage),
      sources: this.sources,
      destinations: new DestinationAccess(storage),
      maxConcurrency: props.maxConcurrency ?? 200,
      maxSourceRequestsPerSecond: props.maxSourceRequestsPerSecond ?? 2_000,
      packThresholdBytes: (props.packThreshold ?? Size.mebibytes(1)).toBytes(),
      allowMarkerRemoval: props.allowMarkerRemoval ?? false,
      logRetention: props.logRetention ?? logs.RetentionDays.THREE_MONTHS,
      commonEnv: {
        [Env.vaultName]: this.backupVaultName,
        [Env.vaultArn]: this.backupVaultArn,
        ...(props.bucketMetrics && { [Env.bucketMetrics]: 'true' }),
      },
      register: (fn) => functions.push(fn),
    };
  }

  /** Where tools find the vault, given the name of its bucket. */
  private publishNames(): ssm.StringParameter {
    return new ssm.StringParameter(this, 'Parameter', {
      description: `Names and ARNs of the backup vault ${this.backupVaultName}`,
      parameterName: vaultParameterName(this.vaultBucket.bucketName),
      simpleName: false,
      stringValue: Stack.of(this).toJsonString({
        formatVersion: VAULT_FORMAT_VERSION,
        vaultName: this.backupVaultName,
        vaultBucket: this.vaultBucket.bucketName,
        scratchBucket: this.scratchBucket.bucketName,
        catalogTable: this.catalogTable.tableName,
        changeLogTable: this.changeLogTable.tableName,
        backupStateMachineArn: this.backupWorkflow.stateMachine.stateMachineArn,
        restoreStateMachineArn: this.restoreWorkflow.stateMachine.stateMachineArn,
        upkeepStateMachineArn: this.upkeepWorkflow.stateMachine.stateMachineArn,
      }),
    });
  }

  private grantJobs(grantee: iam.IGrantable, { stateMachine }: IWorkflow): iam.Grant {
    return stateMachine
      .grantStartExecution(grantee)
      .combine(stateMachine.grantExecution(grantee, 'states:DescribeExecution', 'states:GetExecutionHistory'))
      .combine(stateMachine.grant(grantee, 'states:ListExecutions'))
      .combine(this.parameter.grantRead(grantee));
  }
}

function validate(props: BackupVaultProps): void {
  requirePattern('backupVaultName', props.backupVaultName, /^[a-zA-Z0-9_-]{2,50}$/, '2 to 50 letters, digits, - and _');
  requireInteger('maxConcurrency', props.maxConcurrency, 1, MAX_MAP_CONCURRENCY);
  requireInteger('maxSourceRequestsPerSecond', props.maxSourceRequestsPerSecond, 1, 1_000_000);
  requireSize('packThreshold', props.packThreshold, Size.bytes(0), MAX_PACK_THRESHOLD);
}
