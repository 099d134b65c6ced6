import type { StartInput } from '../contract/steps';
import { planRestore } from '../usecases/restore/plan';
import { restorePorts, type Invocation } from './private/compose';

export const handler = (input: StartInput, context: Invocation) => planRestore(restorePorts(context), input);
