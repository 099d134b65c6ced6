import type { WorkInput } from '../contract/steps';
import type { RestoreJob, RestoreUnit } from '../core/restore/job';
import { restoreRange } from '../usecases/restore/range';
import { restorePorts, type Invocation } from './private/compose';

export const handler = (input: WorkInput<RestoreJob, RestoreUnit>, context: Invocation) =>
  restoreRange(restorePorts(context), input);
