import type * as s3 from 'aws-cdk-lib/aws-s3';
import { parseBucketArn, requireGeneralPurposeBucket } from './private/bucket-arn';

/** A bucket to back up: a general purpose bucket of the vault's own account and Region, with versioning enabled. */
export class BackupResource {
  /**
   * A bucket, of this app or imported. Buckets of this app are checked when the app is synthesized.
   *
   * @param bucket the bucket to protect
   */
  static fromBucket(bucket: s3.IBucket): BackupResource {
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

  /** ARN of the bucket. */
  readonly bucketArn: string;

  /** The bucket, when it was given as a construct. */
  readonly bucket?: s3.IBucket;

  private constructor(bucketArn: string, bucket?: s3.IBucket) {
    this.bucketArn = bucketArn;
    this.bucket = bucket;
  }
}
