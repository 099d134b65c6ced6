/** Environment variables of the runtime functions. A grant always travels with the variable that makes it useful. */
export const Env = {
  vaultBucket: 'VAULT_BUCKET',
  scratchBucket: 'SCRATCH_BUCKET',
  catalogTable: 'CATALOG_TABLE',
  changeLogTable: 'CHANGE_LOG_TABLE',
  /** Only for tests: seconds after which logged changes are settled, see contract/change-log-schema. */
  settleSeconds: 'CHANGES_SETTLE_SECONDS',
  /** Name of the backup vault construct, shown in events and records. */
  vaultName: 'VAULT_NAME',
  /** ARN of the vault bucket, the `backupVaultArn` of events. */
  vaultArn: 'VAULT_ARN',
  /** The account of the deployment: every cross-bucket call names it as the expected owner. */
  accountId: 'ACCOUNT_ID',
  /** Objects up to this many bytes are packed, larger ones are copied by S3. */
  packThreshold: 'PACK_THRESHOLD',
  /** Only for tests: the largest object that one CopyObject call may copy, and the part size above it. */
  copyPartSize: 'COPY_PART_SIZE',
  /** Weight (objects + bytes) at which a range is cut, see core/scan/weights. */
  rangeWeight: 'RANGE_WEIGHT',
  /** Only for tests: segments that a manifest, and a page of its index, name. */
  pageSegments: 'PAGE_SEGMENTS',
  /** Milliseconds of the Lambda's time that a worker leaves for writing its results. */
  deadlineMargin: 'DEADLINE_MARGIN_MS',
  /** Workers of a job that run at a time. */
  maxConcurrency: 'MAX_CONCURRENCY',
  /** Requests to the protected bucket that all workers of a job together make in a second. */
  maxSourceRequestsPerSecond: 'MAX_SOURCE_REQUESTS_PER_SECOND',
  /** `true`: a rollback may ask for delete markers to be removed. */
  markerRemoval: 'MARKER_REMOVAL',
  backupStateMachineArn: 'BACKUP_STATE_MACHINE_ARN',
  restoreStateMachineArn: 'RESTORE_STATE_MACHINE_ARN',
  upkeepStateMachineArn: 'UPKEEP_STATE_MACHINE_ARN',
  /** Queue of captured events and its dead-letter queue: their depth and age say how far the capture lags. */
  captureQueueUrl: 'CAPTURE_QUEUE_URL',
  captureDeadLetterQueueUrl: 'CAPTURE_DEAD_LETTER_QUEUE_URL',
  /** Beginning of the names of EventBridge rules that a function looks at: all of the vault, or those that it makes itself. */
  captureRulePrefix: 'CAPTURE_RULE_PREFIX',
  captureQueueArn: 'CAPTURE_QUEUE_ARN',
  captureDeadLetterQueueArn: 'CAPTURE_DEAD_LETTER_QUEUE_ARN',
  /** `true`: metrics of buckets have the dimension `Bucket` as well. */
  bucketMetrics: 'BUCKET_METRICS',
  /** Only for tests: seconds that S3 may take to send an event, see contract/change-log-schema. */
  deliverySeconds: 'CAPTURE_DELIVERY_SECONDS',
  /** Only for tests: seconds that S3 may take to begin with sending events. */
  startSeconds: 'CAPTURE_START_SECONDS',
} as const;

/**
 * Node's options for every function. Without a limit, V8 lets its young generation grow to several times the working set of a worker
 * that streams rows, which costs memory and gains no time (npm run bench -- inventory).
 */
export const NODE_OPTIONS = '--max-semi-space-size=16';

/** Milliseconds that a worker keeps for its results when `deadlineMargin` is not set: a pack, a segment, and the slowest operation that is under way (60 s). */
export const DEADLINE_MARGIN_MS = 120_000;
