import type { StartJobsInput } from '../contract/steps';
import { startJobs } from '../usecases/start-jobs';
import { startPorts } from './private/compose';

export const handler = (input: StartJobsInput) => startJobs(startPorts(), input);
