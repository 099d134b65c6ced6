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
   * Name of the vault in events, job records and metrics: 2 to 50 letters, digits, `-` and `_`. Vaults of one name in an account and Region
   * share their metrics and alarms.
   *
   * @default - a name made by the CDK
   */
  readonly backupVaultName?: string;

  /**
   * KMS key that encrypts the vault bucket, the scratch bucket, the tables and the queues of captured events. Without
   * the key no backup can be restored: protect it as you protect the vault.
   *
   * The policy of a key that is made in this app is extended, so that S3 Inventory can encrypt its reports. That of an
   * imported key is not: it has to allow `kms:GenerateDataKey*` to `s3.amazonaws.com`, on condition that `aws:SourceAccount` is
   * the vault's account. Without that S3 delivers no reports. The queues have a key of Amazon SQS then, as EventBridge
   * could not write to them otherwise.
   *
   * @default - a key of the vault's own, with yearly rotation ($1 a month, each rotation $1 more up to the second)
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * Fate of buckets, tables and own key when the vault is removed from the stack. With `DESTROY` the deletion of
   * the stack still fails while the buckets hold objects: empty them first.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * Upper limit of workers at a time in one job, 1 to 10,000 (quota of Step Functions). Each is a Lambda, and an account
   * has 1,000 of them unless AWS raised it, for your production too. A backup runs only as many as `maxSourceRequestsPerSecond` keeps busy.
   *
   * @default 200
   */
  readonly maxConcurrency?: number;

  /**
   * Requests to a protected bucket that all workers of a backup job together make in a second, 1 to 1,000,000. Workers
   * have equal shares; requests that S3 or KMS throttles hold a worker's rate down further. S3 serves 5,500 reads a second for
   * each partitioned prefix, for your production too.
   *
   * @default 2,000
   */
  readonly maxSourceRequestsPerSecond?: number;

  /**
   * Largest object that is packed with others into one vault object, up to 8 MiB. A packed object costs a GET ($0.40 per
   * million), a larger one a server-side copy ($5 per million), but packing moves its bytes through a Lambda.
   *
   * @default Size.mebibytes(1)
   */
  readonly packThreshold?: Size;

  /**
   * Whether a rollback that asks for it (`removeMarkers: true`) may remove delete markers for good. A version that only delete markers of
   * after the instant hide is then current again as it was, with its version ID and date: one DELETE request, which is free, and no
   * new storage, in the place of a copy ($5 per million, and its bytes stored twice).
   *
   * It deploys one function more, whose role has `s3:DeleteObjectVersion` on the protected buckets: the only role of the vault that could
   * delete a version for good. The function removes nothing but delete markers, and looks at each right before. S3 has no
   * condition for that request, though: who took over the function's code could delete any version of these buckets.
   *
   * @default false, no version or delete marker is ever removed
   */
  readonly allowMarkerRemoval?: boolean;

  /**
   * Lifetime of the logs of functions and workflows. The reports of jobs are in the vault and stay.
   *
   * @default logs.RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: logs.RetentionDays;

  /**
   * Whether metrics of buckets are there for each bucket as well, and not only for the vault as a whole: up to seven metrics a bucket, $0.30 a
   * month each. Without it, the lines of the functions' logs that metrics are made of say which bucket each value is of.
   *
   * @default false
   */
  readonly bucketMetrics?: boolean;
}

/** S3's and our own limits: a pack is built in a Lambda's memory, 32 to 64 MiB of it. */
const MAX_PACK_THRESHOLD = Size.mebibytes(8);
const MAX_MAP_CONCURRENCY = 10_000;

/**
 * A backup vault: where recovery points of S3 buckets live, with the workflows that make and restore them.
 *
 * It is a versioned, encrypted bucket with the backups, a scratch bucket for work files, two tables, and three state
 * machines. It costs next to nothing while it is idle: the key and what is stored.
 *
 * The vault backs up what backup plans select, in its own account and Region.
 */
export class BackupVault extends MonitoredVault {
  /** Name of the vault in events, job records and metrics. */
  readonly backupVaultName: string;

  /** ARN of the vault: that of its bucket. */
  readonly backupVaultArn: string;

  /** Key that encrypts all that the vault stores. */
  readonly encryptionKey: kms.IKey;

  /** Bucket with the backups. Nothing in it may be changed or removed by hand. */
  readonly vaultBucket: s3.Bucket;

  /**
   * Bucket for work files of jobs and S3 Inventory reports, which expire after 14 days, and reports of restores, which
   * expire after a year.
   */
  readonly scratchBucket: s3.Bucket;

  /** Table of jobs and recovery points. What it says can be rebuilt from the vault bucket. */
  readonly catalogTable: dynamodb.Table;

  /** Table of captured changes that no backup has taken in yet. Items expire after 14 days. */
  readonly changeLogTable: dynamodb.Table;

  /** Queue of S3's events about tags and ACLs of the protected buckets, and about versions of those that are backed up continuously. */
  readonly captureQueue: sqs.Queue;

  /**
   * Events that could not be captured, kept for 14 days. What they tell of is missing in backups until they are redriven, or until
   * a backup with `metadata: FULL`.
   */
  readonly captureDeadLetterQueue: sqs.Queue;

  /** Workflow that backs up one bucket. Start it by hand, or with a BackupPlan. */
  readonly backupWorkflow: IWorkflow;

  /** Workflow that restores a bucket, prefixes or keys. */
  readonly restoreWorkflow: IWorkflow;

  /** Workflow that keeps the continuous backup of one bucket. Rules of `BackupPlanRule.continuous()` start it. */
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
   * Lets a principal start and follow backup and upkeep jobs, and look the vault up by name.
   *
   * @param grantee user, role or function that backs up
   */
  grantBackup(grantee: iam.IGrantable): iam.Grant {
    return this.grantJobs(grantee, this.backupWorkflow).combine(this.grantJobs(grantee, this.upkeepWorkflow));
  }

  /**
   * Lets a principal start and follow restore jobs, and look the vault up by name. A restore runs with the vault's own
   * role, which can write every bucket of the account but the vault's own: whoever has this grant can too.
   *
   * @param grantee user, role or function that restores
   */
  grantRestore(grantee: iam.IGrantable): iam.Grant {
    return this.grantJobs(grantee, this.restoreWorkflow);
  }

  /**
   * Lets a principal look the vault up by name and list its jobs and recovery points. It does not include reading
   * what was backed up.
   *
   * @param grantee user, role or function that looks
   */
  grantRead(grantee: iam.IGrantable): iam.Grant {
    return this.catalogTable.grantReadData(grantee).combine(this.parameter.grantRead(grantee));
  }

  /** @internal */
  protected get _startDeadLetterQueue(): sqs.IQueue {
    return this._startJobs.deadLetterQueue;
  }

  /**
   * Takes a protected bucket into the policies of the vault's roles, and its tag and ACL changes into backups.
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
