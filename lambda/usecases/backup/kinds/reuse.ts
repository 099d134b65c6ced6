import { latestOf, newPlace, stateRow } from '../../../core/backup/decisions';
import type { BackupJob } from '../../../core/backup/job';
import type { Row } from '../../../core/history/row';
import { refuseUnlikeKnown } from '../../../core/inventory/contradictions';
import { REPORT_LAG } from '../../../core/history/arrival';
import { changedStates } from '../store/changed-states';
import { type DecisionOf, NOTHING } from '../store/outcome';
import { type Kind } from './kind';

/** A version that the vault has: its tags and ACL may be others by now. */
export const reuse: Kind<'reuse'> = {
  isFree: ({ metadata }) => metadata !== 'FULL',

  async act({ ports, job }, decision) {
    const { row, known } = decision;
    refuseUnlikeKnown(row, known);
    if (job.metadata === 'FULL' && row.kind === 'put') return changedStates(ports, job, decision);
    if (job.aclsEnabled && row.acl !== undefined)
      return { kind: 'reused', states: reportedAcl(job, decision, row.acl) };
    return NOTHING;
  },

  async settle(ledger, placed, outcome) {
    const { decision, needed } = placed;
    const { row, known } = decision;
    const has = ledger.counts.add(placed);
    const place = newPlace(row, known);
    if (place) ledger.delta.add(place);
    if (!has) ledger.write(outcome);
    else if (row.kind === 'put') await ledger.keep(decision, outcome, needed);
  },
};

/** A report says the ACL of every version: one that the history does not know. */
function reportedAcl({ asOf }: BackupJob, decision: DecisionOf<'reuse'>, acl: string): Row[] {
  const logged = decision.states.some((state) => state.acl !== undefined && isNewsTo(state, asOf));
  return logged || acl === latestOf(decision, 'acl') ? [] : [stateRow(decision.row, { acl }, asOf)];
}

/** A change that was logged so shortly before a report may be missing in it. */
const isNewsTo = (state: Row, asOf: number): boolean =>
  state.source === 'event' && (state.effectiveFrom ?? 0) > asOf - REPORT_LAG;
