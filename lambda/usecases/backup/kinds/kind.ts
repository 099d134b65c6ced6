import type { Decision } from '../../../core/backup/decisions';
import type { BackupJob } from '../../../core/backup/job';
import type { Row } from '../../../core/history/row';
import type { BackupPorts } from '../../context';
import type { Stored, VersionStore } from '../../versions/version-store';
import type { Placed } from '../store/batch';
import type { RangeLedger } from '../store/ledger';

export type DecisionOf<K extends Decision['kind']> = Extract<Decision, { readonly kind: K }>;
export type PlacedOf<K extends Decision['kind']> = Placed & { readonly decision: DecisionOf<K> };

/** What decisions are carried out with. */
export interface RangeWorker {
  readonly ports: BackupPorts;
  readonly job: BackupJob;
  readonly versions: VersionStore;
}

/** A version that the vault has, or that has a reason why not. */
export type Kept =
  Exclude<Stored, { kind: 'unfinished' }> | { readonly kind: 'reused'; readonly states: readonly Row[] };

/** What carrying a decision out has led to. */
export type Outcome =
  | Stored
  | Kept
  | { readonly kind: 'nothing' }
  | { readonly kind: 'gone' }
  /** A marker that the report lists is not there. */
  | { readonly kind: 'absent' }
  /** A report leaves out what is there. */
  | { readonly kind: 'omitted'; readonly isRead: boolean; readonly then: Kept };

export const NOTHING: Outcome = { kind: 'nothing' };

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
