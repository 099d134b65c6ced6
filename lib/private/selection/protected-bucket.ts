import { Arn, ArnFormat, Aws, Stack, Token } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { BackupResource } from '../../backup-resource';
import { parseBucketArn } from '../props/bucket-arn';

/** A resource that is one bucket, and not all buckets of a tag. */
export type BucketResource = BackupResource & { readonly bucketArn: string };
export const isBucket = (resource: BackupResource): resource is BucketResource => resource.bucketArn !== undefined;

/** The L1 of a bucket that this app makes; none for an imported one. */
export function ownBucket(resource: BackupResource): s3.CfnBucket | undefined {
  const child = resource.bucket?.node.defaultChild;
  return child instanceof s3.CfnBucket ? child : undefined;
}

/** The bucket's name as text, where it is known now. */
export function knownName(resource: BucketResource): string | undefined {
  const given = ownBucket(resource)?.bucketName ?? resource.bucket?.bucketName;
  return given !== undefined && !Token.isUnresolved(given) ? given : parseBucketArn(resource.bucketArn);
}

/** The bucket's name for a template: text, or a reference. */
export function bucketName(resource: BucketResource): string {
  return (
    knownName(resource) ??
    resource.bucket?.bucketName ??
    Arn.split(resource.bucketArn, ArnFormat.NO_RESOURCE_NAME).resource
  );
}

/** One text for one bucket, however it was selected. Tokens that stand for the same attribute have the same text. */
export const identity = (resource: BucketResource): string => knownName(resource) ?? resource.bucketArn;

/**
 * The ARN for policies in the vault's stack, or undefined when that stack cannot know it. A reference to a bucket of
 * another stack would make the vault's stack depend on that stack, which often depends on the vault's already.
 */
function listableArn(resource: BucketResource, vaultStack: Stack): string | undefined {
  const name = knownName(resource);
  if (name !== undefined) {
    return `arn:${Aws.PARTITION}:s3:::${name}`;
  }
  const own = ownBucket(resource);
  return own && Stack.of(own) === vaultStack ? resource.bucketArn : undefined;
}

/** ARN and name of a resource as the vault's stack may use them; undefined where it knows of no single bucket. */
export function listable(resource: BackupResource, vaultStack: Stack): { arn: string; name: string } | undefined {
  // Which buckets have a tag is known only when a job is due.
  if (!isBucket(resource)) {
    return undefined;
  }
  const arn = listableArn(resource, vaultStack);
  return arn === undefined ? undefined : { arn, name: bucketName(resource) };
}
