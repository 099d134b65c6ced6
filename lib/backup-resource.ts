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

/**
 * One bucket, or all buckets with a tag, to back up. They must be general purpose buckets in the vault's
 * account and Region, with versioning enabled.
 */
export class BackupResource {
  /**
   * A bucket of this app, or an imported one. Synthesis checks buckets of this app. It throws for
   * directory buckets, access points and Outposts buckets.
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
   * A bucket by its ARN, such as `arn:aws:s3:::my-bucket`. It throws for patterns, and for ARNs of
   * objects, access points, directory buckets and Outposts buckets.
   *
   * @param arn ARN of the bucket to protect
   */
  static fromArn(arn: string): BackupResource {
    parseBucketArn(arn);
    return new BackupResource(arn);
  }

  /**
   * All buckets that have a tag when a job is due. Buckets that are created or tagged after deployment
   * are included; the vault's own buckets are excluded.
   *
   * The roles of the vault may then read every bucket of the account except the vault's own.
   *
   * @param key key of the tag, 1 to 128 characters
   * @param value value of the tag, up to 256 characters
   */
  static fromTag(key: string, value: string): BackupResource {
    requireTags('tag', { [key]: value });
    return new BackupResource(undefined, undefined, { key, value });
  }

  /** ARN of the bucket; undefined for a tag. */
  readonly bucketArn?: string;

  /** The bucket construct; undefined for an ARN or a tag. */
  readonly bucket?: s3.IBucket;

  /** Tag of the buckets; undefined for a single bucket. */
  readonly tag?: BackupTag;

  private constructor(bucketArn?: string, bucket?: s3.IBucket, tag?: BackupTag) {
    this.bucketArn = bucketArn;
    this.bucket = bucket;
    this.tag = tag;
  }
}
