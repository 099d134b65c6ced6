import type { Scheduled } from '../contract/steps';

/** What every step of a backup job is told: small, and the same for all its units. */
export interface BackupJob {
  readonly jobId: string;
  readonly executionArn: string;
  readonly startedAt: string;
  readonly bucket: string;
  /** Epoch seconds of S3 at the start: the instant that the recovery point shows. */
  readonly asOf: number;
  readonly previousAsOf: number;
  /** The commit that the job builds on. */
  readonly base?: { readonly seq: number; readonly sha256: string };
  /** Number of the commit that the job makes. */
  readonly seq: number;
  readonly fence: number;
  readonly source: 'listing';
  readonly versions: 'ALL' | 'CURRENT';
  readonly metadata: 'EVENTS' | 'FULL';
  readonly region: string;
  readonly aclsEnabled: boolean;
  readonly ownership: 'BucketOwnerEnforced' | 'BucketOwnerPreferred' | 'ObjectWriter';
  readonly deleteAfterDays?: number;
  readonly recoveryPointTags?: Readonly<Record<string, string>>;
  readonly scheduled?: Scheduled;
}

export interface ScanUnit {
  readonly id: string;
}
export interface RangeUnit {
  readonly id: string;
  readonly from: string;
  readonly to?: string;
}
