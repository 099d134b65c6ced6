import { join } from 'node:path';
import { SegmentWriter } from '../../lambda/core/history/files/segment-writer';
import type { Manifest } from '../../lambda/core/history/manifest';
import type { Row } from '../../lambda/core/history/row';
import type { SegmentRef } from '../../lambda/core/history/segment-index';
import { DEFAULT_RANGE_WEIGHT } from '../../lambda/core/scan/weights';
import { toIso } from '../../lambda/core/values/instant';
import { readInventoryFile } from '../../lambda/usecases/backup/sources/inventory-file';
import { newestReport } from '../../lambda/usecases/backup/sources/inventory-report';
import { DEFAULT_SETTINGS } from '../../lambda/usecases/context';
import { readHistory } from '../../lambda/usecases/history/read';
import { readRuns, type Run, writeSorted } from '../../lambda/usecases/work/runs';
import { Scratch } from '../../lambda/usecases/work/turns';
import { DiskStore, NOW } from './disk-store';
import { BUCKET, GeneratedSource, scannedRows, storedRows, writeReport } from './generated-bucket';
import { peakMiB } from './peak-memory';
import { benchPorts, runBackup, runRestore, SCRATCH_BUCKET, type StepCost, type Workers } from './steps';
import { wholeHistory } from './whole-history';

/** What a stream of rows took. */
export interface StreamCost {
  readonly stream: string;
  readonly rows: number;
  readonly cpuSeconds: number;
  /** Of the stream's process. */
  readonly peakMiB: number;
  /** Bytes of the index rows in the vault, or of work files, where the stream writes or reads them. */
  readonly bytes?: number;
}

const HOUR = 3_600;
/** When the history is compared and planned from. */
export const LATER = NOW + 2 * HOUR;
const WHOLE = { from: '' };
const ROUND = { bucket: BUCKET, deleteAfterDays: 35 };

/** Counts the CPU time of parts of what a process does. */
class Meter {
  private micros = 0;
  async run<T>(part: () => T | Promise<T>): Promise<T> {
    const start = process.cpuUsage();
    const value = await part();
    const { user, system } = process.cpuUsage(start);
    this.micros += user + system;
    return value;
  }
  cost(stream: string, rows: number, bytes?: number): StreamCost {
    return { stream, rows, cpuSeconds: this.micros / 1e6, peakMiB: peakMiB(), bytes };
  }
}

/** Ports over the vault of a folder, with a scratch bucket of their own. */
export const portsOf = (folder: string, objects: number, scratch: string, now = NOW) =>
  benchPorts(
    new GeneratedSource({ objects }),
    new DiskStore(join(folder, 'vault'), now),
    new DiskStore(join(folder, scratch), now),
    now,
  );

const costOf = (stream: string, rows: number, steps: readonly StepCost[], name: string): StreamCost => {
  const { cpuSeconds = 0, peakMiB: peak = 0 } = steps.find(({ step }) => step === name) ?? {};
  return { stream, rows, cpuSeconds, peakMiB: peak };
};

/**
 * Writes the history of a bucket of which every object was stored, a segment for each range, and the manifest of its commit: others read them.
 * Making the rows is not counted.
 */
export async function segmentWrite(folder: string, objects: number): Promise<StreamCost[]> {
  const { vault } = portsOf(folder, objects, 'write');
  const meter = new Meter();
  const segments: SegmentRef[] = [];
  let waiting: Row[] = [];
  const write = async (): Promise<void> => {
    const encoded = await meter.run(() => {
      const segment = new SegmentWriter();
      for (const row of waiting) segment.add(row);
      return segment.finish();
    });
    segments.push(await vault.writeSegment(BUCKET, 'a-job', 1, encoded));
    waiting = [];
  };
  for (const row of storedRows({ objects })) {
    waiting.push(row);
    if (waiting.length >= DEFAULT_RANGE_WEIGHT) await write();
  }
  if (waiting.length > 0) await write();
  const ranges = segments.map(({ minKey }, index) => ({ from: index === 0 ? '' : minKey, segments: [index] }));
  await vault.ensureFormat();
  await vault.commit({ ...(await emptyManifest(folder)), history: { segments, ranges } });
  return [meter.cost('segment write', objects, bytesIn(segments))];
}

/** The manifest of the first commit of continuous backup, of a bucket with one object. */
async function emptyManifest(folder: string): Promise<Manifest> {
  const ports = portsOf(join(folder, 'one'), 1, 'scratch');
  await runBackup(ports, { ...ROUND, action: 'auto' }, 'first', undefined, { workflow: 'upkeep' });
  return manifestOf(ports);
}

