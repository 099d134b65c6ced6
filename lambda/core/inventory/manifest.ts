import { createHash } from 'node:crypto';
import * as z from 'zod';
import { BackupError, ErrorName } from '../../contract/errors';
import { toIso } from '../values/instant';

export type InventoryFormat = 'CSV' | 'Parquet';

/** One data file of a report. */
export interface InventoryFile {
  readonly key: string;
  readonly size: number;
  /** Hex. */
  readonly md5: string;
}

/** `manifest.json` of an S3 Inventory report, checked. */
export interface InventoryManifest {
  readonly format: InventoryFormat;
  /** When the scan began by the manifest's own word, epoch seconds. */
  readonly createdAt?: number;
  /** Names of the columns in their order, by the names of CSV reports; for Parquet the file's own schema counts. */
  readonly columns: readonly string[];
  readonly files: readonly InventoryFile[];
}

/** Columns that every report of all versions has, in S3's order. */
const FIXED_COLUMNS = ['Bucket', 'Key', 'VersionId', 'IsLatest', 'IsDeleteMarker'] as const;

/**
 * The optional fields of reports, in S3's order. Fields that S3 added later (expiry by lifecycle, tiering dates, holds) say nothing
 * of what a version is, and are not offered in every Region.
 */
export const INVENTORY_FIELDS = [
  'Size',
  'LastModifiedDate',
  'ETag',
  'StorageClass',
  'IsMultipartUploaded',
  'ReplicationStatus',
  'EncryptionStatus',
  'ObjectLockRetainUntilDate',
  'ObjectLockMode',
  'ObjectLockLegalHoldStatus',
  'IntelligentTieringAccessTier',
  'BucketKeyStatus',
  'ChecksumAlgorithm',
  'ObjectAccessControlList',
  'ObjectOwner',
] as const;

/** All columns of a report that has every field. */
export const INVENTORY_COLUMNS = [...FIXED_COLUMNS, ...INVENTORY_FIELDS] as const;
export type InventoryColumn = (typeof INVENTORY_COLUMNS)[number];

/** Without these a backup cannot tell versions apart. */
const REQUIRED_COLUMNS = [
  'Key',
  'VersionId',
  'IsDeleteMarker',
  'Size',
  'LastModifiedDate',
  'ETag',
] as const satisfies readonly InventoryColumn[];

const MD5 = /^[0-9a-f]{32}$/i;
const schema = z.object({
  sourceBucket: z.string(),
  destinationBucket: z.string(),
  version: z.literal('2016-11-30', { error: 'must be 2016-11-30, the only version that this release supports' }),
  // Fifteen digits reach beyond the year 30,000; what is longer is no instant at all.
  creationTimestamp: z
    .string()
    .regex(/^\d{1,15}$/, 'must be in milliseconds')
    .optional(),
  fileFormat: z.enum(['CSV', 'Parquet'], { error: 'must be CSV or Parquet: change the inventory configuration' }),
  fileSchema: z.string(),
  files: z.array(
    z.object({ key: z.string().min(1), size: z.int().min(0), MD5checksum: z.string().regex(MD5, 'must be an MD5') }),
  ),
});

/** Why a report cannot be used. Nothing is committed from it. */
export const inventoryInvalid = (what: string, problem: string, cause?: unknown): BackupError =>
  new BackupError(
    ErrorName.inventoryInvalid,
    `${what} ${problem}: wait for the next report, or use the source "listing"`,
    { cause },
  );

/** Throws `InventoryInvalid` unless a manifest is the one that manifest.checksum is about. */
export function checkInventoryManifest(bytes: Uint8Array, checksum: string, name: string): void {
  if (createHash('md5').update(bytes).digest('hex') !== checksum.trim().toLowerCase())
    throw inventoryInvalid(`inventory report ${name}`, 'does not match the MD5 in its manifest.checksum');
}

/** Reads a report's manifest. Throws `InventoryInvalid` with every problem. */
export function parseInventoryManifest(
  bytes: Uint8Array,
  expected: { readonly name: string; readonly sourceBucket: string; readonly destinationBucket: string },
): InventoryManifest {
  const what = `inventory report ${expected.name}`;
  const parsed = schema.safeParse(parseJson(bytes));
  if (!parsed.success)
    throw inventoryInvalid(
      what,
      parsed.error.issues.map((issue) => `${issue.path.join('.') || 'manifest.json'} ${issue.message}`).join('; '),
    );
  const { sourceBucket, destinationBucket, creationTimestamp, fileFormat: format, fileSchema, files } = parsed.data;
  const columns = format === 'CSV' ? fileSchema.split(',').map((name) => name.trim()) : [];
  const problems = [
    ...(sourceBucket === expected.sourceBucket
      ? []
      : [`covers bucket "${sourceBucket}", expected "${expected.sourceBucket}"`]),
    ...(destinationBucket.endsWith(`:${expected.destinationBucket}`)
      ? []
      : [`has its files in "${destinationBucket}", expected "${expected.destinationBucket}"`]),
    ...(format === 'CSV' ? columnProblems(columns) : []),
    ...(new Set(files.map((file) => file.key)).size === files.length ? [] : ['names a data file twice']),
  ];
  if (problems.length > 0) throw inventoryInvalid(what, problems.join('; '));
  return {
    format,
    createdAt: creationTimestamp === undefined ? undefined : Math.floor(Number(creationTimestamp) / 1_000),
    columns,
    files: files.map(({ key, size, MD5checksum }) => ({ key, size, md5: MD5checksum.toLowerCase() })),
  };
}

/** What is wrong with a report's columns, if anything. */
export function columnProblems(columns: readonly string[]): string[] {
  const missing = REQUIRED_COLUMNS.filter((name) => !columns.includes(name));
  return [
    ...(missing.length > 0
      ? [`lacks the columns ${missing.join(', ')}: the inventory must include all versions and these fields`]
      : []),
    ...(new Set(columns).size === columns.length ? [] : ['has a column twice']),
  ];
}

/**
 * When a report's scan began. Its folder says so to the minute, and its manifest to the millisecond: the earlier one counts, as what was
 * written after it may be missing. Throws `InventoryInvalid` for a report that began after it was written.
 */
export function scanStart(name: string, { createdAt }: InventoryManifest, folder: number, written: number): number {
  const latest = Math.max(folder, createdAt ?? folder);
  if (latest > written)
    throw inventoryInvalid(
      `inventory report ${name}`,
      `began ${toIso(latest)}, after it was written: remove it from the scratch bucket`,
    );
  return Math.min(folder, createdAt ?? folder);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** `2026-11-24T01-00Z`, the folder of a report: when its scan began. Epoch seconds; undefined for anything else. */
export function reportStart(folder: string): number | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})Z$/.exec(folder);
  if (!match) return undefined;
  const millis = Date.parse(`${match[1] ?? ''}T${match[2] ?? ''}:${match[3] ?? ''}:00Z`);
  return Number.isNaN(millis) ? undefined : millis / 1_000;
}
