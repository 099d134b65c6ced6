import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { Env } from '../../lambda/contract/env';
import { FunctionName } from '../../lambda/contract/functions';
import { VaultPart } from '../private/access/vault-access';
import { ONE_VCPU_MIB, type RuntimeFunction } from '../private/runtime-function';
import { FailurePath } from './blocks/failure-path';
import { FanOut } from './blocks/fan-out';
import { letSeeExecutions, workflowStateMachine } from './blocks/state-machine';
import { JOB_INPUT, START_INPUT, step } from './blocks/step';
import { type IWorkflow, workflowFunction, type WorkflowContext } from './workflow';

const COMMENT = [
  'Backs up one bucket.',
  'Input: {"bucket": "my-bucket"}. A backup plan of the stack must select the bucket.',
  'Optional: "source": "auto" (default) | "inventory" | "listing" | "changes";',
  'Without "scheduled", "auto" lists the bucket, so that the recovery point has all that was written before;',
  '"maxSourceAgeMinutes": 120 (oldest inventory report; default 2 hours, 36 hours for "inventory");',
  '"versions": "ALL" (default) | "CURRENT"; "metadata": "EVENTS" (default) | "FULL";',
  '"deleteAfterDays": 35 (default: never deleted); "recoveryPointTags": {"key": "value"}.',
  'Output: job, recovery point, status and counts.',
].join(' ');

/** Labels of the maps. */
export const BACKUP_MAPS = ['Scan', 'BackUpRanges'];

export interface BackupFunctions {
  readonly prepare: RuntimeFunction;
  readonly scan: RuntimeFunction;
  readonly partition: RuntimeFunction;
  readonly range: RuntimeFunction;
  readonly commit: RuntimeFunction;
  readonly failed: RuntimeFunction;
}

/** The Backup workflow: Prepare → Scan (map) → Partition → Back up ranges (map) → Commit. */
export class BackupWorkflow extends Construct implements IWorkflow {
  readonly stateMachine: sfn.StateMachine;
  readonly functions: BackupFunctions;

  constructor(scope: Construct, id: string, context: WorkflowContext) {
    super(scope, id);
    const functions = this.createFunctions(context);
    this.functions = functions;
    grantAccess(functions, context);
    this.stateMachine = workflowStateMachine(this, {
      comment: COMMENT,
      definition: backupDefinition(this, functions, context),
      functions: Object.values(functions) as RuntimeFunction[],
      mapLabels: BACKUP_MAPS,
      storage: context.storage,
      logRetention: context.logRetention,
    });
    // It takes the lock over from an execution that no longer runs.
    letSeeExecutions(this, this.stateMachine, functions.prepare);
  }

  private createFunctions(context: WorkflowContext): BackupFunctions {
    const create = workflowFunction;
    return {
      prepare: create(this, 'Prepare', FunctionName.backupPrepare, context, {
        description: 'Checks the bucket, takes the job lock, plans the scan',
        memoryMiB: ONE_VCPU_MIB,
      }),
      scan: create(this, 'Scan', FunctionName.backupScan, context, {
        description: 'Reads an inventory report or lists the bucket, and writes sorted runs',
        memoryMiB: ONE_VCPU_MIB,
      }),
      partition: create(this, 'Partition', FunctionName.backupPartition, context, {
        description: 'Cuts the scan into ranges of equal weight',
        memoryMiB: ONE_VCPU_MIB,
      }),
      range: create(this, 'Range', FunctionName.backupRange, context, {
        description: 'Stores what is new in a range and writes its history',
        memoryMiB: ONE_VCPU_MIB,
      }),
      commit: create(this, 'Commit', FunctionName.backupCommit, context, {
        description: 'Checks the counts and commits the recovery point',
        memoryMiB: ONE_VCPU_MIB,
      }),
      failed: create(this, 'Failed', FunctionName.backupFailed, context, {
        description: 'Records a failed backup job and frees its lock',
      }),
    };
  }
}

