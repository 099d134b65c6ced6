import { isPending, LOST } from '../../../core/backup/fold-versions';
import { addHoldings } from '../../../core/backup/holdings';
import { isSighting } from '../../../core/history/row';
import { NOTHING } from '../store/outcome';
import { type Kind } from './kind';

/** What the change log has, and no scan: no request is made for it. */
const logged = { isFree: () => true, act: () => Promise.resolve(NOTHING) };

/** A logged row that the history does not have: it goes into the history as it is. */
export const take: Kind<'take'> = {
  ...logged,
  async settle(ledger, placed) {
    const { row, isLoss } = placed.decision;
    const { sums } = ledger.counts;
    ledger.delta.add(row);
    if (row.kind === 'removed' && !isSighting(row)) sums.removed++;
    if (isLoss) ledger.lose();
    if (row.kind === 'state') sums.restated++;
    if (row.kind === 'put' && row.file) sums.captured++;
    if (row.kind !== 'put' || row.file || row.uncertain === undefined) return;
    if (row.uncertain === LOST) sums.lost++;
    if (!isPending(row)) await ledger.refuse(row);
  },
};

/** How many rows the log had of a key, and how they change what the bucket holds. */
export const folded: Kind<'folded'> = {
  ...logged,
  settle(ledger, { decision }) {
    ledger.counts.sums.folded += decision.rows;
    ledger.change = addHoldings(ledger.change, decision.change);
    ledger.later = addHoldings(ledger.later, decision.later);
    return Promise.resolve();
  },
};

/** A known version that got other tags or another ACL. */
export const restate: Kind<'restate'> = {
  ...logged,
  settle(ledger, { decision }) {
    ledger.restate(decision.states);
    return Promise.resolve();
  },
};
