import { NOTHING } from '../store/outcome';
import { whereabouts } from '../store/whereabouts';
import { type Kind } from './kind';

/** A delete marker that the history does not have. */
export const mark: Kind<'mark'> = {
  isFree: ({ metadata, source }) => metadata !== 'FULL' && source !== 'inventory',

  /** A report may still have a marker that was deleted before it, which would hide an object that is there. */
  async act({ ports, job }, { row }) {
    if (job.source !== 'inventory') return NOTHING;
    const found = await whereabouts(ports.source, job.bucket, { known: row });
    return found === 'gone' ? { kind: 'absent' } : NOTHING;
  },

  async settle(ledger, placed, outcome) {
    const { decision, needed } = placed;
    if (outcome.kind === 'absent') return ledger.skipMarker(decision.row, needed);
    ledger.counts.add(placed);
    ledger.delta.add(decision.row);
  },
};
