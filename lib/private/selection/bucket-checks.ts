import { Annotations, Stack, Stage, Token } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { BackupVault } from '../../backup-vault';
import { type BucketResource, knownName, ownBucket } from './protected-bucket';

/** What makes a backup of a selected bucket impossible, as far as it can be seen when the app is synthesized. */
export function bucketProblems(resource: BucketResource, vault: BackupVault): string[] {
  const bucket = bucketOfApp(resource, vault);
  const name = describe(resource, bucket);
  const problems: string[] = [];
  if (isVaultStorage(resource, vault)) {
    problems.push(`${name} belongs to a backup vault and cannot be backed up; select only buckets with your own data`);
    return problems;
  }
  const versioning = bucket && versioningOf(bucket);
  if (versioning !== undefined && versioning !== 'Enabled') {
    problems.push(
      `${name} must have versioning enabled to be backed up, got ${versioning}; set \`versioned: true\` on the bucket`,
    );
  }
  problems.push(...placeProblems(resource, vault, name));
  return problems;
}

/** What makes backups of a selected bucket dearer than they have to be. */
export function warnAboutBucket(scope: Construct, resource: BucketResource): void {
  const bucket = bucketOfApp(resource, scope);
  if (!bucket) {
    return;
  }
  const rules = lifecycleRules(bucket);
  if (rules === undefined) {
    return;
  }
  const name = describe(resource, bucket);
  if (!rules.some(expiresNoncurrentVersions)) {
    Annotations.of(scope).addWarningV2(
      `cdk-s3-backup:noLifecycleExpiration:${bucket.node.path}`,
      `${name} has no lifecycle rule that expires noncurrent versions, so S3 keeps and bills them without end; add a rule with \`noncurrentVersionExpiration\``,
    );
  }
  if (bucket.intelligentTieringConfigurations !== undefined || rules.some(movesToIntelligentTiering)) {
    Annotations.of(scope).addWarningV2(
      `cdk-s3-backup:intelligentTiering:${bucket.node.path}`,
      `${name} uses S3 Intelligent-Tiering: the first backup reads every object, and S3 moves each back to the frequent access tier. Backups skip objects in the archive tiers`,
    );
  }
}

const describe = (resource: BucketResource, own: s3.CfnBucket | undefined): string =>
  `bucket ${knownName(resource) ?? resource.bucket?.node.path ?? own?.node.scope?.node.path ?? '(whose ARN is not known yet)'}`;

/** The bucket of this app that is meant, also by its ARN or by its name alone. */
function bucketOfApp(resource: BucketResource, scope: Construct): s3.CfnBucket | undefined {
  const own = ownBucket(resource);
  if (own) {
    return own;
  }
  const names = [knownName(resource), resource.bucket?.bucketName];
  const isMeant = ({ arn, name }: { arn: string; name: string | undefined }): boolean =>
    arn === resource.bucketArn || (name !== undefined && names.includes(name));
  for (const node of (Stage.of(scope) ?? scope.node.root).node.findAll()) {
    if (node instanceof s3.CfnBucket && isMeant({ arn: node.attrArn, name: node.bucketName })) {
      return node;
    }
    if (node instanceof s3.Bucket && isMeant({ arn: node.bucketArn, name: node.bucketName })) {
      return node.node.defaultChild as s3.CfnBucket;
    }
  }
  return undefined;
}

/** Of any vault in the app: a backup of a vault would grow with every backup. */
function isVaultStorage(resource: BucketResource, vault: BackupVault): boolean {
  const vaults = vault.node.root.node.findAll().filter((node): node is BackupVault => node instanceof BackupVault);
  return vaults
    .flatMap(({ vaultBucket, scratchBucket }) => [vaultBucket, scratchBucket])
    .some(
      (bucket) =>
        bucket === resource.bucket ||
        bucket.bucketArn === resource.bucketArn ||
        bucket.bucketName === resource.bucket?.bucketName,
    );
}

/** State of versioning of a bucket of this app; undefined when the value is a token. */
function versioningOf(bucket: s3.CfnBucket): string | undefined {
  const configuration = resolved(bucket, bucket.versioningConfiguration) as { status?: unknown } | undefined;
  const status = configuration?.status ?? 'no versioning';
  return typeof status === 'string' ? status : undefined;
}

/** Account and Region have to be the vault's; either may be unknown. */
function placeProblems(resource: BucketResource, vault: BackupVault, name: string): string[] {
  const { bucket } = resource;
  if (!bucket) {
    return [];
  }
  const own = Stack.of(vault);
  const differs = (theirs: string, ours: string): boolean =>
    !Token.isUnresolved(theirs) && !Token.isUnresolved(ours) && theirs !== ours;
  return [
    ...(differs(bucket.env.region, own.region)
      ? [
          `${name} must be in the Region of its vault (${own.region}), got ${bucket.env.region}; use a vault in the Region of the bucket`,
        ]
      : []),
    ...(differs(bucket.env.account, own.account)
      ? [
          `${name} must be in the account of its vault (${own.account}), got ${bucket.env.account}; use a vault in the account of the bucket`,
        ]
      : []),
  ];
}

type LifecycleRule = s3.CfnBucket.RuleProperty;

/** Rules of a bucket as they will be deployed, or undefined when they are a token. */
function lifecycleRules(bucket: s3.CfnBucket): LifecycleRule[] | undefined {
  const configuration = resolved(bucket, bucket.lifecycleConfiguration) as { rules?: unknown } | undefined;
  if (configuration === undefined) {
    return [];
  }
  return Array.isArray(configuration.rules) ? (configuration.rules as LifecycleRule[]) : undefined;
}

const isEnabled = (rule: LifecycleRule): boolean => rule.status === 'Enabled';

const expiresNoncurrentVersions = (rule: LifecycleRule): boolean =>
  isEnabled(rule) &&
  (rule.noncurrentVersionExpiration !== undefined || rule.noncurrentVersionExpirationInDays !== undefined);

const movesToIntelligentTiering = (rule: LifecycleRule): boolean =>
  isEnabled(rule) && JSON.stringify(rule).includes('"INTELLIGENT_TIERING"');

const resolved = (bucket: s3.CfnBucket, value: unknown): unknown => Stack.of(bucket).resolve(value) as unknown;
