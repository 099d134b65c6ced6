import type { BackupJob, ReportRef, ScanUnit } from '../../../core/backup/job';
import type { Row } from '../../../core/history/row';
import type { InventoryFacts } from '../../../core/inventory/row';
import { afterKey } from '../../../core/keys/order';
import { addWork, NO_WORK, WeightSample, WeightSampler, SAMPLES_PER_RANGE } from '../../../core/scan/weights';
import type { BackupPorts } from '../../context';
import { readRuns, Run, RunPlace, RunWriter, writeSorted } from '../../work/runs';
import { SCAN_STEP } from '../../work/step-names';
import type { Turn } from '../../work/turns';
import { readInventoryFile, SeenFile } from './inventory-file';
import { sameReport } from './inventory-report';
import { rowWeight, rowWork, ScanResult } from './result';

export interface InventoryCursor {
  /** Place of the data file to go on with, and how many of its records are sorted already. */
  readonly file: number;
  readonly record: number;
  /** ETag of a data file that is read in part. */
  readonly etag?: string;
  /** Sorted chunks that are not merged yet. */
  readonly chunks: readonly Run[];
  /** Once all files are read: the chunks are merged up to this key. */
  readonly mergedTo?: string;
}

/** With more chunks than this a unit merges them, so that ranges read few runs. */
const MOST_RUNS = 8;
/** Samples of a chunk, at least: a chunk has rows from all over the bucket. */
const LEAST_SAMPLES = 16;

/**
 * One turn at some data files of a report. Reports are not sorted: rows are sorted a chunk at a time, in memory, and the chunks are
 * merged into one run when there are many. Both go on in the next turn where the deadline cuts them off.
 */
export class InventoryScan {
  private readonly facts: InventoryFacts;
  private readonly samples: WeightSample[] = [];
  private versions = 0;
  private work = NO_WORK;
  private state: InventoryCursor;

  constructor(
    private readonly ports: BackupPorts,
    private readonly job: BackupJob,
    private readonly report: ReportRef,
    private readonly unit: ScanUnit,
    start: InventoryCursor | undefined,
  ) {
    const { bucket, asOf, previousAsOf } = job;
    this.facts = { bucket, asOf, previousAsOf, observedAt: report.completed };
    this.state = start ?? { file: unit.files?.first ?? 0, record: 0, chunks: [] };
  }

  async turn(): Promise<Turn<ScanResult, InventoryCursor>> {
    const read = await this.readFiles();
    if (!read) return this.answer([], this.state);
    const { chunks } = this.state;
    if (chunks.length <= MOST_RUNS) return this.answer(chunks, undefined);
    const { run, more } = await this.mergeChunks();
    return this.answer(run.length > 0 ? [run] : [], more ? this.state : undefined);
  }

  private answer(runs: readonly Run[], cursor: InventoryCursor | undefined): Turn<ScanResult, InventoryCursor> {
    const { samples, versions, work } = this;
    return { result: { runs, samples, versions, requests: {}, work }, cursor };
  }

  /** Reads and sorts the data files. False when the time is over before the last one. */
  private async readFiles(): Promise<boolean> {
    const { first, count } = this.unit.files ?? { first: 0, count: 0 };
    const manifest = await sameReport(this.ports.scratch, this.job.bucket, this.report);
    const end = first + count;
    while (this.state.file < end) {
      const file = manifest.files[this.state.file];
      const seen: SeenFile = { etag: this.state.etag };
      const batches = file && readInventoryFile(this.ports.scratch, manifest, file, this.facts, seen);
      if (batches && !(await this.readFile(batches, seen))) return false;
      this.state = { ...this.state, file: this.state.file + 1, record: 0, etag: undefined };
      if (this.state.file < end && this.isLate) return false;
    }
    return true;
  }

  /** Sorts one file's rows, chunk after chunk. False when the time is over before its end. */
  private async readFile(batches: AsyncIterable<Row[]>, seen: SeenFile): Promise<boolean> {
    let skip = this.state.record;
    let record = 0;
    let rows: Row[] = [];
    for await (const batch of batches) {
      for (const row of batch) {
        record++;
        if (skip > 0) skip--;
        else if (row.lastModified <= this.job.asOf) rows.push(row);
        if (rows.length < this.ports.settings.sortRows) continue;
        await this.sort(rows);
        rows = [];
        this.state = { ...this.state, record, etag: seen.etag };
        if (this.isLate) return false;
      }
    }
    await this.sort(rows);
    return true;
  }

  private get isLate(): boolean {
    return this.ports.deadline.remainingMillis() <= 0;
  }

  private async sort(rows: Row[]): Promise<void> {
    if (rows.length === 0) return;
    const chunk = await writeSorted(this.ports.scratch, this.place, rows);
    const weight = rows.reduce((sum, row) => sum + rowWeight(row, this.job), 0);
    const step = Math.min(this.ports.settings.rangeWeight / SAMPLES_PER_RANGE, weight / LEAST_SAMPLES);
    const sampler = new WeightSampler(step);
    for (const row of rows) {
      if (row.kind === 'put') this.versions++;
      sampler.add(row.key, rowWeight(row, this.job));
      this.work = addWork(this.work, rowWork(row, this.job, this.ports.settings.packThreshold));
    }
    sampler.close();
    this.samples.push(...sampler.samples);
    this.state = { ...this.state, chunks: [...this.state.chunks, chunk] };
  }

  /** Merges the chunks into one run until the end or the deadline; a turn's run ends with all rows of its last key. */
  private async mergeChunks(): Promise<{ run: Run; more: boolean }> {
    const { chunks, mergedTo } = this.state;
    const run = new RunWriter(this.ports.scratch, this.place);
    const from = mergedTo === undefined ? '' : afterKey(mergedTo);
    let lastKey: string | undefined;
    let more = false;
    for await (const rows of readRuns(this.ports.scratch, chunks, { from })) {
      const late = this.isLate;
      for (const row of rows) {
        more = late && lastKey !== undefined && row.key !== lastKey;
        if (more) break;
        lastKey = row.key;
        if (run.add(row)) await run.flush();
      }
      if (more) break;
    }
    this.state = { ...this.state, mergedTo: lastKey ?? mergedTo };
    return { run: await run.finish(), more };
  }

  private get place(): RunPlace {
    return { jobId: this.job.jobId, step: SCAN_STEP, unit: this.unit.id };
  }
}
