import type { RestoreRequest } from './request';

/** What every step of a restore job is told. */
export interface RestoreJob extends Pick<
  RestoreRequest,
  | 'destinationPrefix'
  | 'onExisting'
  | 'versions'
  | 'restoreTags'
  | 'restoreAcls'
  | 'insistOnAcls'
  | 'storageClass'
  | 'encryption'
  | 'dryRun'
  | 'rollback'
  | 'removeMarkers'
  | 'undo'
> {
  readonly jobId: string;
  readonly executionArn: string;
  readonly startedAt: string;
  readonly sourceBucket: string;
  /** The recovery point: a commit of the source bucket's timeline. Of a point in time, the newest commit. */
  readonly point: { readonly seq: number; readonly sha256: string };
  readonly asOf: number;
  /** `asOf` is any second of continuous backup. */
  readonly pointInTime: boolean;
  /** The recovery point was made of changes. */
  readonly ofChanges?: boolean;
  /** The recovery point was made of a report, in a bucket with continuous backup. */
  readonly ofReport?: boolean;
  /** `<bucket>/<20 digits>`, or `<bucket>/continuous` of a point in time. */
  readonly recoveryPointId: string;
  /** Scratch file with the history that is restored. */
  readonly history: string;
  /** Of a rollback: scratch file with all that is known by now. */
  readonly historyNow?: string;
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
}

export interface PlanUnit {
  readonly id: string;
  readonly from: string;
  readonly to?: string;
  /** Of the undo of a rollback that an earlier release did: what the rollback's unit of that number was to do. */
  readonly files?: readonly string[];
}

/** Some files of actions of a turn of planning, by their numbers in its result: from one on, up to another that is not among them. */
export interface PlanPart {
  readonly unit: string;
  readonly turn: number;
  readonly from: number;
  readonly to: number;
}

/** Actions of some files of the plan. Of a job that an earlier release assessed, the files' keys are in the unit itself. */
export type RestoreUnit = { readonly id: string } & (
  { readonly parts: readonly PlanPart[] } | { readonly files: readonly string[] }
);

/** Whether a job leaves behind what an undo needs. */
export const keepsUndo = (job: Pick<RestoreJob, 'rollback' | 'undo'>): boolean =>
  job.rollback || job.undo !== undefined;
