import type * as s3 from 'aws-cdk-lib/aws-s3';
import { parseBucketArn, requireGeneralPurposeBucket } from './private/props/bucket-arn';
import { requireTags } from './private/props/tags';

/** A tag of buckets. */
export interface BackupTag {
  /** Key of the tag. */
  readonly key: string;

  /** Value of the tag. */
  readonly value: string;
}

/** Buckets to back up: general purpose buckets of the vault's own account and Region, with versioning enabled. */
export class BackupResource {
  /**
   * A bucket, of this app or imported. Buckets of this app are checked when the app is synthesized.
   *
   * @param bucket the bucket to protect
   */
  static fromBucket(bucket: s3.IBucket): BackupResource {
    // The CDK takes a name from any ARN that a bucket is imported by.
    parseBucketArn(bucket.bucketArn);
    requireGeneralPurposeBucket(bucket.bucketName);
    return new BackupResource(bucket.bucketArn, bucket);
  }

  /**
   * A bucket by its ARN, such as `arn:aws:s3:::my-bucket`. Patterns and ARNs of objects, access points, directory
   * buckets and Outposts buckets are refused.
   *
   * @param arn ARN of the bucket to protect
   */
  static fromArn(arn: string): BackupResource {
    parseBucketArn(arn);
    return new BackupResource(arn);
  }

  /**
   * All buckets that have a tag when a job is due: those that are made or tagged later are picked up, and the vault's own buckets
   * are left out. The roles of the vault may then read every bucket of the account but the vault's own.
   *
   * @param key key of the tag, 1 to 128 characters
   * @param value value of the tag, up to 256 characters
   */
  static fromTag(key: string, value: string): BackupResource {
    requireTags('tag', { [key]: value });
    return new BackupResource(undefined, undefined, { key, value });
  }

  /** ARN of the bucket, when one was given. */
  readonly bucketArn?: string;

  /** The bucket, when it was given as a construct. */
  readonly bucket?: s3.IBucket;

  /** Tag of the buckets, when one was given. */
  readonly tag?: BackupTag;

  private constructor(bucketArn?: string, bucket?: s3.IBucket, tag?: BackupTag) {
    this.bucketArn = bucketArn;
    this.bucket = bucket;
    this.tag = tag;
  }
}
