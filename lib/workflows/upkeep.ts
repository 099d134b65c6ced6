import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { RuntimeFunction } from '../private/runtime-function';
import { BACKUP_MAPS, backupDefinition, type BackupFunctions } from './backup';
import { letSeeExecutions, workflowStateMachine } from './blocks/state-machine';
import { START_INPUT } from './blocks/step';
import type { IWorkflow, WorkflowContext } from './workflow';

const COMMENT = [
  'Keeps the continuous backup of one bucket: commits what was captured of its changes, and compares it with the bucket.',
  'Input: {"bucket": "my-bucket"}; optional: "action": "auto" | "commit-changes" | "reconcile"',
  '(default auto: commits what was captured; compares with the bucket once a day, at the first run, and after a gap),',
  '"deleteAfterDays": 35 (days that the bucket can be restored to any second of).',
  'A continuous rule of a backup plan starts it every hour. Output: job, status and counts.',
].join(' ');

/** The Upkeep workflow: the steps and the functions of Backup, in a state machine with a history of its own. */
export class UpkeepWorkflow extends Construct implements IWorkflow {
  readonly stateMachine: sfn.StateMachine;

  constructor(scope: Construct, id: string, context: WorkflowContext, functions: BackupFunctions) {
    super(scope, id);
    this.stateMachine = workflowStateMachine(this, {
      comment: COMMENT,
      definition: backupDefinition(this, functions, context, { ...START_INPUT, workflow: 'upkeep' }),
      functions: Object.values(functions) as RuntimeFunction[],
      mapLabels: BACKUP_MAPS,
      storage: context.storage,
      logRetention: context.logRetention,
    });
    letSeeExecutions(this, this.stateMachine, functions.prepare);
  }
}
