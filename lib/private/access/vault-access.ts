import { Stack } from 'aws-cdk-lib';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { CatalogTable } from '../../../lambda/contract/catalog-schema';
import { Env } from '../../../lambda/contract/env';
import { CLAIMS_PATH, ScratchPrefix, VAULT_FORMAT_KEY, VaultPrefix } from '../../../lambda/contract/layout';
import type { RuntimeFunction } from '../runtime-function';
import type { VaultStorage } from '../vault-storage';

/** Parts of the vault that a function may be given, as IAM resource patterns below the bucket. */
export const VaultPart = {
  format: VAULT_FORMAT_KEY,
  buckets: `${VaultPrefix.buckets}*`,
  timelines: `${VaultPrefix.buckets}*/timeline/*`,
  indexes: `${VaultPrefix.buckets}*/index/*`,
  segments: `${VaultPrefix.buckets}*/segments/*`,
  reports: `${VaultPrefix.buckets}*/reports/*`,
  packs: `${VaultPrefix.packs}*`,
  objects: `${VaultPrefix.objects}*`,
} as const;
type VaultPartValue = (typeof VaultPart)[keyof typeof VaultPart];

/**
 * What a function of the runtime may do in its own vault: one method a capability. The names of both buckets are no
 * secret of a capability (every step refuses to back them up), so all functions of the workflows have them.
 *
 * Reading always includes ListBucket: without it S3 answers "forbidden" for a key that is not there, and the runtime
 * has to tell "not there" from "not allowed".
 */
export class VaultAccess {
  constructor(private readonly storage: VaultStorage) {}

  readVault(fn: RuntimeFunction, ...parts: VaultPartValue[]): void {
    const { vaultBucket } = this.storage;
    this.list(fn, vaultBucket);
    fn.allow({
      actions: ['s3:GetObject', 's3:GetObjectVersion'],
      resources: parts.map((part) => vaultBucket.arnForObjects(part)),
      reason: 'names of vault files depend on job and content, which are not known in advance',
    });
    this.useKey(fn, 'kms:Decrypt');
  }

  writeVault(fn: RuntimeFunction, ...parts: VaultPartValue[]): void {
    const { vaultBucket } = this.storage;
    fn.allow({
      actions: ['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
      resources: parts.map((part) => vaultBucket.arnForObjects(part)),
      reason: 'names of vault files depend on job and content, which are not known in advance',
    });
    // Decrypt as well: S3 needs it to put the parts of a multipart upload together.
    this.useKey(fn, 'kms:GenerateDataKey', 'kms:Decrypt');
  }

  readScratch(fn: RuntimeFunction): void {
    this.scratch(fn, ['s3:GetObject']);
    this.list(fn, this.storage.scratchBucket);
    this.useKey(fn, 'kms:Decrypt');
  }

  /** Work files are read as well as written: who finds a result written by another attempt returns that one. */
  useScratch(fn: RuntimeFunction): void {
    this.scratch(fn, ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts']);
    this.list(fn, this.storage.scratchBucket);
    this.useKey(fn, 'kms:GenerateDataKey', 'kms:Decrypt');
  }

  /** Reports that S3 Inventory delivered. */
  readInventory(fn: RuntimeFunction): void {
    const { scratchBucket } = this.storage;
    fn.allow({
      actions: ['s3:GetObject'],
      resources: [scratchBucket.arnForObjects(`${ScratchPrefix.inventory}*`)],
      reason: 'S3 names inventory reports by bucket and time, which are not known in advance',
    });
    this.list(fn, scratchBucket);
    this.useKey(fn, 'kms:Decrypt');
  }

  useCatalog(fn: RuntimeFunction): void {
    const { catalogTable } = this.storage;
    fn.setEnv(Env.catalogTable, catalogTable.tableName);
    fn.allow({
      actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
      resources: [catalogTable.tableArn, `${catalogTable.tableArn}/index/${CatalogTable.index}`],
    });
    this.useTableKey(fn);
  }

  writeChanges(fn: RuntimeFunction): void {
    this.useChangeLog(fn, 'dynamodb:BatchWriteItem');
  }

  readChanges(fn: RuntimeFunction): void {
    this.useChangeLog(fn, 'dynamodb:Query');
  }

  /** Which vault backs a bucket up continuously: vaults of an account and Region tell each other. */
  claimBuckets(fn: RuntimeFunction): void {
    fn.allow({
      actions: ['ssm:GetParameter', 'ssm:PutParameter'],
      resources: [Stack.of(fn).formatArn({ service: 'ssm', resource: `parameter${CLAIMS_PATH}*` })],
      reason: 'claims are named after buckets, which are not known in advance',
    });
  }

  publishEvents(fn: RuntimeFunction): void {
    const bus = Stack.of(fn).formatArn({ service: 'events', resource: 'event-bus', resourceName: 'default' });
    fn.allow({ actions: ['events:PutEvents'], resources: [bus] });
  }

  /** Reports of restores, which cannot write to the vault. The summary is written anew when its step is repeated. */
  writeRestoreReports(fn: RuntimeFunction): void {
    this.scratch(fn, ['s3:GetObject', 's3:PutObject'], ScratchPrefix.reports);
  }

  private useChangeLog(fn: RuntimeFunction, action: string): void {
    const { changeLogTable } = this.storage;
    fn.setEnv(Env.changeLogTable, changeLogTable.tableName);
    fn.allow({ actions: [action], resources: [changeLogTable.tableArn] });
    this.useTableKey(fn);
  }

  private useTableKey(fn: RuntimeFunction): void {
    fn.allow({
      actions: ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey'],
      resources: [this.storage.encryptionKey.keyArn],
    });
  }

  private scratch(fn: RuntimeFunction, actions: string[], prefix: string = ScratchPrefix.jobs): void {
    fn.allow({
      actions,
      resources: [this.storage.scratchBucket.arnForObjects(`${prefix}*`)],
      reason: 'each job has its own folder of work files, which is not known in advance',
    });
  }

  private list(fn: RuntimeFunction, bucket: s3.Bucket): void {
    fn.allow({ actions: ['s3:ListBucket'], resources: [bucket.bucketArn] });
  }

  private useKey(fn: RuntimeFunction, ...actions: string[]): void {
    this.storage.encryptionKey.grant(fn.role, ...actions);
  }
}
