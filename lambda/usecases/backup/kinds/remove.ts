import type { Stored } from '../../versions/version-store';
import { changedStates, unread } from '../store/changed-states';
import type { DecisionOf, Outcome } from '../store/outcome';
import { whereabouts } from '../store/whereabouts';
import type { Kind, RangeWorker } from './kind';

/** A version that the history has and the scan did not see. */
export const remove: Kind<'remove'> = {
  isFree: ({ metadata, source }) => metadata !== 'FULL' && source !== 'inventory',

  /** That a report leaves a version out proves nothing: S3 is asked. */
  async act(worker, decision) {
    const { job } = worker;
    if (job.source === 'inventory') return leftOut(worker, decision);
    // It may have been there when the job began, with tags of a time in which changes were missed.
    const isUnread = job.metadata === 'FULL' && job.continuous !== undefined && decision.known.kind === 'put';
    return { kind: 'gone', states: isUnread ? [unread(job, decision.known)] : [] };
  },

  async settle(ledger, placed, outcome, lookedAt) {
    const { row, known } = placed.decision;
    ledger.countLost(placed.decision, outcome.kind === 'omitted' ? outcome.then : outcome);
    if (outcome.kind !== 'omitted') {
      ledger.delta.add({ ...row, removedBefore: Math.max(row.removedBefore ?? 0, lookedAt) });
      ledger.counts.sums.removed++;
      if (outcome.kind === 'gone') for (const state of outcome.states ?? []) ledger.delta.add(state);
      return;
    }
    const { has, needed } = ledger.counts.addOmitted(placed, known, outcome.isRead);
    if (known.kind !== 'put') return;
    if (has) await ledger.keep({ row: known, known }, outcome.then, needed);
    else ledger.write(outcome.then);
  },
};

/** What S3 has all the same is treated like what it lists. */
async function leftOut({ ports, job, versions }: RangeWorker, decision: DecisionOf<'remove'>): Promise<Outcome> {
  const { known, states } = decision;
  const found = await whereabouts(ports.source, job.bucket, decision);
  if (found === 'gone') return { kind: 'gone' };
  if (known.kind === 'marker') return { kind: 'omitted', isRead: true, then: { kind: 'reused', states: [] } };
  if (!known.file) {
    const then: Stored = found === 'there' ? await versions.store(known, known) : { kind: 'skipped', reason: found };
    return then.kind === 'unfinished' ? then : { kind: 'omitted', isRead: true, then };
  }
  const isRead = job.metadata === 'FULL' && found === 'there';
  const then = isRead
    ? await changedStates(ports, job, { kind: 'reuse', row: known, known, states })
    : ({ kind: 'reused', states: [] } as const);
  return { kind: 'omitted', isRead, then };
}
