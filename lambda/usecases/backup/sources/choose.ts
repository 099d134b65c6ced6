import { BackupError, ErrorName } from '../../../contract/errors';
import type { BackupJob, ScanUnit } from '../../../core/backup/job';
import type { BackupRequest } from '../../../core/backup/request';
import type { Manifest } from '../../../core/history/manifest';
import { fromIso, toIso } from '../../../core/values/instant';
import { isStoreError } from '../../../ports/object-store';
import type { BackupPorts } from '../../context';
import { configuredAt, ensureInventory, hasInventory } from './inventory-configuration';
import { newestReport, Report } from './inventory-report';
import { listingUnits } from './listing-units';

export type ChosenSource = Pick<BackupJob, 'source' | 'asOf' | 'report'> & {
  readonly units: readonly ScanUnit[];
};

const HOUR = 60 * 60;
/** What a recovery point may lag behind its job when nobody says otherwise. A report that was asked for may be a day and a half old. */
const AUTO_AGE = 2 * HOUR;
const REPORT_AGE = 36 * HOUR;

/** Seconds that the start of a report's scan may lie behind a job that reads it. */
export function oldestReport({ source, maxSourceAgeMinutes }: BackupRequest): number {
  if (maxSourceAgeMinutes !== undefined) return maxSourceAgeMinutes * 60;
  return source === 'auto' ? AUTO_AGE : REPORT_AGE;
}

/**
 * Decides from what the job learns of the bucket's content, and cuts that into units. `now` is S3's time. With `isCaptured`, all that
 * happened up to the last commit was captured: then a report may be older than that commit, which has what is younger.
 */
export async function chooseSource(
  ports: BackupPorts,
  request: BackupRequest,
  base: Manifest | undefined,
  { now, isCaptured = false }: { readonly now: number; readonly isCaptured?: boolean },
): Promise<ChosenSource> {
  const { bucket, source } = request;
  if (source === 'inventory') await ensureInventory(ports, bucket, now);
  const previousAsOf = base ? fromIso(base.asOf) : 0;
  const least = isCaptured ? 0 : previousAsOf;
  const report = source === 'listing' ? undefined : await usableReport(ports, request, least, now);
  if (!report) {
    // S3's time never goes back within a timeline, whatever node answers.
    const asOf = Math.max(now, previousAsOf);
    return { source: 'listing', asOf, units: await listingUnits(ports, bucket, base) };
  }
  const { content, ...ref } = report;
  const sizes = content.files.map((file) => file.size);
  return {
    source: 'inventory',
    asOf: Math.max(report.start, previousAsOf),
    report: ref,
    units: inventoryUnits(sizes, ports.settings.inventoryUnitBytes),
  };
}

/** The report to read; undefined when the job may list the bucket instead, and shall. */
async function usableReport(
  ports: BackupPorts,
  request: BackupRequest,
  previousAsOf: number,
  now: number,
): Promise<Report | undefined> {
  const { bucket, source } = request;
  const most = oldestReport(request);
  try {
    const report = await newestReport(ports.scratch, bucket);
    const configured = report ? await configuredAt(ports.scratch, bucket) : 0;
    const problem = problemOf(bucket, report, { previousAsOf, now, most, configured });
    if (problem) throw new BackupError(ErrorName.noInventory, `${problem}, or use the source "listing"`);
    if (source === 'inventory' || (await hasInventory(ports, bucket))) return report;
    ports.log.warn('InventoryRefused', {
      bucket,
      problem: 'the inventory configuration differs from the one that this vault needs',
    });
    return undefined;
  } catch (error) {
    if (source !== 'auto') throw error;
    if (isStoreError(error, 'access-denied')) return undefined;
    if (!(error instanceof BackupError)) throw error;
    if (error.name !== ErrorName.noInventory) ports.log.warn('InventoryRefused', { bucket, problem: error.message });
    return undefined;
  }
}

function problemOf(
  bucket: string,
  report: Report | undefined,
  { previousAsOf, now, most, configured }: { previousAsOf: number; now: number; most: number; configured: number },
): string | undefined {
  if (!report)
    return `bucket "${bucket}" has no complete inventory report yet: wait for the first one, which S3 delivers within 48 hours of the configuration`;
  const found = `the newest inventory report of bucket "${bucket}" began ${toIso(report.start)}`;
  if (report.start <= configured)
    return `${found}, before this vault configured the inventory at ${toIso(configured)}: wait for the next report`;
  if (report.start <= previousAsOf)
    return `${found}, which is not later than the recovery point of ${toIso(previousAsOf)}: wait for the next report`;
  if (now - report.start > most)
    return `${found}, which is older than the ${String(Math.round(most / 60))} minutes that maxSourceAge allows: wait for the next report, raise maxSourceAge`;
  return undefined;
}

/** Groups data files, in the manifest's order, into units of about equal bytes. An empty report still has one unit. */
function inventoryUnits(sizes: readonly number[], unitBytes: number): ScanUnit[] {
  const units: ScanUnit[] = [];
  let first = 0;
  let bytes = 0;
  sizes.forEach((size, index) => {
    bytes += size;
    if (bytes < unitBytes && index + 1 < sizes.length) return;
    units.push({ id: String(units.length), files: { first, count: index + 1 - first } });
    first = index + 1;
    bytes = 0;
  });
  return units.length > 0 ? units : [{ id: '0', files: { first: 0, count: 0 } }];
}
