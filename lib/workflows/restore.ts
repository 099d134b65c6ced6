import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { Env } from '../../lambda/contract/env';
import { FunctionName } from '../../lambda/contract/functions';
import { VaultPart } from '../private/access/vault-access';
import { ONE_VCPU_MIB, type RuntimeFunction } from '../private/runtime-function';
import { FailurePath } from './blocks/failure-path';
import { FanOut } from './blocks/fan-out';
import { markerRemoval } from './blocks/marker-removal';
import { letSeeExecutions, workflowStateMachine } from './blocks/state-machine';
import { JOB_INPUT, START_INPUT, step } from './blocks/step';
import { type IWorkflow, workflowFunction, type WorkflowContext } from './workflow';

const COMMENT = [
  'Restores a bucket, prefixes or keys from a recovery point, or as of any second of continuous backup.',
  'Input: {"sourceBucket": "my-bucket"}.',
  'When: "recoveryPointId" (default: "latest"): an ID; or "pointInTime": "2026-11-22T10:15:00Z".',
  'What: "items": ["photos/", "docs/a.txt"] (a prefix ends in /; default: all); "itemsFile": "s3://bucket/key";',
  '"versions" (default: 1): a number or "all".',
  'Where: "destinationBucket" (default: the source); "createBucket" (default: false); "destinationPrefix": "restored/";',
  '"onExisting" (default: "skip"): "skip" | "overwrite" | "fail".',
  'How: "restoreTags" (default: true); "restoreAcls" (default: where possible);',
  '"storageClass" (default: "STANDARD"): "ORIGINAL" or a class;',
  '"encryption": {"type" (default: "DESTINATION_DEFAULT"): "DESTINATION_DEFAULT" | "SSE_S3" | "SSE_KMS", "kmsKeyId": "…"}.',
  'In place: "rollback": true returns the source bucket to that point; "undo": "<jobId>" reverts a rollback (with How);',
  '"removeMarkers": true lets a rollback permanently remove delete markers, if the vault allows it.',
  '"dryRun": true shows the plan and writes nothing. Output: job, status and counts.',
].join(' ');

interface RestoreFunctions {
  readonly plan: RuntimeFunction;
  readonly planRange: RuntimeFunction;
  readonly assess: RuntimeFunction;
  readonly range: RuntimeFunction;
  /** Only where the vault allows it. */
  readonly markers?: RuntimeFunction;
  readonly finish: RuntimeFunction;
  readonly failed: RuntimeFunction;
}

/** The Restore workflow: Plan → Plan ranges (map) → Assess → Restore ranges (map) → Finish. */
export class RestoreWorkflow extends Construct implements IWorkflow {
  readonly stateMachine: sfn.StateMachine;

  constructor(scope: Construct, id: string, context: WorkflowContext) {
    super(scope, id);
    const functions = this.createFunctions(context);
    grantAccess(functions, context);
    this.stateMachine = workflowStateMachine(this, {
      comment: COMMENT,
      definition: this.define(functions, context),
      functions: Object.values(functions) as RuntimeFunction[],
      mapLabels: ['PlanRanges', ...(functions.markers ? ['RemoveMarkers'] : []), 'RestoreRanges'],
      storage: context.storage,
      logRetention: context.logRetention,
    });
    // A rollback that still runs cannot be undone.
    letSeeExecutions(this, this.stateMachine, functions.plan);
  }

  private createFunctions(context: WorkflowContext): RestoreFunctions {
    const create = workflowFunction;
    return {
      plan: create(this, 'Plan', FunctionName.restorePlan, context, {
        description: 'Checks the request, finds the recovery point, plans the ranges',
        memoryMiB: ONE_VCPU_MIB,
      }),
      planRange: create(this, 'PlanRange', FunctionName.restorePlanRange, context, {
        description: 'Compares a range of the recovery point with the destination',
        memoryMiB: ONE_VCPU_MIB,
      }),
      assess: create(this, 'Assess', FunctionName.restoreAssess, context, {
        description: 'Adds up the plan, rejects conflicts, creates the bucket',
        memoryMiB: ONE_VCPU_MIB,
      }),
      range: create(this, 'Range', FunctionName.restoreRange, context, {
        description: 'Restores the objects of a range and verifies them',
        memoryMiB: ONE_VCPU_MIB,
      }),
      ...(context.allowMarkerRemoval && {
        markers: create(this, 'Markers', FunctionName.restoreMarkers, context, {
          description: 'Removes delete markers that hide versions to be restored',
        }),
      }),
      finish: create(this, 'Finish', FunctionName.restoreFinish, context, {
        description: 'Writes the report and ends the job',
        memoryMiB: ONE_VCPU_MIB,
      }),
      failed: create(this, 'Failed', FunctionName.restoreFailed, context, {
        description: 'Records a failed restore job',
      }),
    };
  }

