import { addHoldings, type Holdings, holdingsOf, NO_HOLDINGS } from '../../../core/backup/holdings';
import type { BackupJob } from '../../../core/backup/job';
import { joinAll } from '../../../core/history/join';
import type { Row } from '../../../core/history/row';
import { viewAt } from '../../../core/history/view';
import { compareKeys } from '../../../core/keys/order';
import type { UnchangedSums } from './batch';

/** A key of which decisions may be left to carry out. */
interface OpenKey {
  readonly told: readonly Row[];
  readonly written: Row[];
  isDecided: boolean;
}

/**
 * Counts what the recovery point of a scan shows of a bucket with continuous backup, and what the bucket holds by all that is known: by the
 * history as the job leaves it, and not by what the scan saw. Keys are counted once, when the last decision about them is carried out.
 */
export class ShownKeys {
  shown: Holdings = NO_HOLDINGS;
  held: Holdings = NO_HOLDINGS;
  private readonly open = new Map<string, OpenKey>();

  constructor(private readonly job: Pick<BackupJob, 'asOf' | 'versions' | 'source'>) {}

  /** `told` is the key's history with what was captured, `written` what earlier turns have written of it. */
  begin(key: string, told: readonly Row[], written: readonly Row[]): void {
    this.open.set(key, { told, written: [...written], isDecided: false });
  }

  /** A row that goes into the history. */
  note(row: Row): void {
    this.open.get(row.key)?.written.push(row);
  }

  /** All decisions about a key are in a batch. */
  decided(key: string): void {
    const open = this.open.get(key);
    if (open) open.isDecided = true;
  }

  /** Keys of which nothing is new: the history shows what the scan saw. */
  addUnchanged(sums: UnchangedSums | undefined): void {
    if (!sums) return;
    this.shown = addHoldings(this.shown, { ...sums, skipped: {} });
    this.held = addHoldings(this.held, { ...sums, skipped: {} });
  }

  /** A batch is carried out. `last` is the key that the next turn goes on with: it and those after it are counted there. */
  count(last?: string): void {
    for (const [key, { told, written, isDecided }] of this.open) {
      if (!isDecided || (last !== undefined && compareKeys(key, last) >= 0)) continue;
      this.add(key, joinAll([...told, ...written]));
      this.open.delete(key);
    }
  }

  private add(key: string, rows: readonly Row[]): void {
    const { asOf, versions, source } = this.job;
    const ofReport = source === 'inventory';
    const at = (instant: number): Holdings => {
      const view = viewAt(key, rows, instant, { ofReport });
      return holdingsOf(view.versions.slice(0, versions === 'CURRENT' ? 1 : undefined));
    };
    this.shown = addHoldings(this.shown, at(asOf));
    this.held = addHoldings(this.held, at(Infinity));
  }
}
