import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { BackupError, ErrorName } from '../../contract/errors';
import type { Row } from '../history/row';
import { Columns, Field, RowColumns } from '../history/row-columns';
import { compareKeys, firstAtLeast, KeyRange, reachesInto } from '../keys/order';
import { sha256Hex } from '../values/hash';

/**
 * A run is what a scan leaves in the scratch bucket: rows in order, in parts. A part is blocks of rows as columns, each compressed by itself,
 * and an index of them, so that a range is read with two requests. Work files, not a format: nothing outside of one job reads
 * them.
 */
export interface RunPart {
  readonly key: string;
  readonly bytes: number;
  /** Where the index begins. */
  readonly index: number;
  readonly indexSha256: string;
  readonly minKey: string;
  readonly maxKey: string;
  readonly rows: number;
}

/** Rows of a block: little enough that a merge of hundreds of runs fits into a worker's memory. */
const BLOCK_ROWS = 1_000;
/** Bytes of a part, about: it is built in memory. */
const PART_BYTES = 16 * 1024 * 1024;

/** First and last key of a block, and where it is. */
type BlockBounds = readonly [first: string, last: string, offset: number, length: number];

export interface BlockRange {
  readonly offset: number;
  readonly length: number;
  readonly blocks: readonly number[];
  /** First keys of the blocks after each of them; null after the last one. */
  readonly following: readonly (string | null)[];
}

// A checksum in every frame: a flipped byte is an error, never another row.
const PARAMS = { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 };
const encode = (value: unknown): Buffer => zstdCompressSync(Buffer.from(JSON.stringify(value)), { params: PARAMS });
const decode = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(zstdDecompressSync(bytes).toString('utf8')) as unknown;
  } catch (cause) {
    throw new BackupError(ErrorName.vaultDamaged, 'a work file of the job is damaged: run the job again', { cause });
  }
};

/** Rows in the order of runs: by key, newest first. Within a second the order of the scan stays, and of the runs. */
export function compareRunRows(a: Row, b: Row): number {
  if (a.key !== b.key) return compareKeys(a.key, b.key);
  return b.lastModified - a.lastModified;
}

/** Code units from the first surrogate on: without one of them, the order of texts in JavaScript is that of their bytes. */
const HIGH = /[\ud800-\uffff]/;

/** Sorts rows in their array into the order of runs. */
export function sortRunRows(rows: Row[]): Row[] {
  if (rows.some(({ key }) => HIGH.test(key))) return rows.sort(compareRunRows);
  return rows.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : b.lastModified - a.lastModified));
}

/** Builds one part of a run from rows that come in order of their keys. */
export class RunPartBuilder {
  private readonly blocks: Buffer[] = [];
  private readonly index: BlockBounds[] = [];
  private pending: Row[] = [];
  private offset = 0;
  private count = 0;
  private lastKey: string | undefined;

  get rows(): number {
    return this.count;
  }
  get isFull(): boolean {
    return this.offset >= PART_BYTES;
  }

  add(row: Row): void {
    if (this.lastKey !== undefined && compareKeys(this.lastKey, row.key) > 0)
      throw new Error('rows of a run must come in key order');
    this.lastKey = row.key;
    this.count++;
    this.pending.push(row);
    if (this.pending.length >= BLOCK_ROWS) this.flush();
  }

  /** Parts are named by content: attempts that scan at different times must not mix. */
  finish(name: (sha256: string) => string): { part: RunPart; body: Uint8Array } {
    this.flush();
    const first = this.index[0];
    const last = this.index.at(-1);
    if (!first || !last) throw new Error('a part of a run needs at least one row');
    const index = encode(this.index);
    const body = Buffer.concat([...this.blocks, index]);
    const part: RunPart = {
      key: name(sha256Hex(body)),
      bytes: body.byteLength,
      index: this.offset,
      indexSha256: sha256Hex(index),
      minKey: first[0],
      maxKey: last[1],
      rows: this.count,
    };
    return { part, body };
  }

  private flush(): void {
    const first = this.pending[0];
    const last = this.pending.at(-1);
    if (!first || !last) return;
    const block = encode(packed(this.pending));
    this.index.push([first.key, last.key, this.offset, block.byteLength]);
    this.blocks.push(block);
    this.offset += block.byteLength;
    this.pending = [];
  }
}

/**
 * Blocks of a part that reach into a range, in groups that are read with one request of at most `window` bytes. `following` is the first key of
 * the run's next part, null where there is none.
 */
