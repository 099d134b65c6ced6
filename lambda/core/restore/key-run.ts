import type { RestoreAction } from './actions';
import { FailureReason, KeyProgress, nextCondition, OpenUpload, OpOutcome, topOf } from './outcome';

/** How often a write is begun anew for one version: each upload that fails has copied all of its parts in vain. */
const MOST_RESTARTS = 3;

/** The state of one key while its versions are written: what is settled, and what comes next. */
export class KeyRun {
  /** Upload that is under way for the next op. */
  upload: OpenUpload | undefined;
  private readonly settled: (OpOutcome | null)[];
  private restarts: number;

  constructor(
    readonly action: RestoreAction,
    before: KeyProgress | undefined,
  ) {
    this.settled = before ? [...before.outcomes] : action.ops.map(() => null);
    this.upload = before?.upload;
    this.restarts = before?.restarts ?? 0;
  }

  get outcomes(): KeyProgress['outcomes'] {
    return this.settled;
  }

  get progress(): KeyProgress {
    const { settled: outcomes, upload, restarts } = this;
    return restarts > 0 ? { outcomes, upload, restarts } : { outcomes, upload };
  }

  /** Number of the next op; undefined when all are settled. */
  get next(): number | undefined {
    const index = this.settled.indexOf(null);
    return index < 0 ? undefined : index;
  }

  /** What must be current in the destination for the next op to be written. */
  get condition(): ReturnType<typeof nextCondition> {
    return nextCondition(this.action, this.settled);
  }

  /** Whether one body is all that is left to write. */
  get isLastBody(): boolean {
    const { next } = this;
    return next !== undefined && this.settled.lastIndexOf(null) === next && this.action.ops[next]?.kind !== 'marker';
  }

  /** Whether the upload may be begun anew. A key that somebody writes all the time is theirs. */
  beginAgain(): boolean {
    this.upload = undefined;
    return this.tryAgain();
  }

  /** Whether the same write may be tried once more. */
  tryAgain(): boolean {
    return ++this.restarts <= MOST_RESTARTS;
  }

  settle(index: number, outcome: OpOutcome): void {
    if (index === this.next) {
      this.upload = undefined;
      this.restarts = 0;
    }
    this.settled[index] = outcome;
  }

  /** A version that is older than what is written cannot be written any more: it would be out of order. */
  settleBelowTop(): void {
    const top = topOf(this.settled)?.index ?? 0;
    for (let index = 0; index < top; index++)
      if (this.settled[index] === null) this.settle(index, { kind: 'failed', reason: 'not-finished' });
  }

  failRest(reason: FailureReason): void {
    this.settleRest({ kind: 'failed', reason });
  }

  /** After a lost race nothing more of the key is written: the order would be wrong. */
  loseRest(): void {
    this.settleRest({ kind: 'precondition-failed' });
  }

  private settleRest(outcome: OpOutcome): void {
    for (let index = this.next; index !== undefined; index = this.next) this.settle(index, outcome);
  }
}
