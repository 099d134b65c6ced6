import type { BackupJob, ScanUnit } from '../core/jobs';
import { addWork, NO_WORK } from '../core/weights';
import type { BackupPorts } from './context';
import { runInOrder } from './pool';
import { requestsSince } from './requests';
import { type ListingCursor, ListingScan } from './scan-listing';
import type { ScanResult } from './scan-result';
import type { Turn } from './turns';

/** Where each lane of a unit goes on; null: it has ended. */
export interface LanesCursor {
  readonly lanes: readonly (ListingCursor | null)[];
}

/**
 * One turn at an interval of keys that is cut into lanes, which are listed at the same time: a listing waits for S3 most of the time, and Lambda bills a
 * wait like work. Runs of the lanes do not overlap, so whoever reads them reads one after the other.
 */
export async function scanLanes(
  ports: BackupPorts,
  job: BackupJob,
  unit: ScanUnit,
  start: LanesCursor | undefined,
): Promise<Turn<ScanResult, LanesCursor>> {
  const before = { ...ports.source.counts() };
  const lanes = lanesOf(unit);
  const turns = await runInOrder(
    lanes,
    lanes.length,
    () => true,
    async (lane, number) => {
      const cursor = start ? start.lanes[number] : {};
      return cursor ? new ListingScan(ports, job, lane, cursor).turn() : undefined;
    },
  );
  const results = turns.flatMap((turn) => (turn ? [turn.result] : []));
  const result: ScanResult = {
    runs: results.flatMap(({ runs }) => runs),
    samples: results.flatMap(({ samples }) => samples),
    versions: results.reduce((sum, { versions }) => sum + versions, 0),
    requests: requestsSince(ports.source, before),
    work: results.reduce((sum, { work = NO_WORK }) => addWork(sum, work), NO_WORK),
  };
  const left = turns.map((turn) => turn?.cursor ?? null);
  return { result, cursor: left.some((cursor) => cursor !== null) ? { lanes: left } : undefined };
}

/** The intervals of a unit, in key order. */
function lanesOf({ cuts = [], ...unit }: ScanUnit): ScanUnit[] {
  return [...cuts, unit.last].map((last, number) => ({ ...unit, after: cuts[number - 1] ?? unit.after, last }));
}
