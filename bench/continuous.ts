import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CaptureResult, captureBench } from './capture';
import type { DaysResult } from './continuous-days';
import type { PhaseCost } from './continuous-worker';
import { startWorker } from './support/start-worker';

/** What continuous backup takes. */
export interface ContinuousResult {
  readonly capture: readonly CaptureResult[];
  readonly phases: readonly PhaseResult[];
  readonly days: DaysResult;
}
interface PhaseResult extends PhaseCost {
  readonly phase: string;
  readonly objects: number;
  readonly changes: number;
}

const SIZES = [200_000, 1_000_000];
const DAYS = { objects: 5_000, changesEachHour: 100, days: 35 };

/** Capture of events; commit of, and point-in-time plan over, as many changes as there are versions; 35 days of hourly commits. */
export async function continuousBench(sizes: readonly number[] = SIZES): Promise<ContinuousResult> {
  const capture = await captureBench();
  const phases = sizes.flatMap(phasesOf);
  const { objects, changesEachHour, days: length } = DAYS;
  const days = JSON.parse(startWorker('continuous-days.ts', [objects, changesEachHour, length])) as DaysResult;
  console.log(daysLine(days));
  return { capture, phases, days };
}

function phasesOf(size: number): PhaseResult[] {
  const folder = mkdtempSync(join(tmpdir(), 's3-backup-bench-'));
  const run = (name: string, phase: string): PhaseResult => {
    const cost = JSON.parse(startWorker('continuous-worker.ts', [phase, folder, size, size])) as PhaseCost;
    const result = { phase: name, objects: size, changes: size, ...cost };
    console.log(phaseLine(result));
    return result;
  };
  try {
    return [
      run('first comparison', 'first'),
      run('point-in-time plan, changes in the log', 'plan'),
      run('commit of the changes', 'commit'),
      run('point-in-time plan, changes committed', 'plan'),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function phaseLine({ phase, objects, changes, cpuSeconds, peakMiB, output }: PhaseResult): string {
  const rows = phase === 'first comparison' ? objects : phase.startsWith('commit') ? changes : objects + changes;
  const each = ((cpuSeconds * 1e6) / rows).toFixed(1);
  return [
    `${String(objects).padStart(9)} versions, ${String(changes)} changes, ${phase}:`,
    `CPU ${cpuSeconds.toFixed(1)} s (${each} µs for each ${phase.startsWith('point') ? 'version or change' : phase.startsWith('commit') ? 'change' : 'version'});`,
    `peak ${String(peakMiB)} MiB; ${String(output['status'])}`,
  ].join(' ');
}

const daysLine = ({ commits, mostSegmentsOfRange, segmentsOfRange, rows, ranges, plan }: DaysResult): string =>
  [
    `${String(commits)} hourly commits: at most ${String(mostSegmentsOfRange)} segments for a range,`,
    `${String(segmentsOfRange)} in the end; ${String(rows)} rows in ${String(ranges)} ranges;`,
    `a plan of the first day reads ${String(plan.bytesRead)} bytes in ${String(plan.requests)} requests`,
    `(${(plan.bytesRead / rows).toFixed(1)} bytes a row)`,
  ].join(' ');
