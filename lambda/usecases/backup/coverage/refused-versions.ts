import { REFUSED } from '../../../core/backup/refused';
import { holdingsBefore } from '../../../core/backup/point-counts';
import type { BackupJob } from '../../../core/backup/job';
import type { Manifest } from '../../../core/history/manifest';
import { NULL_VERSION, type Row } from '../../../core/history/row';
import { isStoreError } from '../../../ports/object-store';
import type { BackupPorts } from '../../context';
import { decodeLines } from '../../work/json-lines';
import type { ReportLine } from '../../work/report';

/** Versions that one upkeep tries again: 10,000 requests, less than a cent. Where there are more, upkeeps take turns at them. */
export const MOST_RETRIES = 10_000;
/** Files of reports that it looks for them in: 8 MiB each at most. */
const MOST_FILES = 16;

/**
 * Versions that the vault could not read so far, for an upkeep that scans nothing: it tries them again. Reports of jobs list them. One that is
 * stored or gone by now is none of them in the history.
 */
export async function refusedVersions(
  { vault, log }: Pick<BackupPorts, 'vault' | 'log'>,
  { source, internal, jobId, seq }: BackupJob,
  base: Manifest | undefined,
): Promise<readonly Row[]> {
  const count = holdingsBefore(base).skipped?.[REFUSED] ?? 0;
  if (source !== 'changes' || !internal || count === 0) return [];
  const files = turnAt(base?.continuous?.skippedReports ?? [], seq, MOST_FILES);
  const found = new Map<string, Row>();
  for (const key of files) {
    for (const line of await linesOf(vault, key)) {
      const row = rowOf(line);
      if (row) found.set(JSON.stringify([row.key, row.versionId]), row);
    }
  }
  const rows = turnAt([...found.values()], seq, MOST_RETRIES);
  log.info('RefusedVersionsTried', { jobId, refused: count, tried: rows.length });
  return rows;
}

/** As many as there is room for, from another place on in each commit. */
function turnAt<T>(all: readonly T[], seq: number, most: number): readonly T[] {
  if (all.length <= most) return all;
  const from = (seq * most) % all.length;
  return [...all.slice(from), ...all.slice(0, from)].slice(0, most);
}

function rowOf({ key, versionId, size, reason }: ReportLine): Row | undefined {
  if (reason !== REFUSED || versionId === undefined || versionId === NULL_VERSION) return undefined;
  return { key, versionId, kind: 'put', lastModified: 0, size };
}

async function linesOf({ store, bucket }: BackupPorts['vault'], key: string): Promise<Iterable<ReportLine>> {
  try {
    return decodeLines<ReportLine>((await store.get({ bucket, key })).body);
  } catch (error) {
    // Somebody has deleted it: the next comparison lists all of them anew.
    if (isStoreError(error, 'not-found')) return [];
    throw error;
  }
}
