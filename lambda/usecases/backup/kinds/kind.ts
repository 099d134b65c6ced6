import type { Decision } from '../../../core/backup/decisions';
import type { BackupJob } from '../../../core/backup/job';
import type { BackupPorts } from '../../context';
import type { VersionStore } from '../../versions/version-store';
import type { RangeLedger } from '../store/ledger';
import type { DecisionOf, PlacedOf, Outcome } from '../store/outcome';

/** What decisions are carried out with. */
export interface RangeWorker {
  readonly ports: BackupPorts;
  readonly job: BackupJob;
  readonly versions: VersionStore;
}

/**
 * One kind of decision, in three parts. Many decisions are carried out at the same time (`act`), and their outcomes are
 * written down one after the other, in the order of the decisions (`settle`).
 */
export interface Kind<K extends Decision['kind']> {
  /** Whether carrying it out takes no request, and so no time that is worth a turn of its own. */
  isFree(job: BackupJob): boolean;
  /** Makes the requests that the decision asks for. It may be repeated. */
  act(worker: RangeWorker, decision: DecisionOf<K>): Promise<Outcome>;
  /** Counts the outcome, and adds its rows to the delta. `lookedAt` is S3's time after all of the batch was carried out. */
  settle(ledger: RangeLedger, placed: PlacedOf<K>, outcome: Outcome, lookedAt: number): Promise<void>;
}
