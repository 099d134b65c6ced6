import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { Env } from '../../../lambda/contract/env';
import { FunctionName } from '../../../lambda/contract/functions';
import type { WorkflowContext } from '../../workflows/workflow';
import { RuntimeFunction } from '../runtime-function';
import { deadLetterQueue } from './dead-letter-queue';

/** What schedules call: a function that starts one Backup or Upkeep execution for each bucket of a plan. */
export class StartJobs extends Construct {
  readonly function: RuntimeFunction;
  /** Calls whose retries are used up, of the schedules and of the function. Each is a backup that was not started. */
  readonly deadLetterQueue: sqs.Queue;

  constructor(
    scope: Construct,
    id: string,
    context: WorkflowContext,
    backup: sfn.StateMachine,
    upkeep: sfn.StateMachine,
  ) {
    super(scope, id);
    this.deadLetterQueue = deadLetterQueue(this, 'schedules and a function');
    // A schedule calls the function asynchronously: what fails later ends in the queue of the function.
    this.function = new RuntimeFunction(this, 'Handler', FunctionName.startJobs, {
      description: 'Starts a backup or upkeep job for each bucket of a plan',
      common: context.commonEnv,
      logRetention: context.logRetention,
      deadLetterQueue: this.deadLetterQueue,
    });
    context.register(this.function);
    this.function.setEnv(Env.backupStateMachineArn, backup.stateMachineArn);
    this.function.allow({
      actions: ['states:StartExecution'],
      resources: [backup.stateMachineArn, upkeep.stateMachineArn],
    });
    this.function.setEnv(Env.upkeepStateMachineArn, upkeep.stateMachineArn);
    const { vaultBucket, scratchBucket } = context.storage;
    this.function.setEnv(Env.vaultBucket, vaultBucket.bucketName);
    this.function.setEnv(Env.scratchBucket, scratchBucket.bucketName);
    this.function.allow({
      actions: ['tag:GetResources'],
      resources: ['*'],
      reason: 'the Resource Groups Tagging API has no resource-level permissions; it returns names and tags only',
    });
  }
}
