import type { FailureInput } from '../contract/steps';
import { recordFailure } from '../usecases/jobs/failed';
import { backupPorts, type Invocation } from './private/compose';

export const handler = (input: FailureInput, context: Invocation) =>
  recordFailure(backupPorts(context), 'RESTORE', input);
