/** Outputs of the executions, as far as the demo shows them: what is documented, not the product's own types. */
export interface BackupJob {
  readonly recoveryPointId: string;
  readonly status: string;
  readonly objects: number;
  readonly versions: number;
  readonly bytes: number;
  readonly stored: number;
  readonly reused: number;
  readonly removed: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly requests: Readonly<Record<string, number>>;
}

/** Of the Upkeep workflow, which looks after continuous backup. */
export interface UpkeepJob extends BackupJob {
  /** All changes up to then are in the vault. */
  readonly asOf: string;
  /** Versions that were stored when their events came. */
  readonly captured?: number;
  /** What a comparison found and no event had told of. */
  readonly gaps?: number;
}

export interface RestoreJob {
  readonly jobId: string;
  readonly recoveryPointId: string;
  readonly status: string;
  /** Of a point in time: whether every key is as it was in that second. */
  readonly exact?: boolean;
  readonly planned: {
    readonly objects: number;
    readonly versions: number;
    readonly markers: number;
    readonly bytes: number;
    readonly requests: Readonly<Record<string, number>>;
    readonly estimatedCost: number;
  };
  readonly restored: number;
  readonly deleted: number;
  readonly failed: number;
  readonly bytes: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly requests: Readonly<Record<string, number>>;
}
