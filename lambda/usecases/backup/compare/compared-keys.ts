import type { BackupJob } from '../../../core/backup/job';
import { COMPARE_COLUMNS, FOLD_COLUMNS, STATE_COLUMNS } from '../../../core/history/files/segment-columns';
import type { Manifest } from '../../../core/history/manifest';
import type { KeyRange } from '../../../core/keys/order';
import { type Unchanged, UNCHANGED_COLUMNS, UNCHANGED_REPORT_COLUMNS } from '../../../core/scan/unchanged';
import type { BackupPorts } from '../../context';
import { readRunColumns, readRunGroups } from '../../work/runs';
import type { JobRuns } from './job-runs';
import { type Compared, compareWithHistory, ScannedKey, touchedKeys, withRecounts } from './with-history';

interface ComparedInterval {
  readonly runs: JobRuns;
  readonly base: Manifest | undefined;
  readonly within: KeyRange;
  /** The key that an earlier turn has begun with: it is decided anew. */
  readonly resumed?: string;
}

/**
 * What there is to decide about the keys of an interval: the scan beside the history and the change log. A job that scans nothing looks only at
 * keys that the log has something of.
 */
export function comparedKeys(
  { vault, scratch }: Pick<BackupPorts, 'vault' | 'scratch'>,
  job: BackupJob,
  { runs, base, within, resumed }: ComparedInterval,
): AsyncGenerator<ScannedKey | Unchanged> {
  const columns = columnsOf(job, runs);
  const logged = readRunGroups(scratch, runs.changes, within);
  if (job.source === 'changes') {
    const recounts = readRunGroups(scratch, runs.recounts, within);
    return touchedKeys(vault, base, within, { columns, logged: withRecounts(logged, recounts) });
  }
  const scan = readRunColumns(scratch, runs.scan, within);
  const unchanged = unchangedOf(job, resumed);
  return compareWithHistory({ vault, manifest: base, within, columns, scan, logged, unchanged });
}

function columnsOf(job: BackupJob, runs: JobRuns): readonly string[] {
  if (job.continuous) return FOLD_COLUMNS;
  return needsStates(job, runs) ? STATE_COLUMNS : COMPARE_COLUMNS;
}

/** Which state of a version holds matters only to jobs that may add one; where a row is from, to those that read a report. */
function needsStates({ metadata, source }: BackupJob, runs: JobRuns): boolean {
  return runs.changes.length > 0 || metadata === 'FULL' || source === 'inventory';
}

/** Jobs that read tags and ACLs of what the vault has look at every version, and those of CURRENT versions count what else a report has. */
function unchangedOf(job: BackupJob, resumed: string | undefined): Compared['unchanged'] {
  if (job.metadata === 'FULL') return undefined;
  const columns = job.source === 'inventory' ? UNCHANGED_REPORT_COLUMNS : UNCHANGED_COLUMNS;
  const withAcls = job.source === 'inventory' && job.aclsEnabled;
  return {
    columns: withAcls ? [...columns, 'acl'] : columns,
    withAcls,
    most: job.versions === 'CURRENT' ? 1 : undefined,
    except: resumed,
  };
}
