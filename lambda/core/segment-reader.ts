import { zstdDecompressSync } from 'node:zlib';
import { FileMetaData, parquetMetadata, parquetScan } from 'hyparquet';
import { BackupError, ErrorName } from '../contract/errors';
import { sha256Hex } from './hash';
import { compareKeys, inRange, KeyRange } from './key-order';
import type { Row, VaultFile } from './row';
import { COLUMNS, Column } from './segment-columns';
import { GroupBounds, SEGMENT_FORMAT } from './segment-writer';

/** Stands for a body whose place nobody asked for (a reader without the file table). */
export const SOME_FILE: VaultFile = { name: '', checksum: '', bytes: 0, commit: 0 };

export interface SegmentReadOptions {
  readonly range?: KeyRange;
  /** The segment's file table; without it rows with a body carry SOME_FILE. */
  readonly files?: readonly VaultFile[];
  /** Names of the columns to read; all when absent. */
  readonly columns?: readonly string[];
  /** Keys before the one that it answers are of no use any more: row groups that end before it are not decoded. */
  readonly skipTo?: () => string;
  /** SHA-256 that the segment must have. */
  readonly sha256?: string;
}

const toText = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');

const damaged = (message: string, cause?: unknown): BackupError =>
  new BackupError(ErrorName.vaultDamaged, message, { cause });

/** Rows of a segment in key order, one array for each row group, restricted to the range. */
export async function* readSegment(bytes: Uint8Array, options: SegmentReadOptions = {}): AsyncGenerator<Row[]> {
  const { range, files } = options;
  if (options.sha256 !== undefined && sha256Hex(bytes) !== options.sha256)
    throw damaged(`a segment has not the SHA-256 that its manifest gives: ${options.sha256}`);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const { metadata, groups } = readFooter(buffer);
  const present = new Set(metadata.schema.map((element) => element.name));
  const columns = COLUMNS.filter(
    ({ name }) => present.has(name) && (options.columns === undefined || options.columns.includes(name)),
  );
  const scan = await parquetScan({
    file: { byteLength: buffer.byteLength, slice: (start, end) => buffer.slice(start, end) },
    metadata,
    columns: columns.map(({ name }) => name),
    compressors: { ZSTD: (input) => zstdDecompressSync(input) },
    parsers: { stringFromBytes: toText },
    utf8: false,
    useOffsetIndex: false,
  });
  let rowStart = 0;
  for (const [first, last, rows] of groups) {
    const rowEnd = rowStart + rows;
    const isSkipped = options.skipTo !== undefined && compareKeys(last, options.skipTo()) < 0;
    const isWithin =
      !range || ((range.to === undefined || compareKeys(first, range.to) < 0) && compareKeys(last, range.from) >= 0);
    if (isWithin && !isSkipped) {
      const values = await Promise.all(
        columns.map(
          (column) => scan.readColumn({ column: column.name, rowStart, rowEnd }) as Promise<ArrayLike<unknown>>,
        ),
      );
      const decoded = toRows(columns, values, rows, files);
      yield range ? decoded.filter((row) => inRange(row.key, range)) : decoded;
    }
    rowStart = rowEnd;
  }
}

function readFooter(buffer: ArrayBuffer): { metadata: FileMetaData; groups: GroupBounds[] } {
  try {
    const metadata = parquetMetadata(buffer, { parsers: { stringFromBytes: toText } });
    const entries = new Map(metadata.key_value_metadata?.map(({ key, value }) => [key, value]));
    const format = entries.get('format');
    if (format !== SEGMENT_FORMAT)
      throw new BackupError(
        ErrorName.vaultFormatTooNew,
        `a segment has format ${String(format)}, this release reads up to ${SEGMENT_FORMAT}: update it`,
      );
    return { metadata, groups: JSON.parse(entries.get('groups') ?? '[]') as GroupBounds[] };
  } catch (cause) {
    if (cause instanceof BackupError) throw cause;
    throw damaged('a segment of the vault is not readable', cause);
  }
}

function toRows(
  columns: readonly Column[],
  values: readonly ArrayLike<unknown>[],
  count: number,
  files: readonly VaultFile[] | undefined,
): Row[] {
  const rows = Array.from({ length: count }, (): Record<string, unknown> => ({}));
  columns.forEach((column, index) => {
    const data = values[index] ?? [];
    for (let i = 0; i < count; i++) {
      const value = data[i];
      const row = rows[i];
      if (value === undefined || value === null || !row) continue;
      row[column.field] = decode(column, value, files);
    }
  });
  return rows as unknown as Row[];
}

function decode(column: Column, value: unknown, files: readonly VaultFile[] | undefined): unknown {
  if (column.field === 'file') {
    if (!files) return SOME_FILE;
    const file = files[Number(value)];
    if (!file) throw damaged(`a segment points to file ${String(value)}, which its file table does not have`);
    return file;
  }
  if (column.kind === 'int') return Number(value);
  return column.kind === 'hash' ? Buffer.from(value as Uint8Array).toString('hex') : value;
}
