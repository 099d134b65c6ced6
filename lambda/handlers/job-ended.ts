import { Env } from '../contract/env';
import type { ExecutionEnded } from '../contract/steps';
import { endJob } from '../usecases/job-ended';
import { backupPorts, type Invocation } from './private/compose';

export const handler = ({ detail }: { detail: ExecutionEnded }, context: Invocation) =>
  endJob(
    backupPorts(context),
    detail.stateMachineArn === process.env[Env.restoreStateMachineArn] ? 'RESTORE' : 'BACKUP',
    detail,
  );
