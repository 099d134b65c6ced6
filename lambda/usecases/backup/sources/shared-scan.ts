import { manifestKey, recoveryPointId, reportPrefix } from '../../../contract/layout';
import type { BackupJob, ScanUnit } from '../../../core/backup/job';
import type { BackupRequest } from '../../../core/backup/request';
import type { BackupCounts, Manifest } from '../../../core/history/manifest';
import { total } from '../../../core/values/counts';
import { fromIso } from '../../../core/values/instant';
import type { BackupPorts } from '../../context';
import { oldestReport } from './choose';

/** What a job takes over from the commit that it shares the scan of. */
export type SharedScan = Pick<
  BackupJob,
  'shared' | 'source' | 'asOf' | 'requests' | 'region' | 'aclsEnabled' | 'ownership'
> & { readonly units: readonly ScanUnit[]; readonly readAll?: undefined };

/**
 * Rules of one bucket that are due together share one scan: a scheduled job for which the newest commit has all that it
 * would find makes a recovery point of its own over the same segments, without a request to the protected bucket.
 */
export async function shareScan(
  ports: BackupPorts,
  request: BackupRequest,
  base: Manifest | undefined,
  now: number,
): Promise<SharedScan | undefined> {
  if (!request.scheduled || !base?.recoveryPoint || base.versions !== request.versions) return undefined;
  const { source } = base;
  if (source !== 'listing' && source !== 'inventory') return undefined;
  const due = fromIso(request.scheduled.scheduledTime);
  if (request.metadata === 'FULL' && fromIso(base.metadataThrough ?? '1970-01-01T00:00:00Z') < due) return undefined;
  if (fromIso(base.asOf) < due && !(await readsSameReport(ports, request, base, { due, now }))) return undefined;
  return {
    shared: true,
    source,
    asOf: fromIso(base.asOf),
    requests: {},
    region: base.region,
    aclsEnabled: base.ownership !== 'BucketOwnerEnforced',
    ownership: base.ownership,
    units: [],
  };
}

/** A report is older than the jobs that read it: what counts is that the other job read it when this one was due. */
async function readsSameReport(
  { vault }: BackupPorts,
  request: BackupRequest,
  base: Manifest,
  { due, now }: { due: number; now: number },
): Promise<boolean> {
  if (request.source !== 'inventory' || base.source !== 'inventory') return false;
  if (now - fromIso(base.asOf) > oldestReport(request)) return false;
  const { lastModified } = await vault.store.head({ bucket: vault.bucket, key: manifestKey(base.bucket, base.seq) });
  return lastModified >= due;
}

/** Numbers of a commit that stored nothing: all that the other one stored is reused (invariant 6). */
export function sharedCounts({ counts }: Manifest): BackupCounts {
  const reused = counts.versions - total(counts.skipped);
  return { ...counts, stored: 0, storedBytes: 0, reused, removed: 0, restated: 0 };
}

/** Where the report of a job that shares a scan sends its reader: what was skipped is listed there. */
export const sharedFrom = ({ bucket, seq, jobId }: Manifest) => ({
  sharesScanOf: { recoveryPointId: recoveryPointId(bucket, seq), report: `${reportPrefix(bucket, jobId)}report.json` },
});
