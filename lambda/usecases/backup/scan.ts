import type { WorkInput, WorkOutput } from '../../contract/steps';
import type { BackupJob, ScanUnit } from '../../core/backup/job';
import type { BackupPorts } from '../context';
import { SCAN_STEP } from '../work/step-names';
import { runTurn, Turn } from '../work/turns';
import { pacedPorts } from './limits/paced';
import { refuseLateWork } from './limits/windows';
import { InventoryCursor, InventoryScan } from './sources/inventory';
import { ListingCursor, ListingScan } from './sources/listing';
import { type LanesCursor, scanLanes } from './sources/listing-lanes';
import type { ScanResult } from './sources/result';

/** A unit has the cursor of its kind of scan. */
type ScanCursor = ListingCursor | LanesCursor | InventoryCursor;

/** One turn of a scan, until the end of its unit or the deadline: sorted runs of what the bucket has. */
export function scanBackup(unpaced: BackupPorts, input: WorkInput<BackupJob, ScanUnit>): Promise<WorkOutput> {
  const { job, unit } = input;
  const ports = pacedPorts(unpaced, unit.requestsPerSecond);
  return runTurn(
    ports.scratch,
    SCAN_STEP,
    input,
    async (cursor: ScanCursor | undefined): Promise<Turn<ScanResult, ScanCursor>> => {
      await refuseLateWork(ports.scratch, SCAN_STEP, job);
      if (job.report)
        return new InventoryScan(ports, job, job.report, unit, cursor as InventoryCursor | undefined).turn();
      return areLanes(unit, cursor)
        ? scanLanes(ports, job, unit, cursor as LanesCursor | undefined)
        : new ListingScan(ports, job, unit, (cursor ?? {}) as ListingCursor).turn();
    },
  );
}

/** A worker of an earlier release, before an update that came while the job ran, has listed a unit as a whole: so it goes on. */
const areLanes = ({ cuts }: ScanUnit, cursor: ScanCursor | undefined): boolean =>
  cuts !== undefined && (cursor === undefined || 'lanes' in cursor);
