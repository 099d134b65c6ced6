/** EventBridge source of our events; AWS refuses sources that begin with `aws.`. */
export const EVENT_SOURCE = 'cdk-s3-backup';

/** AWS Backup's detail-types. */
export const DetailType = {
  backupJob: 'Backup Job State Change',
  restoreJob: 'Restore Job State Change',
  recoveryPoint: 'Recovery Point State Change',
} as const;
