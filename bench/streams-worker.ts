import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Run } from '../lambda/usecases/work/runs';
import { runMain } from '../local/support/run-main';
import { startWorker } from './support/start-worker';
import type { WorkerCost, WorkerInput } from './support/steps';
import { runWorker, type Workers } from './support/steps';
import {
  inventoryDecode,
  inventoryReport,
  LATER,
  mergeOfRuns,
  pointInTimePlan,
  portsOf,
  scanRun,
  segmentRead,
  segmentWrite,
  type StreamCost,
  unchangedCompare,
} from './support/stream-phases';

const RUNS = 'runs.json';

/** Runs a stream, or the workers of one, in a process of its own; prints what it took as a line of JSON. */
async function main(): Promise<void> {
  const [name = '', folder = '', objectsText, scratch = ''] = process.argv.slice(2);
  const objects = Number(objectsText);
  if (name === 'units') {
    const ports = portsOf(folder, objects, scratch, LATER);
    print(await runWorker(ports, JSON.parse(readFileSync(0, 'utf8')) as WorkerInput));
    return;
  }
  print(await streamOf(name, folder, objects));
}

function streamOf(name: string, folder: string, objects: number): Promise<StreamCost[]> {
  const workers =
    (at: string): Workers =>
    (work) =>
      JSON.parse(startWorker('streams-worker.ts', ['units', folder, objects, at], JSON.stringify(work))) as WorkerCost;
  const runs = join(folder, RUNS);
  switch (name) {
    case 'compare':
      return unchangedCompare(folder, objects, workers('compare'));
    case 'read':
      return segmentRead(folder, objects);
    case 'write':
      return segmentWrite(folder, objects);
    case 'plan':
      return pointInTimePlan(folder, objects);
    case 'report-CSV':
      return inventoryReport(folder, objects, 'CSV').then(() => []);
    case 'report-Parquet':
      return inventoryReport(folder, objects, 'Parquet').then(() => []);
    case 'decode-CSV':
      return inventoryDecode(folder, 'CSV');
    case 'decode-Parquet':
      return inventoryDecode(folder, 'Parquet');
    case 'sort':
      return scanRun(folder, objects).then((sorted) => {
        writeFileSync(runs, JSON.stringify(sorted.runs));
        return sorted.costs;
      });
    case 'merge':
      return mergeOfRuns(folder, JSON.parse(readFileSync(runs, 'utf8')) as Run[]);
    default:
      throw new Error(`unknown stream: ${name}`);
  }
}

const print = (value: unknown): void => {
  console.log(JSON.stringify(value));
};

runMain(main);
