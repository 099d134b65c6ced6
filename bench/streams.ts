import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWorker } from './support/start-worker';
import type { StreamCost } from './support/stream-phases';

/** What a stream of so many rows took. */
export interface StreamResult extends StreamCost {
  readonly objects: number;
  readonly cpuMicrosPerRow: number;
  /** By the CPU time of the stream. */
  readonly rowsPerSecond: number;
  readonly bytesPerRow?: number;
}

const SIZES = [1_000_000, 10_000_000];

/** Each in a process of its own, in this order: later ones read what earlier ones leave. */
const STREAMS = [
  'sort',
  'merge',
  'write',
  'read',
  'compare',
  'plan',
  'report-Parquet',
  'decode-Parquet',
  'report-CSV',
  'decode-CSV',
];
/** Folders of work files that nobody reads after a stream: at ten million rows they take gigabytes. */
const DONE: Readonly<Record<string, string>> = { merge: 'sorted', plan: 'vault', 'decode-Parquet': 'Parquet' };

/** Rows per second, CPU time per row and peak memory of everything that rows flow through. */
export const streamsBench = (sizes: readonly number[] = SIZES, streams: readonly string[] = STREAMS): StreamResult[] =>
  sizes.flatMap((objects) => measure(objects, streams));

function measure(objects: number, streams: readonly string[]): StreamResult[] {
  const folder = mkdtempSync(join(tmpdir(), 's3-backup-bench-'));
  try {
    return streams.flatMap((name) => {
      const costs = JSON.parse(startWorker('streams-worker.ts', [name, folder, objects])) as StreamCost[];
      const done = DONE[name];
      if (done !== undefined) rmSync(join(folder, done), { recursive: true });
      return costs.map((cost) => print(resultOf(objects, cost)));
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function resultOf(objects: number, cost: StreamCost): StreamResult {
  const { rows, cpuSeconds, bytes } = cost;
  return {
    ...cost,
    objects,
    cpuMicrosPerRow: Number(((cpuSeconds * 1e6) / rows).toFixed(2)),
    rowsPerSecond: Math.round(rows / cpuSeconds),
    ...(bytes !== undefined && { bytesPerRow: Number((bytes / rows).toFixed(1)) }),
  };
}

function print(result: StreamResult): StreamResult {
  const { stream, rows, cpuMicrosPerRow, rowsPerSecond, peakMiB, bytesPerRow } = result;
  console.log(
    [
      `${String(rows).padStart(10)} rows, ${stream}:`,
      `${String(rowsPerSecond)} rows/s, CPU ${cpuMicrosPerRow.toFixed(2)} µs each, peak ${String(peakMiB)} MiB`,
      ...(bytesPerRow === undefined ? [] : [`, ${String(bytesPerRow)} bytes a row`]),
    ].join(' '),
  );
  return result;
}
