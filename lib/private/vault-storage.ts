import { Aws, Duration, type RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { CatalogTable } from '../../lambda/contract/catalog-schema';
import { ChangeLogTable } from '../../lambda/contract/change-log-schema';
import { ScratchPrefix, WORK_FILE_DAYS } from '../../lambda/contract/layout';
import { acknowledge } from './nag';

/**
 * Work files outlive the job that made them by the 14 days in which Step Functions can redrive a failed execution; a
 * plan's windows have to fit in (backup-plan-rule.ts).
 */
export const SCRATCH_LIFETIME = Duration.days(WORK_FILE_DAYS);

/** Reports of restore jobs; those of backups are in the vault, and stay. */
const REPORT_LIFETIME = Duration.days(365);

/** An unfinished multipart upload is billed and appears in no listing. */
const ABORT_UPLOADS_AFTER = Duration.days(7);

/** Where a vault keeps things. */
export interface VaultStorage {
  readonly encryptionKey: kms.IKey;
  readonly vaultBucket: s3.Bucket;
  readonly scratchBucket: s3.Bucket;
  readonly catalogTable: dynamodb.Table;
  readonly changeLogTable: dynamodb.Table;
}

/** The constructs are children of the vault itself: their logical IDs are part of what users have deployed. */
export function createStorage(vault: Construct, encryptionKey: kms.IKey, removalPolicy: RemovalPolicy): VaultStorage {
  const protection: s3.BucketProps = {
    encryption: s3.BucketEncryption.KMS,
    encryptionKey,
    // One KMS request for many objects instead of one each.
    bucketKeyEnabled: true,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    removalPolicy,
  };
  const vaultBucket = new s3.Bucket(vault, 'VaultBucket', {
    ...protection,
    versioned: true,
    lifecycleRules: [{ id: 'AbortUploads', abortIncompleteMultipartUploadAfter: ABORT_UPLOADS_AFTER }],
  });
  const scratchBucket = new s3.Bucket(vault, 'ScratchBucket', {
    ...protection,
    lifecycleRules: [
      { id: 'AbortUploads', abortIncompleteMultipartUploadAfter: ABORT_UPLOADS_AFTER },
      expire(ScratchPrefix.jobs, SCRATCH_LIFETIME),
      expire(ScratchPrefix.mapResults, SCRATCH_LIFETIME),
      expire(ScratchPrefix.inventory, SCRATCH_LIFETIME),
      expire(ScratchPrefix.reports, REPORT_LIFETIME),
    ],
  });
  for (const bucket of [vaultBucket, scratchBucket]) {
    acknowledge(
      bucket,
      'AwsSolutions-S1',
      'only the roles of the vault have access, and CloudTrail data events can record it; access logs would need one more bucket per vault',
    );
  }
  letInventoryDeliver(scratchBucket, encryptionKey);
  const catalogTable = new dynamodb.Table(vault, 'CatalogTable', {
    partitionKey: { name: CatalogTable.partitionKey, type: dynamodb.AttributeType.STRING },
    sortKey: { name: CatalogTable.sortKey, type: dynamodb.AttributeType.STRING },
    billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    encryption: dynamodb.TableEncryption.CUSTOMER_MANAGED,
    encryptionKey,
    removalPolicy,
  });
  catalogTable.addGlobalSecondaryIndex({
    indexName: CatalogTable.index,
    partitionKey: { name: CatalogTable.indexPartitionKey, type: dynamodb.AttributeType.STRING },
    sortKey: { name: CatalogTable.indexSortKey, type: dynamodb.AttributeType.STRING },
    projectionType: dynamodb.ProjectionType.ALL,
  });
  const changeLogTable = new dynamodb.Table(vault, 'ChangeLogTable', {
    partitionKey: { name: ChangeLogTable.partitionKey, type: dynamodb.AttributeType.STRING },
    sortKey: { name: ChangeLogTable.sortKey, type: dynamodb.AttributeType.STRING },
    timeToLiveAttribute: ChangeLogTable.timeToLive,
    billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
    encryption: dynamodb.TableEncryption.CUSTOMER_MANAGED,
    encryptionKey,
    removalPolicy,
  });
  acknowledge(
    changeLogTable,
    'AwsSolutions-DDB3',
    'the next backup commits its content to the vault, and no item is older than 14 days',
  );
  return { encryptionKey, vaultBucket, scratchBucket, catalogTable, changeLogTable };
}

const expire = (prefix: string, expiration: Duration): s3.LifecycleRule => ({
  id: `Expire-${prefix.slice(0, -1)}`,
  prefix,
  expiration,
});

/**
 * Lets S3 deliver inventory reports of this account's buckets, and nothing else, under one prefix. The policy of a key that this
 * app does not make cannot be changed here: its owner has to allow the same.
 */
function letInventoryDeliver(scratchBucket: s3.Bucket, encryptionKey: kms.IKey): void {
  const { account } = Stack.of(scratchBucket);
  const byInventory = {
    sid: 'InventoryReports',
    principals: [new iam.ServicePrincipal('s3.amazonaws.com')],
  };
  const anyBucket = { ArnLike: { 'aws:SourceArn': `arn:${Aws.PARTITION}:s3:::*` } };
  scratchBucket.addToResourcePolicy(
    new iam.PolicyStatement({
      ...byInventory,
      actions: ['s3:PutObject'],
      resources: [scratchBucket.arnForObjects(`${ScratchPrefix.inventory}*`)],
      conditions: {
        StringEquals: { 'aws:SourceAccount': account, 's3:x-amz-acl': 'bucket-owner-full-control' },
        ...anyBucket,
      },
    }),
  );
  encryptionKey.addToResourcePolicy(
    new iam.PolicyStatement({
      ...byInventory,
      actions: ['kms:GenerateDataKey*'],
      resources: ['*'],
      conditions: { StringEquals: { 'aws:SourceAccount': account }, ...anyBucket },
    }),
  );
}

/**
 * Takes from the vault's own roles what no step of a workflow may do, whatever their policies say one day: remove a
 * version, weaken a lock, or have the lifecycle do either (docs/reference/format.md, invariant 4).
 */
export function denyDestruction(vaultBucket: s3.Bucket, roleArns: readonly string[]): void {
  vaultBucket.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: 'RuntimeNeverDestroys',
      effect: iam.Effect.DENY,
      // By condition and not by principal: a principal turns into a dead ID when its role is replaced.
      principals: [new iam.AnyPrincipal()],
      conditions: { ArnEquals: { 'aws:PrincipalArn': roleArns } },
      actions: [
        's3:DeleteObjectVersion',
        's3:DeleteObjectVersionTagging',
        's3:BypassGovernanceRetention',
        's3:PutLifecycleConfiguration',
        's3:PutBucketVersioning',
        's3:PutBucketPolicy',
        's3:DeleteBucketPolicy',
        's3:DeleteBucket',
      ],
      resources: [vaultBucket.bucketArn, vaultBucket.arnForObjects('*')],
    }),
  );
}
