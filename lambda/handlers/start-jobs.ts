import type { StartJobsInput } from '../contract/steps';
import { startJobs } from '../usecases/jobs/start';
import { startPorts } from './private/compose';

export const handler = (input: StartJobsInput) => startJobs(startPorts(), input);
