/** EventBridge source of our events; AWS refuses sources that begin with `aws.`. */
export const EVENT_SOURCE = 'cdk-s3-backup';

/** Detail-types of S3's own events that tell of new tags or a new ACL, and of which. */
export const CHANGE_EVENTS: Readonly<Record<string, 'tags' | 'acl'>> = {
  'Object Tags Added': 'tags',
  'Object Tags Deleted': 'tags',
  'Object ACL Updated': 'acl',
};

/** Detail-types of S3's own events that tell of new and of deleted versions: continuous backup takes these as well. */
export const VERSION_EVENTS = ['Object Created', 'Object Deleted'] as const;

/** Detail-types that continuous backup captures. */
export const CONTINUOUS_EVENTS: readonly string[] = [...VERSION_EVENTS, ...Object.keys(CHANGE_EVENTS)];

/**
 * A pattern has at most 2,048 characters (quota of EventBridge). All but the names takes 250 of them, a name at most 63 + 3, so 27
 * would fit.
 */
export const BUCKETS_PER_RULE = 25;

/** Pattern of S3's events about some buckets of an account. `names` are names of buckets, or what EventBridge matches them with. */
export const capturePattern = (account: string, detailTypes: readonly string[], names: readonly unknown[]) => ({
  source: ['aws.s3'],
  account: [account],
  'detail-type': detailTypes,
  detail: { bucket: { name: names } },
});

/** AWS Backup's detail-types. */
export const DetailType = {
  backupJob: 'Backup Job State Change',
  restoreJob: 'Restore Job State Change',
  recoveryPoint: 'Recovery Point State Change',
} as const;
