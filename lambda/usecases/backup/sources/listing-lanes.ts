import type { BackupJob, ScanUnit } from '../../../core/backup/job';
import { addWork, NO_WORK } from '../../../core/scan/weights';
import type { BackupPorts } from '../../context';
import { runInOrder } from '../../work/pool';
import { requestsSince } from '../../work/requests';
import type { Turn } from '../../work/turns';
import { type ListingCursor, ListingScan } from './listing';
import type { ScanResult } from './result';

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
  const cursors = start?.lanes ?? lanes.map(() => ({}));
  const open = [...lanes.keys()].filter((number) => cursors[number]);
  const most = lanesAtATime(unit);
  const turns = await runInOrder(
    open,
    most,
    (place) => place < most || ports.deadline.remainingMillis() > 0,
    (number) => new ListingScan(ports, job, lanes[number] ?? unit, cursors[number] ?? {}).turn(),
  );
  const results = turns.map(({ result }) => result);
  const result: ScanResult = {
    runs: results.flatMap(({ runs }) => runs),
    samples: results.flatMap(({ samples }) => samples),
    versions: results.reduce((sum, { versions }) => sum + versions, 0),
    requests: requestsSince(ports.source, before),
    work: results.reduce((sum, { work = NO_WORK }) => addWork(sum, work), NO_WORK),
  };
  const left = lanes.map((_, number) => {
    const turn = turns[open.indexOf(number)];
    return (turn ? turn.cursor : cursors[number]) ?? null;
  });
  return { result, cursor: left.some((cursor) => cursor !== null) ? { lanes: left } : undefined };
}

/**
 * No more than the requests that the unit may make in a second: others would wait for their turn only, and at a low rate beyond the time that the
 * worker has.
 */
const lanesAtATime = ({ requestsPerSecond }: ScanUnit): number =>
  requestsPerSecond === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(requestsPerSecond));

/** The intervals of a unit, in key order. */
function lanesOf({ cuts = [], ...unit }: ScanUnit): ScanUnit[] {
  return [...cuts, unit.last].map((last, number) => ({ ...unit, after: cuts[number - 1] ?? unit.after, last }));
}
