import type { BackupJob } from '../core/jobs';
import type { Row } from '../core/row';
import { NO_WORK, versionWeight, WeightSample, workOf, type Workload } from '../core/weights';
import type { RequestCounts } from '../ports/runtime';
import type { Run } from './runs';

/** What a turn of a scan leaves. */
export interface ScanResult {
  readonly runs: readonly Run[];
  readonly samples: readonly WeightSample[];
  /** Versions with a body: the commit checks that none of them was forgotten. */
  readonly versions: number;
  readonly requests: RequestCounts;
  /** Absent in jobs that began under an earlier release. */
  readonly work?: Workload;
}

/** A turn's result is one JSON file: samples must not make it large. */
export const SAMPLES_PER_RANGE = 8;

/** Work that a row of the scan is to the range that it falls into. */
export const rowWeight = (row: Row, { previousAsOf }: BackupJob): number =>
  versionWeight(row.size ?? 0, row.lastModified <= previousAsOf);

/** What a row of the scan asks of the workers. */
export const rowWork = (row: Row, { previousAsOf }: BackupJob, packThreshold: number): Workload =>
  row.kind === 'put' ? workOf(row.size ?? 0, row.lastModified <= previousAsOf, packThreshold) : NO_WORK;
