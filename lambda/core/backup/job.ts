import type { Scheduled } from '../../contract/steps';
import type { Comparison } from './comparisons';
import type { SeenLetters } from '../capture/dead-letters';
import type { Counts } from '../values/counts';

/** What every step of a backup job is told: small, and the same for all its units. */
export interface BackupJob {
  readonly jobId: string;
  readonly executionArn: string;
  readonly startedAt: string;
  readonly bucket: string;
  /** Epoch seconds of S3 at the start: the instant that the recovery point shows. */
  readonly asOf: number;
  readonly previousAsOf: number;
  /** When all versions were looked at last, as far as that is sure; absent when only current ones were. */
  readonly lastSeenAll?: number;
  /** The commit that the job builds on. */
  readonly base?: { readonly seq: number; readonly sha256: string };
  /** Number of the commit that the job makes. */
  readonly seq: number;
  readonly fence: number;
  /** The job makes a recovery point of what the last commit found, and scans nothing. */
  readonly shared?: true;
  /** Where the job learns what the bucket has. With `changes` it scans nothing: it takes in what was captured. */
  readonly source: 'listing' | 'inventory' | 'changes';
  /** A commit of the Upkeep workflow: it is no recovery point. */
  readonly internal?: true;
  /** The bucket's continuous backup, of a job that takes part in it. */
  readonly continuous?: ContinuousJob;
  /** The report that the job reads, of the source `inventory`. */
  readonly report?: ReportRef;
  /** Requests to the protected bucket that were made before the scan. */
  readonly requests: Counts;
  readonly versions: 'ALL' | 'CURRENT';
  readonly metadata: 'EVENTS' | 'FULL';
  /** What the job takes from the change log; absent in jobs that began under a release without one. */
  readonly changes?: ChangesToFold;
  readonly region: string;
  readonly aclsEnabled: boolean;
  readonly ownership: 'BucketOwnerEnforced' | 'BucketOwnerPreferred' | 'ObjectWriter';
  readonly deleteAfterDays?: number;
  readonly recoveryPointTags?: Readonly<Record<string, string>>;
  readonly scheduled?: Scheduled;
}

/** What a commit says of continuous backup: times are epoch seconds. */
export interface ContinuousJob {
  readonly plan?: string;
  /** How far back any second can be restored. */
  readonly days: number;
  /** The first instant that can be restored. */
  readonly since: number;
  /** All that happened up to then is in the history, as far as S3 has told of it. */
  readonly capturedThrough: number;
  /** Last comparison with what the bucket had. */
  readonly reconciledThrough: number;
  /** The last comparisons, newest first. Absent in jobs that began under an earlier release. */
  readonly comparisons?: readonly Comparison[];
  /** Intervals in which events may be missing for good, as capture was off. */
  readonly gaps: readonly CoverageGap[];
  /** Events that failed for good, as the job found them. */
  readonly deadLetters?: SeenLetters;
  /** Why changes may go by unseen even now. */
  readonly stopped?: string;
  /** Versions that were gone before they could be read, and that no scan has looked for since. */
  readonly unresolved?: number;
}
export interface CoverageGap {
  readonly after: number;
  readonly before: number;
  readonly reason: string;
}

export interface ChangesToFold {
  /** Changes that were written to the log from the one instant on and before the other, epoch seconds. */
  readonly from: number;
  readonly through: number;
  /** Of a recovery point that is made of changes: what the log has since then, and no further back than `from`, may be later than what it shows. */
  readonly recountFrom?: number;
  /** Whether changes up to now may be missing in the log: since the last commit, or before it and not read since. */
  readonly missed: boolean;
  /** Whether changes from now on may be missing. */
  readonly unseen: boolean;
}

/** An inventory report: what the units of a job are told of it. */
export interface ReportRef {
  /** Key of its manifest.json in the scratch bucket. */
  readonly manifest: string;
  readonly sha256: string;
  /** Start of the report's scan, epoch seconds. */
  readonly start: number;
  /** When S3 wrote the manifest: all that the report lists had happened by then. */
  readonly completed: number;
}

interface PacedUnit {
  /** Requests to the protected bucket that the unit may make in a second: its share of the job's. */
  readonly requestsPerSecond?: number;
}

/** A part of a scan: an interval of keys to list, or some of a report's data files. */
export interface ScanUnit extends PacedUnit {
  readonly id: string;
  /** The first key is after this one; absent: the bucket's first. */
  readonly after?: string;
  /** The last key. Absent: the bucket's last. */
  readonly last?: string;
  /** Keys between them after which it is cut into parts that are listed at the same time. */
  readonly cuts?: readonly string[];
  /** Places of data files in the report's manifest. */
  readonly files?: { readonly first: number; readonly count: number };
}
export interface RangeUnit extends PacedUnit {
  readonly id: string;
  readonly from: string;
  readonly to?: string;
}
