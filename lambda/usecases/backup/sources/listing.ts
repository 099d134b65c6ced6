import type { BackupJob, ScanUnit } from '../../../core/backup/job';
import type { Row } from '../../../core/history/row';
import { compareKeys } from '../../../core/keys/order';
import { Listed, ScanRows } from '../../../core/scan/rows';
import { addWork, NO_WORK, WeightSampler, SAMPLES_PER_RANGE } from '../../../core/scan/weights';
import type { VersionCursor, VersionPage } from '../../../ports/object-store';
import type { BackupPorts } from '../../context';
import { requestsSince } from '../../work/requests';
import { RunWriter } from '../../work/runs';
import { SCAN_STEP } from '../../work/step-names';
import type { Turn } from '../../work/turns';
import { rowWeight, rowWork, ScanResult } from './result';

export interface ListingCursor {
  /** Where the listing goes on: before the row that was still held back. Absent: from the beginning of the unit. */
  readonly after?: VersionCursor;
  readonly currentKey?: string;
}

/** How far a turn has come. */
interface Place {
  /** The listing goes on after it. It lies before the newest entry, which is still held back. */
  resume: VersionCursor | undefined;
  last?: Listed;
  rows?: ScanRows;
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
    const { ports, unit } = this;
    const before = { ...ports.source.counts() };
    const from = this.start.after ?? (unit.after === undefined ? undefined : { keyMarker: unit.after });
    const place: Place = { resume: from };
    let position = from;
    let ended = false;
    do {
      const page = await ports.source.listVersions({ bucket: this.job.bucket, cursor: position });
      ended = await this.read(page, place);
      position = page.next;
      ended ||= position === undefined;
    } while (!ended && (ports.deadline.remainingMillis() > 0 || place.resume === from));
    if (ended) await this.take(place.rows?.end());
    const run = await this.run.finish();
    this.sampler.close();
    const result = {
      runs: run.length > 0 ? [run] : [],
      samples: this.sampler.samples,
      versions: this.versions,
      requests: requestsSince(ports.source, before),
      work: this.work,
    };
    return { result, cursor: ended ? undefined : { after: place.resume, currentKey: place.rows?.key } };
  }

  /** Takes the rows of a page; true when it reaches beyond the unit. */
  private async read({ entries, date }: VersionPage, place: Place): Promise<boolean> {
    const { last: end } = this.unit;
    const rows = (place.rows ??= new ScanRows({ ...this.job, observedAt: date }, this.start.currentKey));
    for (const entry of entries) {
      if (end !== undefined && compareKeys(entry.key, end) > 0) return true;
      const row = rows.add(entry);
      const { last } = place;
      if (last && !rows.holdsEarlier) place.resume = { keyMarker: last.key, versionIdMarker: last.versionId };
      place.last = entry;
      // Waiting costs where there is nothing to wait for: a part is full once in some hundred thousand rows.
      if (row && this.add(row)) await this.run.flush();
    }
    return false;
  }

  private async take(row: Row | undefined): Promise<void> {
    if (row && this.add(row)) await this.run.flush();
  }

  /** True when a part of the run has to be stored before more rows come. */
  private add(row: Row): boolean {
    if (row.kind === 'put') this.versions++;
    this.sampler.add(row.key, rowWeight(row, this.job));
    this.work = addWork(this.work, rowWork(row, this.job, this.ports.settings.packThreshold));
    return this.run.add(row);
  }
}
