/** What one kind of work took, for all objects. */
export interface Work {
  readonly does: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** To all buckets. */
  readonly requests: Readonly<Record<string, number>>;
}

/** Objects of a bucket: so many of so many bytes. */
export interface Size {
  readonly bytes: number;
  readonly objects: number;
}

export const VAULT_BUCKET = 'the-vault';
export const RESTORED_BUCKET = 'restored';

/** What each object of a backup, and of a restore, takes a worker. */
export const RANGE_WORKERS = 'first backup, range workers';
export const RESTORE = 'restore to another bucket';
