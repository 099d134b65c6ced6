import { Env } from '../contract/env';
import type { ExecutionEnded } from '../contract/steps';
import type { JobType } from '../ports/catalog';
import { endJob } from '../usecases/jobs/ended';
import { backupPorts, type Invocation } from './private/compose';

function typeOf(stateMachineArn: string): JobType {
  if (stateMachineArn === process.env[Env.restoreStateMachineArn]) return 'RESTORE';
  return stateMachineArn === process.env[Env.upkeepStateMachineArn] ? 'UPKEEP' : 'BACKUP';
}

export const handler = ({ detail }: { detail: ExecutionEnded }, context: Invocation) =>
  endJob(backupPorts(context), typeOf(detail.stateMachineArn), detail);
