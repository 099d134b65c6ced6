import { workKey } from '../../contract/layout';
import { groupByKey, KeyGroup } from '../../core/history/groups';
import type { Row } from '../../core/history/row';
import { columnsOf, RowColumns } from '../../core/history/row-columns';
import { mergeSorted } from '../../core/keys/merge';
import { compareKeys, KeyRange, reachesInto } from '../../core/keys/order';
import {
  blocksWithin,
  compareRunRows,
  readBlocks,
  RunPart,
  RunPartBuilder,
  sortRunRows,
} from '../../core/scan/run-file';

/** Parts of a sorted run, in key order. */
export type Run = readonly RunPart[];

/** Compressed bytes that all runs of a merge together hold in memory. */
const WINDOW_BYTES = 16 * 1024 * 1024;
const MAX_WINDOW = 4 * 1024 * 1024;
const MIN_WINDOW = 64 * 1024;
/** A part up to this size is read whole, index and all, with one request. */
const WHOLE_BYTES = 512 * 1024;

/** Where runs are kept: the scratch bucket, or whatever else can hold files for a while. */
export interface RunFiles {
  readonly bucket: string;
  readonly store: {
    put(file: { bucket: string; key: string; body: Uint8Array }): Promise<unknown>;
    get(file: {
      bucket: string;
      key: string;
      range?: { offset: number; length: number };
    }): Promise<{ readonly body: Uint8Array }>;
  };
}

/** Whose run it is. */
export interface RunPlace {
  readonly jobId: string;
  readonly step: string;
  readonly unit: string;
}

/** Writes rows, which come in key order, as one run. */
export class RunWriter {
  private readonly parts: RunPart[] = [];
  private part = new RunPartBuilder();
  constructor(
    private readonly scratch: RunFiles,
    private readonly place: RunPlace,
  ) {}

  /** True when a part has to be stored before more rows come. */
  add(row: Row): boolean {
    this.part.add(row);
    return this.part.isFull;
  }

  async flush(): Promise<void> {
    if (this.part.rows === 0) return;
    const { jobId, step, unit } = this.place;
    const { part, body } = this.part.finish((sha256) => workKey(jobId, step, unit, `${sha256}.run`));
    await this.scratch.store.put({ bucket: this.scratch.bucket, key: part.key, body });
    this.parts.push(part);
    this.part = new RunPartBuilder();
  }

  async finish(): Promise<Run> {
    await this.flush();
    return this.parts;
  }
}

/** Sorts rows in their array, and writes them as one run. */
export async function writeSorted(scratch: RunFiles, place: RunPlace, rows: Row[]): Promise<Run> {
  const run = new RunWriter(scratch, place);
  for (const row of sortRunRows(rows)) if (run.add(row)) await run.flush();
  return run.finish();
}

/**
 * Writes rows that come in any order as sorted runs, each of as many rows as are sorted in memory at once. `written` is told of each run's
 * rows, in key order.
 */
export async function writeRuns(
  scratch: RunFiles,
  place: RunPlace,
  chunks: AsyncIterable<readonly Row[]>,
  sortRows: number,
  written: (rows: readonly Row[]) => void = () => undefined,
): Promise<Run[]> {
  const runs: Run[] = [];
  let rows: Row[] = [];
  const flush = async (): Promise<void> => {
    if (rows.length === 0) return;
    runs.push(await writeSorted(scratch, place, rows));
    written(rows);
    rows = [];
  };
  for await (const chunk of chunks) {
    for (const row of chunk) rows.push(row);
    if (rows.length >= sortRows) await flush();
  }
  await flush();
  return runs;
}

/** Rows of all runs within a range, in the order of runs, in chunks. */
export function readRuns(scratch: RunFiles, runs: readonly Run[], range: KeyRange): AsyncGenerator<Row[]> {
  const [only, ...others] = sourcesOf(scratch, runs, range).map(rowsOf);
  if (only && others.length === 0) return only;
  return mergeSorted(only ? [only, ...others] : [], compareRunRows);
}

/** The same as columns: rows of a single run are not made at all. */
export async function* readRunColumns(
  scratch: RunFiles,
  runs: readonly Run[],
  range: KeyRange,
): AsyncGenerator<RowColumns> {
  const [only, ...others] = sourcesOf(scratch, runs, range);
  if (only && others.length === 0) {
    yield* only;
    return;
  }
  let held: Row[] = [];
  for await (const rows of mergeSorted((only ? [only, ...others] : []).map(rowsOf), compareRunRows)) {
    if (held.length > 0) yield columnsOf(held, rows[0]?.key ?? null);
    held = rows;
  }
  if (held.length > 0) yield columnsOf(held, null);
}

/** Runs in the order of their first keys; those that do not overlap are read one after the other, as one source. */
function sourcesOf(scratch: RunFiles, runs: readonly Run[], range: KeyRange): AsyncGenerator<RowColumns>[] {
  const within = chained(
    runs.map((parts) => parts.filter((part) => reachesInto(part, range))).filter((parts) => parts.length > 0),
  );
  const window = Math.min(MAX_WINDOW, Math.max(MIN_WINDOW, Math.floor(WINDOW_BYTES / Math.max(1, within.length))));
  return within.map((parts) => readRun(scratch, parts, range, window));
}

/** Joins runs to one where each begins after the last key of the one before, if all of them do: a listing leaves such runs. */
function chained(runs: readonly Run[]): readonly Run[] {
  const sorted = [...runs].sort((a, b) => compareKeys(a[0]?.minKey ?? '', b[0]?.minKey ?? ''));
  const isApart = (run: Run, i: number): boolean =>
    i === 0 || compareKeys(sorted[i - 1]?.at(-1)?.maxKey ?? '', run[0]?.minKey ?? '') < 0;
  return sorted.every(isApart) ? [sorted.flat()] : runs;
}

async function* rowsOf(chunks: AsyncIterable<RowColumns>): AsyncGenerator<Row[]> {
  for await (const chunk of chunks) yield chunk.rows();
}

/** The same, in groups of one key. */
export const readRunGroups = (scratch: RunFiles, runs: readonly Run[], range: KeyRange): AsyncGenerator<KeyGroup> =>
  groupByKey(readRuns(scratch, runs, range));

async function* readRun(scratch: RunFiles, parts: Run, range: KeyRange, window: number): AsyncGenerator<RowColumns> {
  const { store, bucket } = scratch;
  for (const [place, part] of parts.entries()) {
    const following = parts[place + 1]?.minKey ?? null;
    const whole = part.bytes <= WHOLE_BYTES ? (await store.get({ bucket, key: part.key })).body : undefined;
    const at = { offset: part.index, length: part.bytes - part.index };
    const index = whole?.subarray(part.index) ?? (await store.get({ bucket, key: part.key, range: at })).body;
    for (const group of blocksWithin(part, index, range, window, following)) {
      const { offset, length } = group;
      const bytes =
        whole?.subarray(offset, offset + length) ??
        (await store.get({ bucket, key: part.key, range: { offset, length } })).body;
      yield* readBlocks(bytes, group, range);
    }
  }
}
