import { addHoldings, LOST } from '../../../core/backup/fold-versions';
import { NOTHING } from '../store/outcome';
import { type Kind } from './kind';

/** What the change log has, and no scan: no request is made for it. */
const logged = { isFree: () => true, act: () => Promise.resolve(NOTHING) };

/** A logged row that the history does not have: it goes into the history as it is. */
export const take: Kind<'take'> = {
  ...logged,
  settle({ counts, delta }, placed) {
    const { row } = placed.decision;
    delta.add(row);
    if (row.kind === 'removed') counts.sums.removed++;
    if (row.kind === 'state') counts.sums.restated++;
    if (row.kind === 'put' && row.file) counts.sums.captured++;
    if (row.kind === 'put' && row.uncertain === LOST) counts.sums.lost++;
    return Promise.resolve();
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