  private define(fn: RestoreFunctions, context: WorkflowContext): sfn.IChainable {
    // States have names as functions do: a scope of their own keeps them apart.
    const states = new Construct(this, 'States');
    const failure = new FailurePath(states, fn.failed);
    const fanOut = {
      scratchBucket: context.storage.scratchBucket,
      maxConcurrency: context.maxConcurrency,
      failure,
    };
    const plan = step(states, 'Plan', fn.plan, {
      comment: 'Checks the request and the destination, finds the recovery point, plans the ranges',
      payload: START_INPUT,
    });
    const planRanges = new FanOut(states, 'PlanRanges', {
      ...fanOut,
      comment: 'Compares each range of the recovery point with the destination',
      worker: fn.planRange,
    });
    const assess = step(states, 'Assess', fn.assess, {
      comment: 'Adds up the plan. A dry run or a conflict ends the job here, before anything is written',
      payload: JOB_INPUT,
    });
    const restoreRanges = new FanOut(states, 'RestoreRanges', {
      ...fanOut,
      comment: 'Restores the objects of each range and verifies them',
      worker: fn.range,
      oneAtATime: true,
    });
    const restore = fn.markers
      ? markerRemoval(states, { ...fanOut, worker: fn.markers }, restoreRanges)
      : restoreRanges;
    const finish = step(states, 'Finish', fn.finish, {
      comment: 'Writes the report',
      payload: JOB_INPUT,
    });
    failure.catch(plan, assess, finish);
    return sfn.Chain.start(plan).next(planRanges).next(assess).next(restore).next(finish);
  }
}

/** Who may do what: one line a capability. A restore cannot write to the vault. */
function grantAccess(fn: RestoreFunctions, { vault, sources, destinations }: WorkflowContext): void {
  vault.readVault(fn.plan, VaultPart.format, VaultPart.buckets);
  // An instant may lie after the last commit.
  vault.readChanges(fn.plan);
  vault.useScratch(fn.plan);
  vault.useCatalog(fn.plan);
  vault.publishEvents(fn.plan);
  destinations.describe(fn.plan);
  destinations.readObjects(fn.plan);

  vault.readVault(fn.planRange, VaultPart.buckets);
  vault.useScratch(fn.planRange);
  vault.writeRestoreReports(fn.planRange);
  destinations.describe(fn.planRange);
  // A single key is looked up by HEAD, a tenth of the price of a listing.
  destinations.readObjects(fn.planRange);
  destinations.readVersions(fn.planRange);

  vault.useScratch(fn.assess);
  // What an undo needs is there before the first write.
  vault.writeRestoreReports(fn.assess);
  destinations.describe(fn.assess);
  destinations.create(fn.assess);

  vault.readVault(fn.range, VaultPart.packs, VaultPart.objects);
  vault.useScratch(fn.range);
  vault.writeRestoreReports(fn.range);
  destinations.describe(fn.range);
  destinations.write(fn.range);

  if (fn.markers) {
    fn.plan.setEnv(Env.markerRemoval, 'true');
    vault.useScratch(fn.markers);
    // The actions of a rollback are beside its reports.
    vault.writeRestoreReports(fn.markers);
    sources.removeMarkers(fn.markers);
  }

  vault.readScratch(fn.finish);
  vault.writeRestoreReports(fn.finish);
  vault.useCatalog(fn.finish);
  vault.publishEvents(fn.finish);

  vault.readScratch(fn.failed);
  vault.useCatalog(fn.failed);
  vault.publishEvents(fn.failed);
}
