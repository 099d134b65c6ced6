import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { RuntimeFunction } from '../private/runtime-function';
import { BACKUP_MAPS, backupDefinition, type BackupFunctions } from './backup';
import { letSeeExecutions, workflowStateMachine } from './blocks/state-machine';
import { START_INPUT } from './blocks/step';
import type { IWorkflow, WorkflowContext } from './workflow';

const COMMENT = [
  'Maintains the continuous backup of one bucket: commits its captured changes, and compares them with the bucket.',
  'A continuous rule of a backup plan starts it every hour.',
  'Input: {"bucket": "my-bucket"}.',
  'Optional: "action": "auto" (default) | "commit-changes" | "reconcile".',
  'With "auto" it commits what was captured. It also compares with the bucket once a day, at the first run, and after a gap.',
  '"deleteAfterDays": 35 (period within which the bucket can be restored to any second).',
  'Output: job, status and counts.',
].join(' ');

/** The Upkeep workflow: the steps and functions of Backup, in a state machine with its own execution history. */
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
