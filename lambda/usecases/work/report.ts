import { restoreReportPrefix } from '../../contract/layout';
import type { RestoreJob } from '../../core/restore/job';
import { sha256Hex } from '../../core/values/hash';
import type { Scratch } from './turns';

const FILE_BYTES = 8 * 1024 * 1024;

/** What became of one object version, as a line of a job's report. */
export interface ReportLine {
  readonly key: string;
  readonly versionId?: string;
  readonly size?: number;
  readonly destination?: string;
  readonly outcome:
    | 'skipped'
    | 'restored'
    | 'deleted'
    | 'failed'
    | 'conflict'
    | 'doubtful'
    | 'marker-removed'
    | 'marker-kept'
    | 'not-undoable';
  readonly reason?: string;
  /** Version ID in the destination of a copy that proved wrong: it must not be used. */
  readonly destinationVersionId?: string;
  /** Version ID of what is current in the destination instead of a version that failed: an older one, or a delete marker. */
  readonly current?: string;
}

/** Writes report lines as files of bounded size, named by content so that a repeated turn writes the same ones. */
export class ReportWriter<Line extends object = ReportLine> {
  private readonly files: string[] = [];
  private lines: string[] = [];
  private bytes = 0;

  /** `put` stores a file that may be there already. */
  constructor(
    private readonly prefix: string,
    private readonly put: (key: string, body: Uint8Array) => Promise<unknown>,
  ) {}

  async add(line: Line): Promise<void> {
    const text = `${JSON.stringify(line)}\n`;
    this.lines.push(text);
    this.bytes += text.length;
    if (this.bytes >= FILE_BYTES) await this.flush();
  }

  /** Names of all files. */
  async finish(): Promise<readonly string[]> {
    await this.flush();
    return this.files;
  }

  private async flush(): Promise<void> {
    if (this.lines.length === 0) return;
    const body = Buffer.from(this.lines.join(''), 'utf8');
    const key = `${this.prefix}${sha256Hex(body).slice(0, 32)}.jsonl`;
    await this.put(key, body);
    this.files.push(key);
    this.lines = [];
    this.bytes = 0;
  }
}

/** Report of a restore job: in the scratch bucket, because the restore role cannot write to the vault. */
export const restoreReport = (scratch: Scratch, job: RestoreJob, part: string): ReportWriter =>
  new ReportWriter(`${restoreReportPrefix(job.sourceBucket, job.jobId)}${part}-`, (key, body) =>
    scratch.store.put({ bucket: scratch.bucket, key, body }),
  );
