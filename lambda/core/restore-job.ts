import type { RestoreEncryption } from './restore-request';

/** What every step of a restore job is told. */
export interface RestoreJob {
  readonly jobId: string;
  readonly executionArn: string;
  readonly startedAt: string;
  readonly sourceBucket: string;
  /** The recovery point: a commit of the source bucket's timeline. */
  readonly point: { readonly seq: number; readonly sha256: string };
  readonly asOf: number;
  /** Scratch file with the selected intervals of keys. */
  readonly selection: string;
  readonly destination: {
    readonly bucket: string;
    readonly exists: boolean;
    /** The job makes the bucket. */
    readonly create: boolean;
    readonly aclsEnabled: boolean;
    readonly ownership: 'BucketOwnerEnforced' | 'BucketOwnerPreferred' | 'ObjectWriter';
  };
  readonly destinationPrefix: string;
  readonly onExisting: 'skip' | 'overwrite' | 'fail';
  readonly versions: number | 'all';
  readonly restoreTags: boolean;
  readonly restoreAcls: boolean;
  readonly insistOnAcls: boolean;
  readonly storageClass: string;
  readonly encryption: RestoreEncryption;
  readonly dryRun: boolean;
}

export interface PlanUnit {
  readonly id: string;
  readonly from: string;
  readonly to?: string;
}
/** Actions of some files of the plan. */
export interface RestoreUnit {
  readonly id: string;
  readonly files: readonly string[];
}
