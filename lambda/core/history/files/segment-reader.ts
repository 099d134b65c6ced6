import { FileMetaData, parquetMetadata, parquetScan } from 'hyparquet';
import { zstdDecompressSync } from 'node:zlib';
import { BackupError, ErrorName, vaultDamaged } from '../../../contract/errors';
import { compareKeys, firstAtLeast, KeyRange } from '../../keys/order';
import { sha256Hex } from '../../values/hash';
import type { Row, VaultFile } from '../row';
import { Columns, RowColumns } from '../row-columns';
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
  /** Names of those of them that are read at once; all when absent. */
  readonly first?: readonly string[];
  /** Keys before the one that it answers are of no use any more: row groups that end before it are not decoded. */
  readonly skipTo?: () => string;
  /** Name of the segment, for errors. */
  readonly name?: string;
  /** SHA-256 that the segment must have. */
  readonly sha256?: string;
}

/** Keeps a byte order mark, which is a part of the key that begins with it. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const toText = (bytes: Uint8Array | undefined): string | undefined => bytes && decoder.decode(bytes);

const damaged = (name: string | undefined, problem: string, cause?: unknown): BackupError =>
  vaultDamaged(name === undefined ? 'a segment' : `segment ${name}`, problem, cause);

/** Rows of a segment in key order, one array for each row group, restricted to the range. */
export async function* readSegment(bytes: Uint8Array, options: SegmentReadOptions = {}): AsyncGenerator<Row[]> {
  for await (const group of readSegmentColumns(bytes, options)) {
    await group.load();
    yield group.rows();
  }
}

/** The same as columns. */
export async function* readSegmentColumns(
  bytes: Uint8Array,
  options: SegmentReadOptions = {},
): AsyncGenerator<RowColumns> {
  const { range, files, name } = options;
  if (options.sha256 !== undefined && sha256Hex(bytes) !== options.sha256)
    throw damaged(name, `does not match the SHA-256 that its manifest records, ${options.sha256},`);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const { metadata, groups } = readFooter(buffer, name);
  const present = new Set(metadata.schema.map((element) => element.name));
  const columns = COLUMNS.filter(
    ({ name }) => present.has(name) && (options.columns === undefined || options.columns.includes(name)),
  );
  const isFirst = ({ name }: Column): boolean => options.first === undefined || options.first.includes(name);
  const [first, others] = [columns.filter(isFirst), columns.filter((column) => !isFirst(column))];
  const scan = await parquetScan({
    file: { byteLength: buffer.byteLength, slice: (start, end) => buffer.slice(start, end) },
    metadata,
    columns: columns.map(({ name }) => name),
    compressors: { ZSTD: (input) => zstdDecompressSync(input) },
    parsers: { stringFromBytes: toText },
    utf8: false,
    useOffsetIndex: false,
  });
  const read = async (wanted: readonly Column[], rowStart: number, rowEnd: number): Promise<Columns> => {
    const decoded: Record<string, unknown> = {};
    for (const column of wanted) {
      const values = (await scan.readColumn({ column: column.name, rowStart, rowEnd })) as ArrayLike<unknown>;
      decoded[column.field] = valuesOf(column, values, { files, name });
    }
    return decoded;
  };
  let rowStart = 0;
  for (const [place, [firstKey, lastKey, rows]] of groups.entries()) {
    const rowEnd = rowStart + rows;
    const isSkipped = options.skipTo !== undefined && compareKeys(lastKey, options.skipTo()) < 0;
    const isWithin =
      !range ||
      ((range.to === undefined || compareKeys(firstKey, range.to) < 0) && compareKeys(lastKey, range.from) >= 0);
    if (isWithin && !isSkipped) {
      const [from, to] = await part(rowStart, rowEnd, firstKey, lastKey);
      const more = others.length > 0 ? () => read(others, from, to) : undefined;
      const following = groups[place + 1]?.[0] ?? null;
      if (from < to) yield new RowColumns(to - from, await read(first, from, to), { more, following });
    }
    rowStart = rowEnd;
  }

  /** Rows of a group that are within the range: it may reach beyond it on either side. */
  async function part(from: number, to: number, firstKey: string, lastKey: string): Promise<[number, number]> {
    const beginsBefore = range && compareKeys(firstKey, range.from) < 0;
    const endsAfter = range?.to !== undefined && compareKeys(lastKey, range.to) >= 0;
    if (!range || (!beginsBefore && !endsAfter)) return [from, to];
    const keys =
      (
        await read(
          COLUMNS.filter(({ name }) => name === 'key'),
          from,
          to,
        )
      ).key ?? [];
    const end = range.to === undefined ? keys.length : firstAtLeast(keys, range.to, 0, keys.length);
    return [from + firstAtLeast(keys, range.from, 0, keys.length), from + end];
  }
}

function readFooter(buffer: ArrayBuffer, name: string | undefined): { metadata: FileMetaData; groups: GroupBounds[] } {
  try {
    const metadata = parquetMetadata(buffer, { parsers: { stringFromBytes: toText } });
    const entries = new Map(metadata.key_value_metadata?.map(({ key, value }) => [key, value]));
    const format = entries.get('format');
    if (format !== SEGMENT_FORMAT)
      throw new BackupError(
        ErrorName.vaultFormatTooNew,
        `a segment has format ${String(format)}, but this release reads formats up to ${SEGMENT_FORMAT}: update cdk-s3-backup`,
      );
    return { metadata, groups: JSON.parse(entries.get('groups') ?? '[]') as GroupBounds[] };
  } catch (cause) {
    if (cause instanceof BackupError) throw cause;
    throw damaged(name, 'is not readable', cause);
  }
}

type DecodeContext = Pick<SegmentReadOptions, 'files' | 'name'>;

/** Values as rows have them; undefined where no row has one. */
function valuesOf(column: Column, values: ArrayLike<unknown>, context: DecodeContext): ArrayLike<unknown> | undefined {
  const { length } = values;
  const decoded = new Array<unknown>(length);
  let isEmpty = true;
  for (let i = 0; i < length; i++) {
    const value = values[i];
    if (value === undefined || value === null) {
      decoded[i] = undefined;
      continue;
    }
    isEmpty = false;
    decoded[i] = decode(column, value, context);
  }
  return isEmpty ? undefined : decoded;
}

function decode(column: Column, value: unknown, { files, name }: DecodeContext): unknown {
  if (column.field === 'file') {
    if (!files) return SOME_FILE;
    const file = files[Number(value)];
    if (!file) throw damaged(name, `refers to file ${String(value)}, which its file table does not have`);
    return file;
  }
  if (column.kind === 'int') return Number(value);
  return column.kind === 'hash' ? hex(value as Uint8Array) : value;
}

const hex = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('hex');
