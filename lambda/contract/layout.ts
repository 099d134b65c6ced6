/**
 * Key layout of the vault bucket and the scratch bucket (docs/reference/format.md). Names carry job and content, so nothing is ever
 * overwritten.
 */
const SEQ_DIGITS = 20;

/** Prefixes that IAM policies and lifecycle rules name. */
export const VaultPrefix = {
  buckets: 'buckets/',
  packs: 'packs/',
  objects: 'objects/',
} as const;

/** Days after which the lifecycle of the scratch bucket removes work files: no job can take longer. */
export const WORK_FILE_DAYS = 14;

/** Work files of jobs, one folder a job; the lifecycle of the scratch bucket removes them. */
export const ScratchPrefix = {
  jobs: 'jobs/',
  mapResults: 'map-results/',
  /** Reports of restore jobs: the restore role cannot write to the vault. Kept longer than work files. */
  reports: 'reports/',
  /** Where S3 delivers inventory reports. */
  inventory: 'inventory/',
} as const;

export const VAULT_FORMAT_KEY = 'vault.json';

/** Version of the vault's format (docs/reference/format.md). Whoever meets a newer one than it knows stops. */
export const VAULT_FORMAT_VERSION = 1;

/** SSM parameter with the names and ARNs of a vault: where tools find it. */
export const vaultParameterName = (vaultBucket: string): string => `/cdk-s3-backup/${vaultBucket}`;

/** SSM parameters that say which vault backs a bucket up continuously: the bucket's name follows. */
export const CLAIMS_PATH = '/cdk-s3-backup/continuous/';

export const formatSeq = (seq: number): string => String(seq).padStart(SEQ_DIGITS, '0');

export const timelinePrefix = (bucket: string): string => `${VaultPrefix.buckets}${bucket}/timeline/`;
export const manifestKey = (bucket: string, seq: number): string => `${timelinePrefix(bucket)}${formatSeq(seq)}.json`;
export const segmentKey = (bucket: string, jobId: string, sha256: string): string =>
  `${VaultPrefix.buckets}${bucket}/segments/${jobId}/${sha256}.parquet`;
/** A page of the index of a history, where a manifest has pages. */
export const indexPageKey = (bucket: string, jobId: string, sha256: string): string =>
  `${VaultPrefix.buckets}${bucket}/index/${jobId}/${sha256}.json`;
export const fileTableKey = (segment: string): string => segment.replace(/\.parquet$/, '.files');
export const reportPrefix = (bucket: string, jobId: string): string =>
  `${VaultPrefix.buckets}${bucket}/reports/${jobId}/`;

/** `hash` is hex; its first two digits spread the packs over S3's partitions. */
export const packKey = (jobId: string, hash: string): string =>
  `${VaultPrefix.packs}${hash.slice(0, 2)}/${jobId}/${hash}`;
export const objectKey = (jobId: string, hash: string): string =>
  `${VaultPrefix.objects}${hash.slice(0, 2)}/${jobId}/${hash}`;

const jobPrefix = (jobId: string): string => `${ScratchPrefix.jobs}${jobId}/`;
export const unitsKey = (jobId: string, step: string): string => `${jobPrefix(jobId)}${step}/units.jsonl`;
/** What Prepare decided, see usecases/backup/prepare. */
export const planKey = (jobId: string): string => `${jobPrefix(jobId)}plan.json`;
/** What Prepare found out about the capture of the bucket's events, see usecases/backup/coverage/note. */
export const coverageNoteKey = (jobId: string): string => `${jobPrefix(jobId)}coverage.json`;
/** When a job last switched a bucket's events on, before its first commit. No job has such an ID. */
export const eventsNoteKey = (bucket: string): string => `${ScratchPrefix.jobs}events-on/${bucket}.json`;
/** When a job began to read all tags and ACLs of a bucket. No job has such an ID. */
export const readAllNoteKey = (bucket: string): string => `${ScratchPrefix.jobs}read-all/${bucket}.json`;
/** The error that ended a unit of a fan-out: a Distributed Map says only that something failed. */
export const unitErrorKey = (jobId: string): string => `${jobPrefix(jobId)}error.json`;
const ofTurn =
  (kind: string) =>
  (jobId: string, step: string, unit: string, turn: number): string =>
    `${jobPrefix(jobId)}${step}/${unit}/${kind}-${String(turn).padStart(6, '0')}.json`;
/** Result of a turn. */
export const turnKey = ofTurn('turn');
/** Says that an attempt at a turn has begun. */
export const attemptKey = ofTurn('attempt');
export const workKey = (jobId: string, step: string, unit: string, name: string): string =>
  `${jobPrefix(jobId)}${step}/${unit}/${name}`;

/** Notes of when the inventory of a bucket was configured. No job has such an ID. */
export const inventoryNotePrefix = (bucket: string): string => `${ScratchPrefix.jobs}inventory-configured/${bucket}/`;

export const restoreReportPrefix = (bucket: string, jobId: string): string =>
  `${ScratchPrefix.reports}${bucket}/${jobId}/`;

/** What a rollback found and what it was to do, kept as long as its report: an undo reads it. */
export const undoPrefix = (bucket: string, jobId: string): string => `${restoreReportPrefix(bucket, jobId)}undo/`;
/** Names the files of actions of one unit of the rollback. */
export const undoFilesKey = (bucket: string, jobId: string, unit: string): string =>
  `${undoPrefix(bucket, jobId)}files-${unit}.json`;
export const undoIndexKey = (bucket: string, jobId: string): string => `${undoPrefix(bucket, jobId)}index.json`;

export const recoveryPointId = (bucket: string, seq: number): string => `${bucket}/${formatSeq(seq)}`;

/** Of the continuous recovery point of a bucket: any second of its window. */
export const continuousPointId = (bucket: string): string => `${bucket}/continuous`;
