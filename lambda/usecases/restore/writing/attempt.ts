import { attemptKey } from '../../../contract/layout';
import type { WorkInput } from '../../../contract/steps';
import type { RestoreJob, RestoreUnit } from '../../../core/restore/job';
import { RESTORE_STEP } from '../../work/step-names';
import type { Scratch } from '../../work/turns';

/**
 * Tells the first attempt at a turn from those that follow one that died: only these have to look for writes that no turn's file
 * tells of. Who creates the attempt's file is the first; when in doubt, an attempt is not.
 */
export class Attempt {
  private first: Promise<boolean> | undefined;

  constructor(
    private readonly scratch: Scratch,
    private readonly input: WorkInput<RestoreJob, RestoreUnit>,
    /** An attempt that died at an earlier turn of the unit may have done any of what is left. */
    afterDeadAttempt = false,
  ) {
    if (afterDeadAttempt) this.first = Promise.resolve(false);
  }

  /** Must be asked before the first write that a later attempt could not recognise by its condition alone. */
  isFirst(): Promise<boolean> {
    const { job, unit, turn } = this.input;
    this.first ??= this.scratch
      .create(attemptKey(job.jobId, RESTORE_STEP, unit.id, turn), {})
      .then(({ created }) => created);
    return this.first;
  }
}
