import type { RestoreJob } from '../core/restore/job';
import { assessRestore } from '../usecases/restore/assess';
import { restorePorts, type Invocation } from './private/compose';

export const handler = (input: { job: RestoreJob }, context: Invocation) => assessRestore(restorePorts(context), input);
