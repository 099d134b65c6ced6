import type { Kind } from './kind';

/** A version that earlier jobs were not allowed to read. */
export const retry: Kind<'retry'> = {
  isFree: () => false,

  act({ versions }, { row, known }) {
    return versions.store(row, known);
  },

  async settle(ledger, { decision }, outcome) {
    await ledger.retry(decision.known, outcome);
  },
};
