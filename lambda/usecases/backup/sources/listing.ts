import type { BackupJob, ScanUnit } from '../../../core/backup/job';
import type { Row } from '../../../core/history/row';
import { compareKeys } from '../../../core/keys/order';
import { Listed, ScanRows } from '../../../core/scan/rows';
import { addWork, NO_WORK, WeightSampler } from '../../../core/scan/weights';
import type { VersionCursor } from '../../../ports/object-store';
import type { BackupPorts } from '../../context';
import { requestsSince } from '../../work/requests';
import { RunWriter } from '../../work/runs';
import { SCAN_STEP } from '../../work/step-names';
import type { Turn } from '../../work/turns';
import { rowWeight, rowWork, SAMPLES_PER_RANGE, ScanResult } from './result';

export interface ListingCursor {
  /** Where the listing goes on: before the row that was still held back. Absent: from the beginning of the unit. */
  readonly after?: VersionCursor;
  readonly currentKey?: string;
}

/** One turn at an interval of keys: lists all versions in key order until its end or the deadline. */
export class ListingScan {
  private readonly sampler: WeightSampler;
  private readonly run: RunWriter;
  private versions = 0;
  private work = NO_WORK;

  constructor(
    private readonly ports: BackupPorts,
    private readonly job: BackupJob,
    private readonly unit: ScanUnit,
    private readonly start: ListingCursor,
  ) {
    this.sampler = new WeightSampler(ports.settings.rangeWeight / SAMPLES_PER_RANGE);
    this.run = new RunWriter(ports.scratch, { jobId: job.jobId, step: SCAN_STEP, unit: unit.id });
  }

  async turn(): Promise<Turn<ScanResult, ListingCursor>> {
    const { job, ports, unit } = this;
    const before = { ...ports.source.counts() };
    const from = this.start.after ?? (unit.after === undefined ? undefined : { keyMarker: unit.after });
    let rows: ScanRows | undefined;
    let position = from;
    let last: Listed | undefined;
    // The listing goes on after `resume`, which lies before the newest entry: that one is still held back.
    let resume = from;
    let ended = false;
    do {
      const page = await ports.source.listVersions({ bucket: job.bucket, cursor: position });
      rows ??= new ScanRows({ ...job, observedAt: page.date }, this.start.currentKey);
      for (const entry of page.entries) {
        ended = unit.last !== undefined && compareKeys(entry.key, unit.last) > 0;
        if (ended) break;
        const row = rows.add(entry);
        if (last && !rows.holdsEarlier) resume = { keyMarker: last.key, versionIdMarker: last.versionId };
        last = entry;
        // Waiting costs where there is nothing to wait for: a part is full once in some hundred thousand rows.
        if (row && this.take(row)) await this.run.flush();
      }
      position = page.next;
      ended ||= position === undefined;
    } while (!ended && (ports.deadline.remainingMillis() > 0 || resume === from));
    if (ended) {
      const row = rows.end();
      if (row && this.take(row)) await this.run.flush();
    }
    const run = await this.run.finish();
    this.sampler.close();
    const result = {
      runs: run.length > 0 ? [run] : [],
      samples: this.sampler.samples,
      versions: this.versions,
      requests: requestsSince(ports.source, before),
      work: this.work,
    };
    return { result, cursor: ended ? undefined : { after: resume, currentKey: rows.key } };
  }

  /** True when a part of the run has to be stored before more rows come. */
  private take(row: Row): boolean {
    if (row.kind === 'put') this.versions++;
    this.sampler.add(row.key, rowWeight(row, this.job));
    this.work = addWork(this.work, rowWork(row, this.job, this.ports.settings.packThreshold));
    return this.run.add(row);
  }
}
