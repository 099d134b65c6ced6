import { parse } from 'csv-parse';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { InventoryRecord, RecordProblem } from './row';

const BATCH = 1_000;

/** Records of a gzipped CSV data file, in batches. Throws what zlib or the CSV parser say of a broken one. */
export async function* csvRecords(
  chunks: AsyncIterable<Uint8Array>,
  columns: readonly string[],
): AsyncGenerator<InventoryRecord[]> {
  const parser = parse({ relax_column_count: true });
  const done = pipeline(Readable.from(chunks), createGunzip(), parser);
  // A failure ends the loop below as well: it is thrown from there.
  done.catch(() => undefined);
  const places = new Map(columns.map((name, index) => [name, index]));
  let batch: InventoryRecord[] = [];
  for await (const fields of parser as AsyncIterable<string[]>) {
    if (fields.length !== columns.length)
      throw new RecordProblem(`has ${String(fields.length)} fields, expected ${String(columns.length)}`);
    batch.push((column) => {
      const field = fields[places.get(column) ?? -1];
      if (field === undefined || field === '') return undefined;
      return column === 'Key' ? decodeKey(field) : field;
    });
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  await done;
  if (batch.length > 0) yield batch;
}

/** Keys are URL-encoded in CSV reports, where a plus sign stands for a space as in a form. */
function decodeKey(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new RecordProblem('has a key that is not URL-encoded');
  }
}
