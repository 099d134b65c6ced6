import { Aws, Stack } from 'aws-cdk-lib';
import type { RuntimeFunction } from '../runtime-function';
import type { VaultStorage } from '../vault-storage';

/** Every bucket, and every object, of the partition; `sameAccount` narrows it to the deployment's account. */
export const ANY_BUCKET = `arn:${Aws.PARTITION}:s3:::*`;
export const ANY_OBJECT = `${ANY_BUCKET}/*`;

/**
 * Also where buckets are named: another account can take the name of a bucket that was deleted.
 */
export const sameAccount = (fn: RuntimeFunction): { StringEquals: Record<string, string> } => ({
  StringEquals: { 'aws:ResourceAccount': Stack.of(fn).account },
});

/**
 * For looking at a bucket, which may not exist: then no account is its owner, and S3 is to say so itself. The runtime
 * names the expected owner in each call.
 */
export const sameAccountIfExists = (fn: RuntimeFunction): { StringEqualsIfExists: Record<string, string> } => ({
  StringEqualsIfExists: { 'aws:ResourceAccount': Stack.of(fn).account },
});

/** KMS keys of users' buckets, only in S3's hands. The key may be another account's: its own policy has to agree then. */
export function allowKeysThroughS3(fn: RuntimeFunction, ...actions: string[]): void {
  const { region, urlSuffix } = Stack.of(fn);
  fn.allow({
    actions,
    resources: [`arn:${Aws.PARTITION}:kms:${region}:*:key/*`],
    conditions: { StringEquals: { 'kms:ViaService': `s3.${region}.${urlSuffix}` } },
    reason: 'the keys of the buckets are not known here; kms:ViaService restricts their use to S3',
  });
}

/** What a restore may do in destinations. They are named when a restore starts: any bucket but the vault's own. */
export class DestinationAccess {
  constructor(private readonly storage: VaultStorage) {}

  /** Looks at the destination: does it exist, is it versioned, what is in it. */
  describe(fn: RuntimeFunction): void {
    fn.allow({
      actions: [
        's3:GetBucketLocation',
        's3:GetBucketOwnershipControls',
        's3:GetBucketVersioning',
        's3:ListBucket',
        's3:ListBucketVersions',
      ],
      resources: [ANY_BUCKET],
      conditions: sameAccountIfExists(fn),
      reason: DESTINATION_REASON,
    });
  }

  /** Creates a bucket with versioning, the source's object ownership, and all public access blocked. */
  create(fn: RuntimeFunction): void {
    // The bucket that is being created belongs to no account yet, so the condition on the account has nothing to hold.
    fn.allow({ actions: ['s3:CreateBucket'], resources: [ANY_BUCKET], reason: DESTINATION_REASON });
    const settings = ['s3:PutBucketVersioning', 's3:PutBucketOwnershipControls', 's3:PutBucketPublicAccessBlock'];
    this.allow(fn, ANY_BUCKET, settings);
    fn.deny(settings, this.ownBuckets());
  }

  /** Reads objects of users: lists of items to restore, and whether a key exists already. */
  readObjects(fn: RuntimeFunction): void {
    this.allow(fn, ANY_OBJECT, ['s3:GetObject']);
    allowKeysThroughS3(fn, 'kms:Decrypt');
  }

  /** Reads versions with all that belongs to them: an undo looks at what was there before. */
  readVersions(fn: RuntimeFunction): void {
    this.allow(fn, ANY_OBJECT, ['s3:GetObjectVersion', 's3:GetObjectVersionAcl', 's3:GetObjectVersionTagging']);
  }

  /** Writes objects, and adds delete markers; it can't remove a version. */
  write(fn: RuntimeFunction): void {
    this.allow(fn, ANY_OBJECT, [
      's3:AbortMultipartUpload',
      's3:DeleteObject',
      's3:GetObject',
      's3:GetObjectTagging',
      's3:GetObjectVersion',
      's3:GetObjectVersionAcl',
      's3:GetObjectVersionTagging',
      's3:ListMultipartUploadParts',
      's3:PutObject',
      's3:PutObjectAcl',
      's3:PutObjectTagging',
      's3:PutObjectVersionAcl',
      's3:PutObjectVersionTagging',
    ]);
    allowKeysThroughS3(fn, 'kms:Decrypt', 'kms:GenerateDataKey');
    const { vaultBucket, scratchBucket } = this.storage;
    const changes = [
      's3:DeleteObject',
      's3:PutObjectAcl',
      's3:PutObjectTagging',
      's3:PutObjectVersionAcl',
      's3:PutObjectVersionTagging',
    ];
    fn.deny(changes, [vaultBucket.arnForObjects('*'), scratchBucket.arnForObjects('*')]);
    // Not in the scratch bucket: the worker's own results go there.
    fn.deny(['s3:PutObject'], [vaultBucket.arnForObjects('*')]);
  }

  private allow(fn: RuntimeFunction, resource: string, actions: string[]): void {
    fn.allow({ actions, resources: [resource], conditions: sameAccount(fn), reason: DESTINATION_REASON });
  }

  private ownBuckets(): string[] {
    return [this.storage.vaultBucket.bucketArn, this.storage.scratchBucket.bucketArn];
  }
}

const DESTINATION_REASON =
  'a request names the destination when a restore starts; aws:ResourceAccount limits it to this account, and the own buckets are denied';
