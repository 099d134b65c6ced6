import type { RestoreJob } from '../core/restore/job';
import { finishRestore } from '../usecases/restore/finish';
import { restorePorts, type Invocation } from './private/compose';

export const handler = (input: { job: RestoreJob }, context: Invocation) => finishRestore(restorePorts(context), input);
