import * as events from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { Env } from '../../../lambda/contract/env';
import { FunctionName } from '../../../lambda/contract/functions';
import { executionsOf } from '../../workflows/blocks/state-machine';
import { workflowFunction, type WorkflowContext } from '../../workflows/workflow';
import { acknowledgeWildcards } from '../nag';
import { deadLetterQueue } from './dead-letter-queue';

export interface JobEndedProps {
  readonly context: WorkflowContext;
  readonly backup: sfn.StateMachine;
  readonly restore: sfn.StateMachine;
  readonly upkeep: sfn.StateMachine;
}

/**
 * Ends the records of jobs that cannot do it themselves. An execution that is stopped or times out runs none of its steps any more, and
 * one may fail where its failure cannot be recorded: Step Functions tells EventBridge.
 */
export class JobEnded extends Construct {
  constructor(scope: Construct, id: string, { context, backup, restore, upkeep }: JobEndedProps) {
    super(scope, id);
    const failed = deadLetterQueue(this, 'a rule and a function');
    const fn = workflowFunction(this, 'Handler', FunctionName.jobEnded, context, {
      description: 'Ends the record of a job whose execution was stopped, timed out or failed',
      deadLetterQueue: failed,
    });
    fn.setEnv(Env.restoreStateMachineArn, restore.stateMachineArn);
    fn.setEnv(Env.upkeepStateMachineArn, upkeep.stateMachineArn);
    context.vault.useCatalog(fn);
    context.vault.publishEvents(fn);
    const executions = [backup, restore, upkeep].map(executionsOf);
    // An event leaves a long input out.
    fn.allow({ actions: ['states:DescribeExecution'], resources: executions });
    acknowledgeWildcards(fn.role, executions, 'executions of the state machines of the vault');

    new events.Rule(this, 'Rule', {
      description: `Ends the records of stopped, timed-out or failed jobs of the backup vault ${context.commonEnv[Env.vaultName] ?? ''}`,
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: {
          status: ['ABORTED', 'TIMED_OUT', 'FAILED'],
          stateMachineArn: [backup.stateMachineArn, restore.stateMachineArn, upkeep.stateMachineArn],
        },
      },
      targets: [new LambdaFunction(fn.function, { deadLetterQueue: failed })],
    });
  }
}
