import { AsyncBuffer, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { columnProblems } from './manifest';
import { InventoryRecord, RecordProblem } from './row';

/** Columns of Parquet reports that are not the CSV column's name in snake case. */
const NAMES: Readonly<Record<string, string>> = { e_tag: 'ETag' };
/** Rows that are decoded at once. */
const CHUNK_ROWS = 100_000;

const csvName = (column: string): string =>
  NAMES[column] ?? column.replace(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());

/** Keeps a byte order mark, which is a part of the key that begins with it. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const parsers = {
  stringFromBytes: (bytes: Uint8Array | undefined): string | undefined => bytes && decoder.decode(bytes),
};
const compressors = {
  GZIP: (input: Uint8Array): Uint8Array => gunzipSync(input),
  ZSTD: (input: Uint8Array): Uint8Array => zstdDecompressSync(input),
};

/** Records of a Parquet data file, in batches. `wanted` are names of CSV columns. Throws what the decoder says of a broken one. */
export async function* parquetRecords(
  file: AsyncBuffer,
  wanted: ReadonlySet<string>,
): AsyncGenerator<InventoryRecord[]> {
  const metadata = await parquetMetadataAsync(file);
  const names = metadata.schema.slice(1).map(({ name }) => name);
  const problems = columnProblems(names.map(csvName));
  if (problems.length > 0) throw new RecordProblem(problems.join('; '));
  const columns = names.filter((name) => wanted.has(csvName(name)));
  const places = new Map(columns.map((name) => [csvName(name), name]));
  let first = 0;
  for (const group of metadata.row_groups) {
    const end = first + Number(group.num_rows);
    for (let rowStart = first; rowStart < end; rowStart += CHUNK_ROWS) {
      const rowEnd = Math.min(end, rowStart + CHUNK_ROWS);
      const rows = await parquetReadObjects({ file, metadata, columns, rowStart, rowEnd, compressors, parsers });
      yield rows.map(
        (row): InventoryRecord =>
          (column) =>
            asText(row[places.get(column) ?? '']),
      );
    }
    first = end;
  }
}

function asText(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'bigint' || typeof value === 'boolean' || typeof value === 'number') return String(value);
  if (typeof value === 'string') return value;
  throw new RecordProblem('has a value of a type that inventory reports never have');
}
