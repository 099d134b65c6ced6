import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { once } from 'node:events';
import { createGzip } from 'node:zlib';
import type { Column, InventoryRow, Value } from './columns';

/** A data file of a report. It holds its compressed bytes, and a few rows that are not written yet. */
export interface DataFile {
  /** A promise to wait for where rows come faster than they can be compressed. */
  add(row: InventoryRow): Promise<unknown> | undefined;
  finish(): Promise<Uint8Array>;
}

const CSV_BATCH_ROWS = 1_000;
const ROW_GROUP_ROWS = 20_000;

/** Gzipped CSV: every field quoted, no header, keys URL-encoded. */
export class CsvFile implements DataFile {
  private readonly gzip = createGzip();
  private readonly chunks: Buffer[] = [];
  private lines: string[] = [];

  constructor(
    private readonly bucket: string,
    private readonly columns: readonly Column[],
  ) {
    this.gzip.on('data', (chunk: Buffer) => this.chunks.push(chunk));
  }

  add(row: InventoryRow): Promise<unknown> | undefined {
    const fields = this.columns.map((column) => {
      const text = asText(column.value(row, this.bucket));
      return `"${(column.name === 'Key' ? encodeKey(text) : text).replaceAll('"', '""')}"`;
    });
    this.lines.push(`${fields.join(',')}\n`);
    return this.lines.length >= CSV_BATCH_ROWS ? this.flush() : undefined;
  }

  async finish(): Promise<Uint8Array> {
    await this.flush();
    this.gzip.end();
    await once(this.gzip, 'end');
    return Buffer.concat(this.chunks);
  }

  private flush(): Promise<unknown> | undefined {
    const roomLeft = this.gzip.write(this.lines.join(''));
    this.lines = [];
    return roomLeft ? undefined : once(this.gzip, 'drain');
  }
}

/** Parquet with the column names and types of S3. */
export class ParquetFile implements DataFile {
  private readonly output = new ByteWriter();
  private readonly writer: ParquetWriter;
  private rows: InventoryRow[] = [];

  constructor(
    private readonly bucket: string,
    private readonly columns: readonly Column[],
  ) {
    this.writer = new ParquetWriter({
      writer: this.output,
      schema: [{ name: 's3.inventory', num_children: columns.length }, ...columns.map(schemaOf)],
      statistics: false,
    });
  }

  add(row: InventoryRow): undefined {
    this.rows.push(row);
    if (this.rows.length >= ROW_GROUP_ROWS) this.flush();
    return undefined;
  }

  finish(): Promise<Uint8Array> {
    this.flush();
    void this.writer.finish();
    return Promise.resolve(new Uint8Array(this.output.getBuffer()));
  }

  private flush(): void {
    if (this.rows.length === 0) return;
    const columnData = this.columns.map((column) => ({
      name: column.parquet,
      data: this.rows.map((row) => asParquet(column.value(row, this.bucket))),
    }));
    void this.writer.write({ columnData, rowGroupSize: this.rows.length });
    this.rows = [];
  }
}

const PARQUET_TYPES = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  count: { type: 'INT64' },
  flag: { type: 'BOOLEAN' },
  date: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
} as const;

const schemaOf = ({ parquet, kind, required }: Column) => ({
  name: parquet,
  repetition_type: required === true ? ('REQUIRED' as const) : ('OPTIONAL' as const),
  ...PARQUET_TYPES[kind],
});

const FILE_SCHEMA_TYPES = {
  text: ['binary', ' (UTF8)'],
  count: ['int64', ''],
  flag: ['boolean', ''],
  date: ['int64', ' (TIMESTAMP_MILLIS)'],
} as const;

/** The `fileSchema` of a manifest. */
export function fileSchemaOf(format: 'CSV' | 'Parquet', columns: readonly Column[]): string {
  if (format === 'CSV') return columns.map(({ name }) => name).join(', ');
  const fields = columns.map(({ parquet, kind, required }) => {
    const [type, annotation] = FILE_SCHEMA_TYPES[kind];
    return `${required === true ? 'required' : 'optional'} ${type} ${parquet}${annotation};`;
  });
  return `message s3.inventory { ${fields.join(' ')} }`;
}

const asParquet = (value: Value): Exclude<Value, number> | bigint =>
  typeof value === 'number' ? BigInt(value) : value;

const asText = (value: Value): string =>
  value instanceof Date ? value.toISOString() : value === undefined ? '' : String(value);

/** As HTML forms encode: a space is `+`, slashes stay, all but letters, digits and `.-*_` is percent-encoded. */
const encodeKey = (key: string): string =>
  encodeURIComponent(key)
    .replaceAll('%20', '+')
    .replaceAll('%2F', '/')
    .replace(/[!'()~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
