import { notStored } from '../../../core/backup/decisions';
import { refuseUnlikeKnown } from '../../../core/inventory/contradictions';
import type { Kind } from './kind';

/** A version whose body the vault does not have: it is read or copied. */
export const store: Kind<'store'> = {
  isFree: () => false,

  act({ versions }, { row, known }) {
    refuseUnlikeKnown(row, known);
    return versions.store(row, known);
  },

  async settle(ledger, placed, outcome) {
    const { decision, needed } = placed;
    if (ledger.counts.add(placed)) await ledger.keep(decision, outcome, needed);
    else ledger.write(outcome);
    ledger.countLost(decision, outcome);
    if (outcome.kind === 'skipped') ledger.miss(decision, outcome.reason);
    if (!decision.isLater) return;
    if (outcome.kind !== 'skipped') {
      ledger.counts.sums.captured++;
      return;
    }
    const marked = notStored(decision.row, outcome.reason);
    ledger.delta.add(marked);
    await ledger.refuse(marked);
  },
};
