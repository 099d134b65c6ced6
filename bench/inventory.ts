import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Measured } from './inventory-worker';
import { startWorker } from './support/start-worker';

/** What one backup of a size took. */
export interface InventoryResult extends Measured {
  readonly objects: number;
  readonly source: string;
  /** 1: the first backup; 2: the next, after a thousandth of the objects has changed. */
  readonly round: number;
}

const SIZES = [1_000_000, 5_000_000];

/** First and next backup of generated buckets, by inventory and by listing: memory, speed, requests and bytes written. */
export function inventoryBench(sizes: readonly number[] = SIZES): InventoryResult[] {
  return sizes.flatMap((objects) => ['inventory', 'listing'].flatMap((source) => measure(objects, source)));
}

function measure(objects: number, source: string): InventoryResult[] {
  const folder = mkdtempSync(join(tmpdir(), 's3-backup-bench-'));
  try {
    return [1, 2].map((round) => {
      if (source === 'inventory') startWorker('inventory-worker.ts', ['report', folder, objects, round]);
      const measured = JSON.parse(
        startWorker('inventory-worker.ts', ['backup', folder, objects, round, source]),
      ) as Measured;
      const result = { objects, source, round, ...measured };
      console.log(line(result));
      return result;
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function line({ objects, source, round, versions, stored, steps, vault, peakMiB, requests }: InventoryResult): string {
  const micros = (name: string): string => {
    const cpu = steps.find(({ step }) => step === name)?.cpuSeconds ?? 0;
    return `${((cpu * 1e6) / versions).toFixed(1)} µs/row`;
  };
  const peak = (name: string): string => String(steps.find(({ step }) => step === name)?.peakMiB ?? 0);
  const made = Object.entries(requests).map(([name, count]) => `${name} ${String(count)}`);
  return [
    `${String(objects).padStart(9)} objects, ${source}, round ${String(round)}:`,
    `peak ${String(peakMiB)} MiB (scan ${peak('scan')}, ranges ${peak('ranges')});`,
    `CPU: scan ${micros('scan')}, ranges ${micros('ranges')};`,
    `stored ${String(stored)}; vault ${(vault.bytesWritten / 1024 / 1024).toFixed(1)} MiB written;`,
    `requests to the bucket: ${made.join(', ') || 'none'}`,
  ].join(' ');
}