/** The steps that Backup and Upkeep share. The payload of Prepare and Failed names the workflow. */
export function backupDefinition(
  scope: Construct,
  fn: BackupFunctions,
  context: WorkflowContext,
  start: Record<string, unknown> = START_INPUT,
): sfn.IChainable {
  // States have names as functions do: a scope of their own keeps them apart.
  const states = new Construct(scope, 'States');
  const failure = new FailurePath(states, fn.failed, start);
  const fanOut = {
    scratchBucket: context.storage.scratchBucket,
    maxConcurrency: context.maxConcurrency,
    failure,
  };
  const prepare = step(states, 'Prepare', fn.prepare, {
    comment: 'Checks the request and the bucket, takes the job lock, plans the scan',
    payload: start,
  });
  const scan = new FanOut(states, 'Scan', {
    ...fanOut,
    comment: 'Reads the data files of an inventory report, or lists intervals of keys',
    worker: fn.scan,
  });
  const partition = step(states, 'Partition', fn.partition, {
    comment: 'Cuts what was found into ranges of equal weight',
    payload: { ...JOB_INPUT, choosesConcurrency: true },
  });
  const ranges = new FanOut(states, 'BackUpRanges', {
    ...fanOut,
    comment: 'Stores new versions and writes the history of each range',
    worker: fn.range,
    concurrencyFromInput: true,
  });
  const commit = step(states, 'Commit', fn.commit, {
    comment: 'Commits the recovery point',
    payload: JOB_INPUT,
  });
  failure.catch(prepare, partition, commit);

  const wait = new sfn.Wait(states, 'Wait for the bucket', { time: sfn.WaitTime.secondsPath('$.wait') });
  const busy = new sfn.Choice(states, 'Bucket busy?', {
    comment: 'Waits while another job holds the lock of the bucket',
  });
  busy.when(sfn.Condition.isPresent('$.wait'), wait.next(prepare));
  // Rules that are due together share one scan.
  busy.when(sfn.Condition.isPresent('$.job.shared'), commit);
  busy.otherwise(scan);
  prepare.next(busy);
  sfn.Chain.start(scan).next(partition).next(ranges).next(commit);
  return startWhenDue(states, prepare);
}

/** Jobs of one schedule start a little apart from each other. An odd time is left to Prepare, which names the error. */
function startWhenDue(states: Construct, prepare: sfn.IChainable): sfn.IChainable {
  const notBefore = '$.scheduled.notBefore';
  const wait = new sfn.Wait(states, 'Wait until due', { time: sfn.WaitTime.timestampPath(notBefore) });
  wait.next(prepare);
  return new sfn.Choice(states, 'Due later?', {
    comment: 'Waits for the start time that the schedule assigned to the job',
  })
    .when(sfn.Condition.and(sfn.Condition.isPresent(notBefore), sfn.Condition.isTimestamp(notBefore)), wait)
    .otherwise(prepare);
}

/** Who may do what: one line a capability. The commit is the only one that can write a timeline. */
function grantAccess(fn: BackupFunctions, context: WorkflowContext): void {
  const { vault, sources, packThresholdBytes } = context;
  sources.describe(fn.prepare);
  sources.configure(fn.prepare);
  vault.readVault(fn.prepare, VaultPart.format, VaultPart.buckets);
  vault.writeVault(fn.prepare, VaultPart.format);
  vault.useScratch(fn.prepare);
  vault.readInventory(fn.prepare);
  vault.useCatalog(fn.prepare);
  vault.publishEvents(fn.prepare);
  // It logs what it finds of gaps in the capture.
  vault.readChanges(fn.prepare);
  vault.writeChanges(fn.prepare);
  vault.claimBuckets(fn.prepare);

  sources.scan(fn.scan);
  vault.useScratch(fn.scan);
  vault.readInventory(fn.scan);

  vault.readVault(fn.partition, VaultPart.buckets);
  vault.useScratch(fn.partition);
  vault.readChanges(fn.partition);

  sources.readObjects(fn.range);
  vault.readVault(fn.range, VaultPart.buckets, VaultPart.packs, VaultPart.objects);
  vault.writeVault(fn.range, VaultPart.segments, VaultPart.reports, VaultPart.packs, VaultPart.objects);
  vault.useScratch(fn.range);

  vault.readVault(fn.commit, VaultPart.buckets);
  vault.writeVault(fn.commit, VaultPart.timelines, VaultPart.indexes, VaultPart.reports);
  vault.readScratch(fn.commit);
  vault.useCatalog(fn.commit);
  vault.publishEvents(fn.commit);

  vault.readScratch(fn.failed);
  vault.useCatalog(fn.failed);
  vault.publishEvents(fn.failed);

  for (const worker of [fn.scan, fn.partition, fn.range]) {
    worker.setEnv(Env.packThreshold, String(packThresholdBytes));
  }
  for (const planner of [fn.prepare, fn.partition]) {
    planner.setEnv(Env.maxConcurrency, String(context.maxConcurrency));
    planner.setEnv(Env.maxSourceRequestsPerSecond, String(context.maxSourceRequestsPerSecond));
  }
}
