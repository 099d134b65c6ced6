/**
 * The catalog: jobs, recovery points and one job lock per protected bucket, for people and consoles. It is a cache of
 * the vault but for the locks: the timeline's conditional commit is what keeps the vault right when a lock fails.
 */
export type JobState =
  'CREATED' | 'PENDING' | 'RUNNING' | 'ABORTING' | 'ABORTED' | 'COMPLETED' | 'FAILED' | 'EXPIRED' | 'PARTIAL';
export type JobType = 'BACKUP' | 'RESTORE' | 'UPKEEP';
/** States that no job leaves by itself. */
export const ENDED_STATES: readonly JobState[] = ['ABORTED', 'COMPLETED', 'FAILED', 'EXPIRED', 'PARTIAL'];

export interface JobRecord {
  readonly jobId: string;
  readonly type: JobType;
  readonly bucket: string;
  readonly state: JobState;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly completedAt?: string;
  readonly executionArn: string;
  /** `<error>: <cause>` of a job that failed or expired. */
  readonly statusMessage?: string;
  readonly recoveryPointId?: string;
  /** The output of the execution, once it has one. */
  readonly output?: Readonly<Record<string, unknown>>;
  readonly plan?: string;
  readonly rule?: string;
}

export type RecoveryPointState =
  'COMPLETED' | 'PARTIAL' | 'DELETING' | 'EXPIRED' | 'AVAILABLE' | 'STOPPED' | 'CREATING';
export interface RecoveryPointRecord {
  readonly recoveryPointId: string;
  readonly bucket: string;
  readonly seq: number;
  readonly state: RecoveryPointState;
  /** ISO 8601, UTC: the instant that the recovery point shows. */
  readonly asOf: string;
  readonly createdAt: string;
  /** When the recovery point expires; absent when it is kept for ever. */
  readonly deleteAt?: string;
  readonly jobId: string;
  /** SHA-256 of the commit's manifest, in hex: a manifest with another one is damaged. */
  readonly manifestSha256?: string;
  readonly versions: 'ALL' | 'CURRENT';
  readonly objects: number;
  readonly versionCount: number;
  readonly bytes: number;
  readonly tags?: Readonly<Record<string, string>>;
}

/** The continuous recovery point of a bucket: any second of a window that moves on with each commit. Instants are ISO 8601, UTC. */
export interface ContinuousPointRecord {
  /** `<bucket>/continuous`. */
  readonly recoveryPointId: string;
  readonly bucket: string;
  readonly state: 'AVAILABLE' | 'STOPPED';
  /** Why it is STOPPED. */
  readonly statusMessage?: string;
  readonly plan?: string;
  readonly createdAt: string;
  readonly earliestRestorable: string;
  readonly latestRestorable: string;
  readonly reconciledThrough: string;
  readonly days: number;
  /** Number of the commit that says so. */
  readonly seq: number;
}

export interface JobLock {
  readonly bucket: string;
  /** Kind of the job that holds it; absent: a backup job. */
  readonly type?: 'BACKUP' | 'UPKEEP';
  readonly jobId: string;
  readonly executionArn: string;
  /** Goes up by one with each holder: a commit under an older number is refused. */
  readonly fence: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string;
}

export interface Catalog {
  putJob(job: JobRecord): Promise<void>;
  /** Puts the record unless the job has ended already by what the catalog says. `before` is the record that it replaced. */
  putJobUnlessEnded(job: JobRecord): Promise<{ readonly put: boolean; readonly before?: JobRecord }>;
  getJob(bucket: string, jobId: string): Promise<JobRecord | undefined>;
  /** Newest first; of one bucket, or of the whole vault. */
  listJobs(options: { bucket?: string; type?: JobType; limit?: number; next?: string }): Promise<Page<JobRecord>>;
  putRecoveryPoint(point: RecoveryPointRecord): Promise<void>;
  getRecoveryPoint(bucket: string, seq: number): Promise<RecoveryPointRecord | undefined>;
  /** Newest first. */
  listRecoveryPoints(options: { bucket?: string; limit?: number; next?: string }): Promise<Page<RecoveryPointRecord>>;
  getLock(bucket: string): Promise<JobLock | undefined>;
  /**
   * Takes the lock when nobody holds it, or when its holder is exactly `from` (take-over). Returns the lock held by this
   * job (also when this job had it already), or the lock of the one who has it.
   */
  takeLock(options: {
    bucket: string;
    jobId: string;
    executionArn: string;
    type?: JobLock['type'];
    from?: JobLock;
  }): Promise<JobLock>;
  putContinuousPoint(point: ContinuousPointRecord): Promise<void>;
  getContinuousPoint(bucket: string): Promise<ContinuousPointRecord | undefined>;
  /** Of all buckets, in no order. */
  listContinuousPoints(): Promise<readonly ContinuousPointRecord[]>;
  /** Frees the lock if this job holds it; otherwise does nothing. The fence number survives. */
  releaseLock(bucket: string, jobId: string): Promise<void>;
}
