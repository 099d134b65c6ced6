import type { SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { constants, zstdCompressSync } from 'node:zlib';
import { compareKeys } from '../../keys/order';
import { sha256Hex } from '../../values/hash';
import type { Row } from '../row';
import { FileTableBuilder } from './file-table';
import { COLUMNS, Column, SCHEMA } from './segment-columns';

export const SEGMENT_FORMAT = '1';
/** Segments are read by one GET into a worker's memory: 64 MiB with room for the last row group. */
export const SEGMENT_BYTES = 56 * 1024 * 1024;
/** Enough rows to compress well, few enough that a reader's working set stays small. */
const ROW_GROUP_ROWS = 20_000;
const ZSTD_LEVEL = 3;

/**
 * Texts of these columns are unique, mostly: the library would look for each among those that it has encoded already, and encode it slowly. It
 * is handed their bytes instead, which it writes as they are.
 */
const ENCODED = new Set(['key', 'version_id', 'etag', 'checksum']);
const ENCODED_SCHEMA: SchemaElement[] = SCHEMA.map(({ converted_type, ...element }) =>
  ENCODED.has(element.name) ? element : { ...element, converted_type },
);

/** Values as bytes; neighbours that are the same share them. */
function encoded(values: readonly (string | undefined)[]): (Uint8Array | undefined)[] {
  let last: string | undefined;
  let bytes: Uint8Array | undefined;
  return values.map((value) => {
    if (value !== last) bytes = value === undefined ? undefined : Buffer.from(value, 'utf8');
    last = value;
    return bytes;
  });
}

/** First key, last key and number of rows of a row group: lets a reader skip groups outside its range. */
export type GroupBounds = readonly [first: string, last: string, rows: number];

export interface EncodedSegment {
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly files: Uint8Array;
  readonly minKey: string;
  readonly maxKey: string;
  readonly rows: number;
}

const compress = (input: Uint8Array): Uint8Array =>
  zstdCompressSync(input, { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } });

/** Writes rows, which must come in key order, as one segment with its file table. */
export class SegmentWriter {
  private readonly output = new ByteWriter(64 * 1024);
  private readonly parquet = new ParquetWriter({
    writer: this.output,
    schema: SCHEMA,
    codec: 'ZSTD',
    compressors: { ZSTD: compress },
    // The library orders its statistics by UTF-16: the bounds below are ours.
    statistics: false,
    createdBy: 'cdk-s3-backup',
  });
  private readonly files = new FileTableBuilder();
  private readonly groups: GroupBounds[] = [];
  private pending: Row[] = [];
  private fileNumbers: (number | undefined)[] = [];
  private lastKey: string | undefined;
  private firstKey: string | undefined;
  rows = 0;

  /** Bytes written so far, without the row group that is still open. */
  get bytes(): number {
    return this.output.offset;
  }
  get isFull(): boolean {
    return this.bytes >= SEGMENT_BYTES;
  }

  add(row: Row): void {
    if (this.lastKey !== undefined && compareKeys(this.lastKey, row.key) > 0)
      throw new Error('rows of a segment must come in key order');
    this.firstKey ??= row.key;
    this.lastKey = row.key;
    this.rows++;
    this.pending.push(row);
    this.fileNumbers.push(this.files.add(row));
    if (this.pending.length >= ROW_GROUP_ROWS) this.flush();
  }

  finish(): EncodedSegment {
    if (this.firstKey === undefined || this.lastKey === undefined) throw new Error('a segment needs at least one row');
    this.flush();
    const files = this.files.encode();
    // The file table's hash is inside the segment, so that the segment's hash covers both.
    this.parquet.kvMetadata = [
      { key: 'format', value: SEGMENT_FORMAT },
      { key: 'files-sha256', value: sha256Hex(files) },
      { key: 'groups', value: JSON.stringify(this.groups) },
    ];
    void this.parquet.finish();
    const bytes = new Uint8Array(this.output.getBuffer());
    return { bytes, sha256: sha256Hex(bytes), files, minKey: this.firstKey, maxKey: this.lastKey, rows: this.rows };
  }

  private flush(): void {
    const first = this.pending[0];
    const last = this.pending.at(-1);
    if (!first || !last) return;
    const columnData = COLUMNS.map((column) => ({
      name: column.name,
      data: this.values(column),
      ...(column.encoding ? { encoding: column.encoding } : {}),
      offsetIndex: false,
    }));
    this.parquet.schema = ENCODED_SCHEMA;
    void this.parquet.write({ columnData, rowGroupSize: this.pending.length });
    this.parquet.schema = SCHEMA;
    this.groups.push([first.key, last.key, this.pending.length]);
    this.pending = [];
    this.fileNumbers = [];
  }

  /** Numbers stay numbers: the library packs those of 32 bits several times faster than it does BigInts, into the same bytes. */
  private values({ name, field, kind }: Column): unknown[] {
    if (field === 'file') return this.fileNumbers;
    const values = this.pending.map((row) => row[field]);
    if (ENCODED.has(name)) return encoded(values as (string | undefined)[]);
    if (kind !== 'hash') return values;
    return values.map((value) => (value === undefined ? undefined : Buffer.from(String(value), 'hex')));
  }
}