/** The next backup, of which every object is unchanged. */
export async function unchangedCompare(folder: string, objects: number, workers?: Workers): Promise<StreamCost[]> {
  const ports = portsOf(folder, objects, 'compare', LATER);
  const { output, steps } = await runBackup(ports, { ...ROUND, source: 'listing' }, 'next', workers, { now: LATER });
  if (output.reused !== objects) throw new Error(`only ${String(output.reused)} objects were unchanged`);
  return [costOf('unchanged compare', output.versions, steps, 'ranges')];
}

/** Reads the history with all its columns and file tables. */
export async function segmentRead(folder: string, objects: number): Promise<StreamCost[]> {
  const ports = portsOf(folder, objects, 'read');
  const manifest = await manifestOf(ports);
  const meter = new Meter();
  let rows = 0;
  await meter.run(async () => {
    for await (const group of readHistory(ports.vault, manifest, WHOLE, { withFiles: true })) rows += group.rows.length;
  });
  return [meter.cost('segment read', rows, bytesIn((await wholeHistory(ports.vault, manifest)).segments))];
}

/** Plans the restore of a second, of everything to a new bucket. */
export async function pointInTimePlan(folder: string, objects: number): Promise<StreamCost[]> {
  const request = { sourceBucket: BUCKET, pointInTime: toIso(NOW + HOUR), destinationBucket: 'a-new-bucket' };
  const input = { ...request, createBucket: true, dryRun: true };
  const { output, cpuSeconds, ...cost } = await runRestore(
    portsOf(folder, objects, 'plan', LATER),
    input,
    'plan',
    LATER,
  );
  const rows = output.planned.objects;
  return [{ stream: 'point-in-time plan', rows, cpuSeconds, peakMiB: cost.peakMiB }];
}

export type ReportFormat = 'CSV' | 'Parquet';

/** Writes a report that another process reads. */
export async function inventoryReport(folder: string, objects: number, format: ReportFormat): Promise<void> {
  await writeReport(join(folder, format), SCRATCH_BUCKET, { objects }, NOW - (NOW % 60) - HOUR, format);
}

/** Decodes the data files of a report. */
export async function inventoryDecode(folder: string, format: ReportFormat): Promise<StreamCost[]> {
  const meter = new Meter();
  let rows = 0;
  await meter.run(async () => {
    for await (const batch of reportRows(folder, format)) rows += batch.length;
  });
  return [meter.cost(`inventory decode, ${format}`, rows)];
}

/** Sorts rows into runs, as many at once as a worker does; making them is not counted. */
export async function scanRun(folder: string, objects: number): Promise<{ costs: StreamCost[]; runs: Run[] }> {
  const scratch = new Scratch(new DiskStore(join(folder, 'sorted')), SCRATCH_BUCKET);
  const place = { jobId: 'bench', step: 'scan', unit: '0' };
  const meter = new Meter();
  const runs: Run[] = [];
  let sorted = 0;
  let waiting: Row[] = [];
  const sort = async (): Promise<void> => {
    if (waiting.length > 0) runs.push(await meter.run(() => writeSorted(scratch, place, waiting)));
    sorted += waiting.length;
    waiting = [];
  };
  for (const row of scannedRows({ objects })) {
    waiting.push(row);
    if (waiting.length >= DEFAULT_SETTINGS.sortRows) await sort();
  }
  await sort();
  return { costs: [meter.cost('scan run: sort and write', sorted, bytesOf(runs))], runs };
}

/** Merges sorted runs. */
export async function mergeOfRuns(folder: string, runs: readonly Run[]): Promise<StreamCost[]> {
  const scratch = new Scratch(new DiskStore(join(folder, 'sorted')), SCRATCH_BUCKET);
  const meter = new Meter();
  let rows = 0;
  await meter.run(async () => {
    for await (const batch of readRuns(scratch, runs, WHOLE)) rows += batch.length;
  });
  return [meter.cost('merge: read and merge runs', rows, bytesOf(runs))];
}

const bytesIn = (segments: readonly SegmentRef[]): number => segments.reduce((sum, { bytes }) => sum + bytes, 0);
const bytesOf = (runs: readonly Run[]): number => runs.flat().reduce((sum, part) => sum + part.bytes, 0);

async function manifestOf({ vault }: ReturnType<typeof portsOf>): Promise<Manifest> {
  const found = await vault.readManifest(BUCKET, 1);
  if (!found) throw new Error('there is no first backup');
  return found.manifest;
}

async function* reportRows(folder: string, format: ReportFormat): AsyncGenerator<Row[]> {
  const scratch = new Scratch(new DiskStore(join(folder, format)), SCRATCH_BUCKET);
  const report = await newestReport(scratch, BUCKET);
  if (!report) throw new Error(`there is no ${format} report`);
  const facts = { bucket: BUCKET, asOf: report.start, previousAsOf: 0, observedAt: report.completed };
  for (const file of report.content.files) yield* readInventoryFile(scratch, report.content, file, facts);
}
