/**
 * The two policies that AWS's documentation asks for where a role is to back up and restore S3 ("Creating S3 backups",
 * required permissions), statement by statement. They name the partition `aws`, as the documentation does.
 */
export interface DocumentedStatement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const THROUGH_S3 = { StringLike: { 'kms:ViaService': 's3.*' } };

export const BACKUP_STATEMENTS: readonly DocumentedStatement[] = [
  {
    Sid: 'S3BucketBackupPermissions',
    Effect: 'Allow',
    Action: [
      's3:GetInventoryConfiguration',
      's3:PutInventoryConfiguration',
      's3:ListBucketVersions',
      's3:ListBucket',
      's3:GetBucketVersioning',
      's3:GetBucketNotification',
      's3:PutBucketNotification',
      's3:GetBucketLocation',
      's3:GetBucketTagging',
    ],
    Resource: ['arn:aws:s3:::*'],
  },
  {
    Sid: 'S3ObjectBackupPermissions',
    Effect: 'Allow',
    Action: [
      's3:GetObjectAcl',
      's3:GetObject',
      's3:GetObjectVersionTagging',
      's3:GetObjectVersionAcl',
      's3:GetObjectTagging',
      's3:GetObjectVersion',
    ],
    Resource: ['arn:aws:s3:::*/*'],
  },
  {
    Sid: 'S3GlobalPermissions',
    Effect: 'Allow',
    Action: ['s3:ListAllMyBuckets'],
    Resource: ['*'],
  },
  {
    Sid: 'KMSBackupPermissions',
    Effect: 'Allow',
    Action: ['kms:Decrypt', 'kms:DescribeKey'],
    Resource: ['*'],
    Condition: THROUGH_S3,
  },
  {
    Sid: 'EventsPermissions',
    Effect: 'Allow',
    Action: [
      'events:DescribeRule',
      'events:EnableRule',
      'events:PutRule',
      'events:DeleteRule',
      'events:PutTargets',
      'events:RemoveTargets',
      'events:ListTargetsByRule',
      'events:DisableRule',
    ],
    Resource: ['arn:aws:events:*:*:rule/AwsBackupManagedRule*'],
  },
  {
    Sid: 'EventsMetricsGlobalPermissions',
    Effect: 'Allow',
    Action: ['cloudwatch:GetMetricData', 'events:ListRules'],
    Resource: ['*'],
  },
];

export const RESTORE_STATEMENTS: readonly DocumentedStatement[] = [
  {
    Sid: 'S3BucketRestorePermissions',
    Effect: 'Allow',
    Action: [
      's3:CreateBucket',
      's3:ListBucketVersions',
      's3:ListBucket',
      's3:GetBucketVersioning',
      's3:GetBucketLocation',
      's3:PutBucketVersioning',
    ],
    Resource: ['arn:aws:s3:::*'],
  },
  {
    Sid: 'S3ObjectRestorePermissions',
    Effect: 'Allow',
    Action: [
      's3:GetObject',
      's3:GetObjectVersion',
      's3:DeleteObject',
      's3:PutObjectVersionAcl',
      's3:GetObjectVersionAcl',
      's3:GetObjectTagging',
      's3:PutObjectTagging',
      's3:GetObjectAcl',
      's3:PutObjectAcl',
      's3:PutObject',
      's3:ListMultipartUploadParts',
    ],
    Resource: ['arn:aws:s3:::*/*'],
  },
  {
    Sid: 'S3KMSPermissions',
    Effect: 'Allow',
    Action: ['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey'],
    Resource: ['*'],
    Condition: THROUGH_S3,
  },
];