export function blocksWithin(
  part: RunPart,
  indexBytes: Uint8Array,
  range: KeyRange,
  window: number,
  following: string | null = null,
): BlockRange[] {
  if (sha256Hex(indexBytes) !== part.indexSha256)
    throw new BackupError(
      ErrorName.vaultDamaged,
      `work file ${part.key} is not the one that the scan wrote: run the job again`,
    );
  const groups: { offset: number; length: number; blocks: number[]; following: (string | null)[] }[] = [];
  const bounds = decode(indexBytes) as BlockBounds[];
  for (const [place, [minKey, maxKey, offset, length]] of bounds.entries()) {
    if (!reachesInto({ minKey, maxKey }, range)) continue;
    const next = bounds[place + 1]?.[0] ?? following;
    const open = groups.at(-1);
    if (open && open.length + length <= window) {
      open.length += length;
      open.blocks.push(length);
      open.following.push(next);
    } else {
      groups.push({ offset, length, blocks: [length], following: [next] });
    }
  }
  return groups;
}

/** The blocks that one request has read, restricted to the range; none is empty. */
export function* readBlocks(
  bytes: Uint8Array,
  { blocks, following }: BlockRange,
  range: KeyRange,
): Generator<RowColumns> {
  let offset = 0;
  for (const [place, length] of blocks.entries()) {
    const block = decode(bytes.subarray(offset, offset + length)) as PackedBlock;
    offset += length;
    const { count } = block;
    const keys = block.columns.key as readonly string[];
    const from = firstAtLeast(keys, range.from, 0, count);
    const to = range.to === undefined ? count : firstAtLeast(keys, range.to, from, count);
    if (from < to) yield unpacked(block, from, to, following[place] ?? null);
  }
}

/** Values of each field that some row has, null where a row has none; or the one value that all rows have. */
interface PackedBlock {
  readonly count: number;
  readonly columns: { readonly [F in Field]?: readonly unknown[] };
  readonly same: Readonly<Record<string, unknown>>;
  /** The orders in which rows have their fields, and the place of each row's among them: rows come back as they were, to the letter. */
  readonly orders: readonly (readonly Field[])[];
  readonly order?: readonly number[];
}

function packed(rows: readonly Row[]): PackedBlock {
  const count = rows.length;
  const all: { [F in Field]?: unknown[] } = {};
  const orders: Field[][] = [];
  const order: number[] = [];
  let place = 0;
  for (let i = 0; i < count; i++) {
    const row = rows[i] as Row;
    let known = 0;
    let isKnown = true;
    for (const name in row) {
      const field = name as Field;
      const value = row[field];
      if (value === undefined) continue;
      isKnown &&= orders[place]?.[known++] === field;
      (all[field] ??= new Array<unknown>(count).fill(null))[i] = value;
    }
    if (!isKnown || orders[place]?.length !== known) place = placeOf(fieldsOf(row), orders);
    order.push(place);
  }
  const columns: Record<string, readonly unknown[]> = {};
  const same: Record<string, unknown> = {};
  for (const [field, values] of Object.entries(all)) {
    if (field !== 'key' && values.every((value) => value === values[0])) same[field] = values[0];
    else columns[field] = values;
  }
  return { count, columns, same, orders, ...(orders.length > 1 && { order }) };
}

const fieldsOf = (row: Row): Field[] => (Object.keys(row) as Field[]).filter((field) => row[field] !== undefined);

/** Place of an order of fields among those that are known; it becomes one of them. */
function placeOf(fields: Field[], orders: Field[][]): number {
  const place = orders.findIndex((known) => known.length === fields.length && known.every((f, i) => f === fields[i]));
  return place < 0 ? orders.push(fields) - 1 : place;
}

function unpacked(block: PackedBlock, from: number, to: number, following: string | null): RowColumns {
  const { count, columns, same, orders, order } = block;
  const unpacked: { [F in Field]?: readonly unknown[] } = {};
  for (const [field, all] of Object.entries(columns) as [Field, unknown[]][]) {
    const part = to - from === count ? all : all.slice(from, to);
    for (let i = 0; i < part.length; i++) if (part[i] === null) part[i] = undefined;
    unpacked[field] = part;
  }
  for (const [field, value] of Object.entries(same) as [Field, unknown][])
    unpacked[field] = new Array<unknown>(to - from).fill(value);
  const rows = (first: number, end: number): Row[] => {
    const made: Row[] = [];
    for (let i = first; i < end; i++) {
      const row: Partial<Record<Field, unknown>> = {};
      for (const field of orders[order?.[from + i] ?? 0] ?? []) row[field] = unpacked[field]?.[i];
      made.push(row as unknown as Row);
    }
    return made;
  };
  return new RowColumns(to - from, unpacked as Columns, { following, rows });
}
