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

export interface RestoreJob {
  readonly recoveryPointId: string;
  readonly status: string;
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
