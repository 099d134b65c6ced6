import { workKey } from '../contract/layout';
import type { WorkInput, WorkOutput } from '../contract/steps';
import type { BackupJob, ScanUnit } from '../core/jobs';
import { Listed, ScanRows } from '../core/scan-rows';
import { SegmentWriter } from '../core/segment-writer';
import { versionWeight, WeightSample, WeightSampler } from '../core/weights';
import type { VersionCursor } from '../ports/object-store';
import type { RequestCounts } from '../ports/runtime';
import type { BackupPorts } from './context';
import { SCAN_STEP } from './backup-prepare';
import { requestsSince } from './requests';
import { runTurn, Turn } from './turns';
import { refuseLateWork } from './windows';

/** A sorted file of what a scan saw, in the form of a segment; parts of a scan follow each other in key order. */
export interface RunPart {
  readonly key: string;
  readonly sha256: string;
  readonly minKey: string;
  readonly maxKey: string;
}

export interface ScanResult {
  readonly parts: readonly RunPart[];
  readonly samples: readonly WeightSample[];
  readonly objects: number;
  readonly versions: number;
  readonly markers: number;
  readonly bytes: number;
  readonly requests: RequestCounts;
}

interface ScanCursor {
  /** Where the listing goes on: before the row that was still held back. Absent: from the beginning. */
  readonly after?: VersionCursor;
  readonly countedKey?: string;
  readonly currentKey?: string;
}

/** Rows of one part: what a range worker reads back at once. */
const PART_ROWS = 200_000;
/** A turn's result is one JSON file: parts and samples must not make it large. */
const SAMPLES_PER_RANGE = 8;

/** One turn of a scan: lists the bucket's versions in key order until the end or the deadline. */
export function scanBackup(ports: BackupPorts, input: WorkInput<BackupJob, ScanUnit>): Promise<WorkOutput> {
  return runTurn(ports.scratch, SCAN_STEP, input, async (cursor: ScanCursor | undefined) => {
    await refuseLateWork(ports.scratch, SCAN_STEP, input.job);
    return new Scan(ports, input.job, input.unit, cursor ?? {}).run();
  });
}

class Scan {
  private readonly sampler: WeightSampler;
  private readonly parts: RunPart[] = [];
  private writer = new SegmentWriter();
  private readonly counts = { objects: 0, versions: 0, markers: 0, bytes: 0 };
  private countedKey: string | undefined;

  constructor(
    private readonly ports: BackupPorts,
    private readonly job: BackupJob,
    private readonly unit: ScanUnit,
    private readonly start: ScanCursor,
  ) {
    this.sampler = new WeightSampler(ports.settings.rangeWeight / SAMPLES_PER_RANGE);
    this.countedKey = start.countedKey;
  }

  async run(): Promise<Turn<ScanResult, ScanCursor>> {
    const { job, ports } = this;
    const before = { ...ports.source.counts() };
    let rows: ScanRows | undefined;
    let position = this.start.after;
    let last: Listed | undefined;
    // The listing goes on after `resume`, which lies before the newest entry: that one is still held back.
    let resume = this.start.after;
    let ended = false;
    do {
      const page = await ports.source.listVersions({ bucket: job.bucket, cursor: position });
      rows ??= new ScanRows({ ...job, observedAt: page.date }, this.start.currentKey);
      for (const entry of page.entries) {
        const row = rows.add(entry);
        if (last && !rows.holdsEarlier) resume = { keyMarker: last.key, versionIdMarker: last.versionId };
        last = entry;
        if (row) await this.take(row);
      }
      position = page.next;
      ended = position === undefined;
    } while (!ended && (ports.deadline.remainingMillis() > 0 || resume === this.start.after));
    if (ended) {
      const row = rows.end();
      if (row) await this.take(row);
    }
    await this.flush();
    this.sampler.close();
    const requests = requestsSince(ports.source, before);
    return {
      result: { parts: this.parts, samples: this.sampler.samples, ...this.counts, requests },
      cursor: ended ? undefined : { after: resume, countedKey: this.countedKey, currentKey: rows.key },
    };
  }

  private async take(row: ReturnType<ScanRows['end']> & object): Promise<void> {
    this.writer.add(row);
    const first = row.key !== this.countedKey;
    this.countedKey = row.key;
    if (row.kind === 'marker') this.counts.markers++;
    else {
      this.counts.versions++;
      this.counts.bytes += row.size ?? 0;
      if (first) this.counts.objects++;
    }
    this.sampler.add(row.key, versionWeight(row.size ?? 0, row.lastModified <= this.job.previousAsOf));
    if (this.writer.rows >= PART_ROWS || this.writer.isFull) await this.flush();
  }

  /** Parts are named by content: attempts that list at different times must not mix. */
  private async flush(): Promise<void> {
    if (this.writer.rows === 0) return;
    const { bytes, sha256, minKey, maxKey } = this.writer.finish();
    const { scratch } = this.ports;
    const key = workKey(this.job.jobId, SCAN_STEP, this.unit.id, `${sha256}.parquet`);
    await scratch.store.put({ bucket: scratch.bucket, key, body: bytes });
    this.parts.push({ key, sha256, minKey, maxKey });
    this.writer = new SegmentWriter();
  }
}
