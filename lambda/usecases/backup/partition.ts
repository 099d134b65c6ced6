import type { FanOutInput, PartitionInput } from '../../contract/steps';
import type { BackupJob, RangeUnit } from '../../core/backup/job';
import { compareKeys } from '../../core/keys/order';
import { addWork, cutRanges, NO_WORK, workersFor, type Workload } from '../../core/scan/weights';
import type { BackupPorts } from '../context';
import { endOfRangeAt } from '../history/segment-index';
import { RANGE_STEP, SCAN_STEP } from '../work/step-names';
import { stepResults, writeUnits } from '../work/turns';
import { type JobRuns, runsKey } from './compare/job-runs';
import { foldChanges } from './coverage/fold-changes';
import { shareOfRate } from './limits/paced';
import { refuseHopeless } from './limits/windows';
import type { ScanResult } from './sources/result';

/** Cuts the bucket into ranges of near-equal work, along the ranges of the last commit where they fit. */
export async function partitionBackup(
  ports: BackupPorts,
  { job, choosesConcurrency }: PartitionInput<BackupJob>,
): Promise<FanOutInput<BackupJob, RangeUnit>> {
  // Nothing was scanned: without this, everything would look removed.
  if (job.shared)
    return writeUnits<BackupJob, RangeUnit>(ports.scratch, RANGE_STEP, job, [], ports.settings.maxConcurrency);
  const [scans, base] = await Promise.all([
    stepResults<ScanResult>(ports.scratch, job.jobId, SCAN_STEP),
    ports.vault.readBase(job.bucket, job.base),
  ]);
  // One file for all ranges: each would otherwise read the results of the whole scan.
  const logged = await foldChanges(ports, job, base);
  const isScan = job.source !== 'changes';
  const scanned = isScan ? scans.flatMap((scan) => scan.samples) : logged.samples;
  const samples = [...scanned].sort((a, b) => compareKeys(a.key, b.key));
  const ranges = await cutRanges(samples, ports.settings.rangeWeight, (key) => endOfRangeAt(ports.vault, base, key));
  const { maxSourceRequestsPerSecond: rate, maxConcurrency } = ports.settings;
  const work = isScan && choosesConcurrency ? workOfScan(job, scans) : undefined;
  const requests = leastRequests(job, work);
  await refuseHopeless(job, { requests, perSecond: rate }, ports.scratch);
  const concurrency = workersFor(work, rate, maxConcurrency, ranges.length);
  const requestsPerSecond = shareOfRate({ ...ports.settings, maxConcurrency: concurrency }, ranges.length);
  const units = ranges.map((range, index): RangeUnit => ({ id: String(index), ...range, requestsPerSecond }));
  const runs = scans.flatMap((scan) => scan.runs);
  const { runs: changes, rows, recounts, lag, gaps } = logged;
  await ports.scratch.create<JobRuns>(runsKey(job), { scan: runs, changes, rows, recounts, lag, gaps });
  ports.log.info('BackupPartitioned', {
    jobId: job.jobId,
    units: units.length,
    concurrency,
    runs: runs.length,
    changes: changes.length,
  });
  // Nothing was captured: nothing is done but to say so.
  return writeUnits(
    ports.scratch,
    RANGE_STEP,
    job,
    isScan || rows > 0 || recounts.length > 0 ? units : [],
    concurrency,
  );
}

/** A job that reads the tags and ACLs of all versions makes requests that the scan does not tell of: undefined. */
function workOfScan({ metadata }: BackupJob, scans: readonly ScanResult[]): Workload | undefined {
  if (metadata === 'FULL' || scans.some(({ work }) => !work)) return undefined;
  return scans.reduce((sum, { work = NO_WORK }) => addWork(sum, work), NO_WORK);
}

/** Requests that the work of a scan takes for sure: a report also has versions that a job of CURRENT ones leaves out. */
const leastRequests = ({ source, versions }: BackupJob, work: Workload | undefined): number =>
  !work || (source === 'inventory' && versions === 'CURRENT') ? 0 : work.requests;
