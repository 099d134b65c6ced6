import { BackupError, ErrorName } from '../../../contract/errors';
import { turnKey } from '../../../contract/layout';
import type { WorkInput } from '../../../contract/steps';
import { keepsUndo, type PlanPart, type RestoreJob, type RestoreUnit } from '../../../core/restore/job';
import type { PlanResult } from '../../../core/restore/result';
import { runInOrder } from '../../work/pool';
import { PLAN_STEP } from '../../work/step-names';
import type { Scratch, Turn } from '../../work/turns';
import { writeUndoFiles } from '../existing/undo-files';

/** A unit has files of at most so many turns of planning: it travels through the state machine, and its worker reads all their results. */
export const MAX_PARTS = 100;
const READ_CONCURRENCY = 16;

interface OpenUnit {
  readonly id: string;
  readonly parts: { unit: string; turn: number; from: number; to: number }[];
}

/** Puts files of actions together, in the order of planning, until a unit has about `target` of weight. */
export class UnitCutter {
  private readonly cut: OpenUnit[] = [];
  private weight = 0;

  constructor(private readonly target: number) {}

  get units(): readonly RestoreUnit[] {
    return this.cut;
  }

  /** Takes the files of the next turn of planning. */
  add(unit: string, turn: number, files: PlanResult['files']): void {
    let parts = this.cut.at(-1)?.parts;
    let part: OpenUnit['parts'][number] | undefined;
    for (const [number, { weight }] of files.entries()) {
      if (!parts || this.weight + weight > this.target || (!part && parts.length >= MAX_PARTS)) {
        parts = [];
        part = undefined;
        this.cut.push({ id: String(this.cut.length), parts });
        this.weight = 0;
      }
      this.weight += weight;
      if (part) part.to = number + 1;
      else parts.push((part = { unit, turn, from: number, to: number + 1 }));
    }
  }
}

/** Files of actions of a unit, in order. What an undo needs to find them is there before the unit's worker does anything. */
export async function openUnit(
  scratch: Scratch,
  { job, unit, turn }: WorkInput<RestoreJob, RestoreUnit>,
): Promise<readonly string[]> {
  if ('files' in unit) return unit.files;
  const read = (part: PlanPart): Promise<readonly string[]> => filesOf(scratch, job.jobId, part);
  const files = (await runInOrder(unit.parts, READ_CONCURRENCY, () => true, read)).flat();
  if (turn === 0 && keepsUndo(job)) await writeUndoFiles(scratch, job, unit.id, files);
  return files;
}

async function filesOf(
  scratch: Scratch,
  jobId: string,
  { unit, turn, from, to }: PlanPart,
): Promise<readonly string[]> {
  const key = turnKey(jobId, PLAN_STEP, unit, turn);
  const found = await scratch.find<Turn<Pick<PlanResult, 'files'>, unknown>>(key);
  if (!found)
    throw new BackupError(
      ErrorName.workFilesExpired,
      `s3://${scratch.bucket}/${key} is gone, because work files expire. It listed what this job restores: start the restore again`,
    );
  const files = found.result.files.slice(from, to).map((file) => file.key);
  if (files.length < to - from)
    throw new Error(`${key} has ${String(found.result.files.length)} files, not ${String(to)}`);
  return files;
}
