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

/** AWS Backup's detail-types. */
export const DetailType = {
  backupJob: 'Backup Job State Change',
  restoreJob: 'Restore Job State Change',
  recoveryPoint: 'Recovery Point State Change',
} as const;
