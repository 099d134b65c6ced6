import type { FanOutInput } from '../contract/steps';
import type { BackupJob, RangeUnit } from '../core/jobs';
import { afterKey } from '../core/key-order';
import { cutRanges } from '../core/weights';
import type { BackupPorts } from './context';
import { SCAN_STEP } from './backup-prepare';
import type { ScanResult } from './backup-scan';
import { unitResults, writeUnits } from './turns';

export const RANGE_STEP = 'ranges';

/** Cuts the bucket into ranges of near-equal work, along the ranges of the last commit where they fit. */
export async function partitionBackup(
  ports: BackupPorts,
  { job }: { job: BackupJob },
): Promise<FanOutInput<BackupJob, RangeUnit>> {
  const [scans, base] = await Promise.all([
    unitResults<ScanResult>(ports.scratch, job.jobId, SCAN_STEP, '0'),
    ports.vault.readBase(job.bucket, job.base),
  ]);
  const bounds = base?.ranges.map((range) => range.from) ?? [];
  const samples = scans.flatMap((scan) => scan.samples);
  const ranges = cutRanges(samples, ports.settings.rangeWeight, bounds, afterKey);
  const units = ranges.map((range, index): RangeUnit => ({ id: String(index), ...range }));
  ports.log.info('BackupPartitioned', {
    jobId: job.jobId,
    units: units.length,
    parts: scans.flatMap((s) => s.parts).length,
  });
  return writeUnits(ports.scratch, RANGE_STEP, job, units);
}
