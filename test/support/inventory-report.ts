import { parquetWriteBuffer } from 'hyparquet-writer';
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { wantedInventory } from '../../lambda/adapters/bucket-inventory';
import type { MemoryS3, MemoryVersion } from '../../lambda/adapters/memory';
import { INVENTORY_COLUMNS } from '../../lambda/core/inventory/manifest';
import { inventoryConfigId, vaultInventory } from '../../lambda/core/inventory/place';

/** Columns of a CSV report in AWS's order. */
export const CSV_COLUMNS: readonly string[] = INVENTORY_COLUMNS;

export type Record = Readonly<{ [column: string]: string }>;

export interface ReportOptions {
  readonly format?: 'CSV' | 'Parquet';
  readonly columns?: readonly string[];
  readonly files?: number;
  /** What the report says of the versions; the truth when absent. */
  readonly change?: (records: Record[]) => readonly Record[];
  /** What is wrong with a data file, which the manifest describes as it is then. */
  readonly data?: (body: Uint8Array) => Uint8Array;
  /** What is wrong with its files. */
  readonly manifest?: (manifest: { [field: string]: unknown }) => void;
  readonly damage?: (files: Map<string, Uint8Array>) => void;
}

/** Writes a report about a bucket of the model into the scratch bucket, as S3 delivers it. The clock goes on to a full minute. */
export function deliverReport(s3: MemoryS3, bucket: string, scratch: string, options: ReportOptions = {}): string {
  const { format = 'CSV', columns = CSV_COLUMNS, files: count = 3 } = options;
  s3.advance(60 - (s3.now % 60));
  const stamp = new Date(s3.now * 1_000).toISOString().slice(0, 16).replace(/:/g, '-') + 'Z';
  configure(s3, bucket, scratch);
  const place = `inventory/${bucket}/${inventoryConfigId(scratch)}/`;
  const latest = new Set<string>();
  const truth = s3.versions(bucket).map((version) => {
    const isLatest = !latest.has(version.key);
    latest.add(version.key);
    return recordOf(bucket, version, isLatest, s3.owner);
  });
  const records = shuffled(options.change ? options.change(truth) : truth);
  const size = Math.max(1, Math.ceil(records.length / count));
  const data = Array.from({ length: count }, (_, i) => records.slice(i * size, (i + 1) * size));
  const files = new Map<string, Uint8Array>();
  data.forEach((part, index) => {
    const body = format === 'CSV' ? csv(part, columns) : parquet(part, columns);
    files.set(
      `${place}data/${stamp}-${String(index)}.${format === 'CSV' ? 'csv.gz' : 'parquet'}`,
      options.data?.(body) ?? body,
    );
  });
  const manifest: { [field: string]: unknown } = {
    sourceBucket: bucket,
    destinationBucket: `arn:aws:s3:::${scratch}`,
    version: '2016-11-30',
    creationTimestamp: String(s3.now * 1_000),
    fileFormat: format,
    fileSchema: format === 'CSV' ? columns.join(', ') : 'message s3.inventory { }',
    files: [...files].map(([key, body]) => ({ key, size: body.byteLength, MD5checksum: md5(body) })),
  };
  options.manifest?.(manifest);
  const json = Buffer.from(JSON.stringify(manifest));
  files.set(`${place}${stamp}/manifest.json`, json);
  files.set(`${place}${stamp}/manifest.checksum`, Buffer.from(md5(json)));
  options.damage?.(files);
  for (const [key, body] of files) s3.put(scratch, key, body);
  return `${place}${stamp}/`;
}

/** Reports come of a configuration: that of a job before, unless a test has set another one. */
function configure(s3: MemoryS3, bucket: string, scratch: string): void {
  const { inventories } = s3.bucket(bucket);
  const settings = vaultInventory(scratch);
  if (!inventories.has(settings.id))
    inventories.set(settings.id, wantedInventory({ ...settings, format: 'Parquet' }, s3.account));
}

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

function recordOf(bucket: string, version: MemoryVersion, isLatest: boolean, owner: string): Record {
  const acl = version.acl ?? { owner, grants: [{ grantee: { id: owner }, permission: 'FULL_CONTROL' }] };
  const grants = acl.grants.map(({ grantee, permission }) =>
    'id' in grantee
      ? { canonicalId: grantee.id, type: 'CanonicalUser', permission }
      : { uri: grantee.uri, type: 'Group', permission },
  );
  const common = {
    Bucket: bucket,
    Key: version.key,
    VersionId: version.versionId === 'null' ? '' : version.versionId,
    IsLatest: String(isLatest),
    IsDeleteMarker: String(version.isMarker),
    LastModifiedDate: new Date(version.lastModified * 1_000).toISOString(),
  };
  if (version.isMarker) return common;
  return {
    ...common,
    Size: String(version.body.length),
    ETag: version.etag,
    StorageClass: version.storageClass,
    IsMultipartUploaded: String(version.etag.includes('-')),
    EncryptionStatus: 'SSE-S3',
    ChecksumAlgorithm: version.checksumAlgorithm === 'none' ? '' : version.checksumAlgorithm,
    ObjectOwner: acl.owner,
    ObjectAccessControlList: Buffer.from(
      JSON.stringify({ version: '2022-11-10', status: 'AVAILABLE', grants }),
    ).toString('base64'),
  };
}

function csv(records: readonly Record[], columns: readonly string[]): Uint8Array {
  const field = (column: string, value: string): string => {
    const text = column === 'Key' ? encodeURIComponent(value).replaceAll('%20', '+').replaceAll('%2F', '/') : value;
    return `"${text.replaceAll('"', '""')}"`;
  };
  const line = (record: Record): string => columns.map((column) => field(column, record[column] ?? '')).join(',');
  return gzipSync(Buffer.from(records.map((record) => `${line(record)}\n`).join('')));
}

function parquet(records: readonly Record[], columns: readonly string[]): Uint8Array {
  const snake = (name: string): string =>
    name === 'ETag' ? 'e_tag' : name.replace(/(?!^)([A-Z])/g, '_$1').toLowerCase();
  const columnData = columns.map((column) => {
    const texts = records.map((record) => record[column] ?? '');
    const name = snake(column);
    if (column === 'Size')
      return { name, type: 'INT64' as const, nullable: true, data: texts.map((t) => (t === '' ? null : BigInt(t))) };
    if (column.startsWith('Is'))
      return {
        name,
        type: 'BOOLEAN' as const,
        nullable: true,
        data: texts.map((t) => (t === '' ? null : t === 'true')),
      };
    if (column.endsWith('Date'))
      return {
        name,
        type: 'TIMESTAMP' as const,
        nullable: true,
        data: texts.map((t) => (t === '' ? null : new Date(t))),
      };
    return { name, type: 'STRING' as const, nullable: true, data: texts.map((t) => (t === '' ? null : t)) };
  });
  return new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 7 }));
}

/** Reports are not sorted; always the same disorder, so that a failure comes back. */
function shuffled<T>(items: readonly T[]): T[] {
  const result = [...items];
  let seed = 12345;
  for (let i = result.length - 1; i > 0; i--) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    const j = seed % (i + 1);
    [result[i], result[j]] = [result[j] as T, result[i] as T];
  }
  return result;
}
