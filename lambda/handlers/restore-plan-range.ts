import type { WorkInput } from '../contract/steps';
import type { PlanUnit, RestoreJob } from '../core/restore/job';
import { planRestoreRange } from '../usecases/restore/plan-range';
import { restorePorts, type Invocation } from './private/compose';

export const handler = (input: WorkInput<RestoreJob, PlanUnit>, context: Invocation) =>
  planRestoreRange(restorePorts(context), input);
