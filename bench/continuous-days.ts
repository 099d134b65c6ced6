import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toIso } from '../lambda/core/values/instant';
import { runMain } from '../local/support/run-main';
import { DiskStore, NOW } from './support/disk-store';
import { BUCKET, GeneratedSource } from './support/generated-bucket';
import { GeneratedChangeLog } from './support/generated-changes';
import { peakMiB } from './support/peak-memory';
import { benchPorts, runBackup, runRestore } from './support/steps';
import { wholeHistory } from './support/whole-history';

const HOUR = 3_600;

/** What many hourly commits lead to. */
export interface DaysResult {
  readonly objects: number;
  readonly changesEachHour: number;
  readonly commits: number;
  readonly ranges: number;
  /** The most segments that a reader of one range had to read after any commit, and after the last one. */
  readonly mostSegmentsOfRange: number;
  readonly segmentsOfRange: number;
  /** Rows of the history in the end: versions, markers, states and deletions of all these days. */
  readonly rows: number;
  /** What the plan of a restore to the first day reads of the vault. */
  readonly plan: { readonly bytesRead: number; readonly requests: number; readonly cpuSeconds: number };
  readonly segmentBytesWritten: number;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

/** Hourly commits of continuous backup for many days, then the plan of a restore to the first of them. */
async function main(): Promise<void> {
  const [objects = 0, changes = 0, days = 0] = process.argv.slice(2).map(Number);
  const folder = mkdtempSync(join(tmpdir(), 's3-backup-bench-'));
  try {
    console.log(JSON.stringify(await hours(folder, objects, changes, days * 24)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function hours(folder: string, objects: number, changes: number, commits: number): Promise<DaysResult> {
  const source = new GeneratedSource({ objects });
  let segmentBytesWritten = 0;
  let cpuSeconds = 0;
  let mostSegmentsOfRange = 0;
  let last = { ranges: 0, segmentsOfRange: 0, rows: 0 };
  for (let hour = 0; hour <= commits; hour++) {
    const now = NOW + hour * HOUR;
    const vault = new DiskStore(join(folder, 'vault'), now);
    // Work files of a job are of no use to the next one.
    const scratch = new DiskStore(join(folder, 'scratch', String(hour)), now);
    const facts = { objects, changes: hour === 0 ? 0 : changes, from: now - HOUR, hour };
    const ports = { ...benchPorts(source, vault, scratch, now), changeLog: new GeneratedChangeLog(facts) };
    const input = { bucket: BUCKET, deleteAfterDays: 35, action: hour === 0 ? 'auto' : 'commit-changes' };
    const { steps } = await runBackup(ports, input, `hour-${String(hour)}`, undefined, { workflow: 'upkeep', now });
    cpuSeconds += steps.reduce((sum, step) => sum + step.cpuSeconds, 0);
    if (hour > 0) segmentBytesWritten += vault.bytesWritten;
    const found = await ports.vault.readManifest(BUCKET, hour + 1);
    if (!found) throw new Error(`commit ${String(hour + 1)} is missing`);
    const { segments, ranges } = await wholeHistory(ports.vault, found.manifest);
    const segmentsOfRange = Math.max(...ranges.map((range) => range.segments.length));
    mostSegmentsOfRange = Math.max(mostSegmentsOfRange, segmentsOfRange);
    const rows = segments.reduce((sum, segment) => sum + segment.rows, 0);
    last = { ranges: ranges.length, segmentsOfRange, rows };
    rmSync(join(folder, 'scratch', String(hour)), { recursive: true, force: true });
  }
  const plan = await planFirstDay(folder, source, NOW + commits * HOUR);
  const sizes = { objects, changesEachHour: changes, commits };
  return { ...sizes, ...last, mostSegmentsOfRange, plan, segmentBytesWritten, cpuSeconds, peakMiB: peakMiB() };
}

async function planFirstDay(folder: string, source: GeneratedSource, now: number): Promise<DaysResult['plan']> {
  const vault = new DiskStore(join(folder, 'vault'), now);
  const ports = benchPorts(source, vault, new DiskStore(join(folder, 'scratch'), now), now);
  const input = {
    sourceBucket: BUCKET,
    pointInTime: toIso(NOW + 12 * HOUR),
    destinationBucket: 'a-new-bucket',
    createBucket: true,
    dryRun: true,
  };
  const { cpuSeconds } = await runRestore(ports, input, 'plan', now);
  const requests = Object.values(vault.counts()).reduce((sum, count) => sum + count, 0);
  return { bytesRead: vault.bytesRead, requests, cpuSeconds };
}

runMain(main);
