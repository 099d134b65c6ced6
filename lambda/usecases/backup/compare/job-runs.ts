import { workKey } from '../../../contract/layout';
import type { BackupJob } from '../../../core/backup/job';
import type { Run } from '../../work/runs';
import { RANGE_STEP } from '../../work/step-names';
import { Scratch } from '../../work/turns';
import { LoggedChanges } from '../coverage/fold-changes';

/** Sorted runs that the ranges of a job read: of the scan, and of the change log. */
export interface JobRuns extends Pick<LoggedChanges, 'rows' | 'recounts' | 'lag' | 'gaps'> {
  readonly scan: readonly Run[];
  readonly changes: readonly Run[];
}

export const runsOf = (scratch: Scratch, job: BackupJob): Promise<JobRuns> => scratch.read<JobRuns>(runsKey(job));

export const runsKey = (job: BackupJob): string => workKey(job.jobId, RANGE_STEP, 'runs', 'runs.json');
