/** Shape of the change log table. Both sides need it: the construct makes the table, the runtime fills it. */
export const ChangeLogTable = {
  partitionKey: 'pk',
  sortKey: 'sk',
  /** Epoch seconds after which DynamoDB removes the item. */
  timeToLive: 'expiresAt',
} as const;

/** Items of one bucket that are written in so many seconds share their partitions, */
export const SLOT_SECONDS = 5 * 60;
/** so many for each slot, which is 4,000 writes a second. */
export const SHARDS = 4;

/** How long a change waits for a backup that takes it into the history. */
export const CHANGE_LIFETIME_SECONDS = 14 * 24 * 60 * 60;

/** A batch of changes is captured within this time, or tried again. */
export const CAPTURE_TIMEOUT_SECONDS = 120;

/** A message that failed is delivered again after so long: AWS asks for six times the function's timeout, and the batch window. */
export const CAPTURE_VISIBILITY_SECONDS = 6 * CAPTURE_TIMEOUT_SECONDS + 60;
/** So often a message is delivered in all; then it is in the dead-letter queue. */
export const CAPTURE_ATTEMPTS = 5;

/**
 * Changes are settled when they were written so long ago: by then the call that wrote them has ended, and so has every other that began
 * before it. Five minutes more allow for clocks that differ.
 */
export const SETTLE_SECONDS = CAPTURE_TIMEOUT_SECONDS + 5 * 60;

/**
 * S3 sends most events within seconds, some within minutes: a commit is taken to be complete only for changes of this long before it.
 * AWS Backup allows for the same 15 minutes.
 */
export const DELIVERY_SECONDS = 15 * 60;

/** S3 takes about five minutes to begin with sending events after they were switched on (Amazon S3 User Guide, "Enabling Amazon EventBridge"). */
export const START_SECONDS = 5 * 60;

export const slotOf = (seconds: number): number => Math.floor(seconds / SLOT_SECONDS) * SLOT_SECONDS;

export const changePartition = (bucket: string, slot: number, shard: number): string =>
  `${bucket}#${String(slot)}#${String(shard)}`;
