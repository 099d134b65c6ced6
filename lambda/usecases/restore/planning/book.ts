import { undoPrefix, workKey } from '../../../contract/layout';
import type { KeyView } from '../../../core/history/view';
import type { PlannedKey, RestoreAction, RestoreSkip } from '../../../core/restore/actions';
import { mayLackAcl, mayLackTags } from '../../../core/restore/body-properties';
import { keepsUndo, type RestoreJob } from '../../../core/restore/job';
import type { PlanResult } from '../../../core/restore/result';
import { versionWeight } from '../../../core/scan/weights';
import { addCounts, Counts } from '../../../core/values/counts';
import { sha256Hex } from '../../../core/values/hash';
import type { RestorePorts } from '../../context';
import { isSingleCopy, partSizeOf } from '../../versions/server-copy';
import { encodeLines } from '../../work/json-lines';
import { ReportWriter, restoreReport } from '../../work/report';
import { PLAN_STEP } from '../../work/step-names';

/** A file of actions holds at most so many keys, and a tenth of a unit's weight: it is in a worker's memory. */
export const FILE_KEYS = 2_000;
export const FILES_PER_UNIT = 10;
/** Skips of keys that the restore says nothing of: what is there was there before. */
const LEFT_ALONE: ReadonlySet<string> = new Set<RestoreSkip>(['exists', 'key-too-long']);

/** Adds up what one turn of planning decides, and writes it down. */
export class PlanBook {
  private readonly files: { key: string; weight: number }[] = [];
  private readonly counts = {
    objects: 0,
    versions: 0,
    markers: 0,
    deletes: 0,
    uncovered: 0,
    bytes: 0,
    conflicts: 0,
    uncertain: 0,
    archived: 0,
  };
  private readonly skipped: Counts = {};
  private readonly doubts: Counts = {};
  private readonly notUndoable: Counts = {};
  private readonly estimated: Counts = {};
  private readonly report: ReportWriter;
  private actions: RestoreAction[] = [];
  private weight = 0;

  constructor(
    private readonly ports: RestorePorts,
    private readonly job: RestoreJob,
    private readonly unit: string,
  ) {
    this.report = restoreReport(ports.scratch, job, `plan-${unit}`);
  }

  async finish(): Promise<Omit<PlanResult, 'matched' | 'matchedKeys' | 'matchedPrefixes' | 'requests'>> {
    await this.writeFile();
    return {
      files: this.files,
      ...this.counts,
      skipped: this.skipped,
      doubts: this.doubts,
      notUndoable: this.notUndoable,
      estimated: this.estimated,
      reports: await this.report.finish(),
    };
  }

  /** What is in doubt of a key that the answer speaks of. */
  async doubt(view: KeyView, { action, skipped }: PlannedKey): Promise<void> {
    if (view.uncertain.length > 0) this.counts.uncertain++;
    const { pointInTime, ofChanges, ofReport } = this.job;
    if ((!pointInTime && !ofChanges && !ofReport) || (!action && skipped.some(({ reason }) => LEFT_ALONE.has(reason))))
      return;
    for (const reason of this.job.versions === 1 ? view.currentUncertain : view.uncertain) {
      addCounts(this.doubts, { [reason]: 1 });
      await this.report.add({ key: view.key, outcome: 'doubtful', reason });
    }
  }

  async take(key: string, planned: PlannedKey): Promise<void> {
    const { action, skipped, conflict } = planned;
    for (const { reason, versionId } of skipped) {
      addCounts(this.skipped, { [reason]: 1 });
      await this.report.add({ key, versionId, outcome: 'skipped', reason });
    }
    if (conflict) {
      this.counts.conflicts++;
      await this.report.add({ key, outcome: 'conflict', reason: 'exists' });
    }
    if (!action) return;
    await this.sayLimits(action, planned);
    if (action.ops.some((op) => op.kind !== 'marker')) this.counts.objects++;
    else this.counts.deletes++;
    this.actions.push(action);
    for (const op of action.ops) {
      if (op.kind === 'marker') this.counts.markers++;
      else {
        // What only comes back into sight has no bytes to be written.
        const size = op.markers ? 0 : op.size;
        this.counts.versions++;
        if (op.markers) this.counts.uncovered++;
        this.counts.bytes += size;
        this.weight += versionWeight(size, false);
      }
      addCounts(this.estimated, this.estimate(op));
    }
    if (this.actions.length >= FILE_KEYS || this.weight >= this.ports.settings.rangeWeight / FILES_PER_UNIT)
      await this.writeFile();
  }

  /** What somebody has to know before the job: what comes back only with some work. */
  private async sayLimits({ key, before }: RestoreAction, { notUndoable, needsThaw }: PlannedKey): Promise<void> {
    if (needsThaw) this.counts.archived++;
    if (notUndoable === undefined) return;
    addCounts(this.notUndoable, { [notUndoable]: 1 });
    await this.report.add({ key, versionId: before?.versionId, outcome: 'not-undoable', reason: notUndoable });
  }

  private estimate(op: RestoreAction['ops'][number]): Counts {
    if (op.kind === 'marker') return { DeleteObject: 1 };
    // One look at the key tells that the markers are gone.
    if (op.markers) return { DeleteObject: op.markers.length, HeadObject: 1 };
    return {
      ...this.estimateWrite(op),
      ...(mayLackTags(op) && { PutObjectTagging: 1 }),
      ...(mayLackAcl(op) && { GetObjectAcl: 1, PutObjectAcl: 1 }),
    };
  }

  private estimateWrite(op: Exclude<RestoreAction['ops'][number], { kind: 'marker' }>): Counts {
    if (op.kind === 'put' && !op.inBucket) return { GetObject: op.length > 0 ? 1 : 0, PutObject: 1 };
    const { copyPartSize } = this.ports.settings;
    if (isSingleCopy(op.size, copyPartSize)) return { HeadObject: 1, CopyObject: 1 };
    return {
      HeadObject: 1,
      CreateMultipartUpload: 1,
      UploadPartCopy: Math.ceil(op.size / partSizeOf(op.size, copyPartSize)),
      CompleteMultipartUpload: 1,
    };
  }

  private async writeFile(): Promise<void> {
    if (this.actions.length === 0) return;
    const body = encodeLines(this.actions);
    const { scratch } = this.ports;
    const name = `actions-${sha256Hex(body)}.jsonl`;
    // Written before anything is: with these an undo finds all that the job can have done.
    const key =
      keepsUndo(this.job) && !this.job.dryRun
        ? `${undoPrefix(this.job.sourceBucket, this.job.jobId)}${this.unit}-${name}`
        : workKey(this.job.jobId, PLAN_STEP, this.unit, name);
    await scratch.store.put({ bucket: scratch.bucket, key, body });
    this.files.push({ key, weight: this.weight });
    this.actions = [];
    this.weight = 0;
  }
}
