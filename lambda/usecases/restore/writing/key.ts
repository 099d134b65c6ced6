import type { RestoreAction } from '../../../core/restore/actions';
import type { RestoreJob } from '../../../core/restore/job';
import { KeyRun } from '../../../core/restore/key-run';
import { isSettled, KeyProgress, markerRefusal, topOf } from '../../../core/restore/outcome';
import { hiddenOf, isWanted } from '../../../core/restore/uncover';
import { isStoreError, ObjectHead, ObjectStore } from '../../../ports/object-store';
import type { RestorePorts } from '../../context';
import { EarlierWrites, Found } from '../existing/earlier-writes';
import { CopyProof } from '../existing/proof';
import type { Attempt } from './attempt';
import type { RestoreBodies } from './bodies';
import { VersionWriter, WriteOutcome } from './version';
import { mendRest } from './withdraw';

/**
 * Carries out the writes of one key, oldest version first. Each write is conditional on what was there before it, so a live writer
 * wins. A key that is not done when the time is over goes on in the next turn from what is noted of it.
 */
export class KeyRestorer {
  private readonly writer: VersionWriter;
  private readonly earlier: EarlierWrites;

  constructor(
    private readonly ports: RestorePorts,
    private readonly job: RestoreJob,
    private readonly bodies: RestoreBodies,
    private readonly attempt: Attempt,
  ) {
    const proof = new CopyProof(ports.destination, job.destination.bucket, ports.settings.copyPartSize);
    this.writer = new VersionWriter(ports, job, bodies, proof);
    this.earlier = new EarlierWrites(ports.destination, job, proof);
  }

  /** Goes on with a key from what earlier turns did of it. Each call settles at least one op, or copies at least one part. */
  async restore(action: RestoreAction, before?: KeyProgress): Promise<KeyProgress> {
    if (before && isSettled(before)) return before;
    const run = new KeyRun(action, before);
    if (!before && (await this.takeUncovered(run))) return run.progress;
    await this.recallDeadAttempt(run);
    if (!before) await this.leaveOutDamaged(run);
    run.settleBelowTop();
    for (let settled = 0; run.next !== undefined; settled++) {
      if (settled > 0 && this.ports.deadline.remainingMillis() <= 0) break;
      if (!(await this.settleNext(run, run.next))) break;
    }
    await this.abandonUpload(action, before, run);
    return run.progress;
  }

  /** Where delete markers were removed there is nothing to write. Else the key is written as if nobody had tried. */
  private async takeUncovered(run: KeyRun): Promise<boolean> {
    const hidden = hiddenOf(run.action);
    const found = hidden && (await currentVersion(this.ports.destination, this.job.destination.bucket, hidden.key));
    if (!found || !isWanted(hidden, found)) return false;
    const { versionId, etag } = found;
    run.settle(0, { kind: 'restored', versionId, etag, read: false, uncovered: true });
    return true;
  }

  /** What an attempt that died has written is not written again. Where others have written or deleted the key since, they win. */
  private async recallDeadAttempt(run: KeyRun): Promise<void> {
    if (await this.attempt.isFirst()) return;
    const { action, outcomes, isLastBody } = run;
    const { ifAbsent } = run.condition;
    // A body where nothing was before shows by its condition alone that it was written, unless somebody has deleted it since.
    const found = isLastBody && ifAbsent ? undefined : await this.earlier.above(action, outcomes);
    if (found) await this.settleFound(run, found);
    else await this.settleBuried(run, { orLose: ifAbsent !== true });
  }

  /** Settles what was written, and is under what others have written since; answers whether there was any. */
  private async settleBuried(run: KeyRun, { orLose = false } = {}): Promise<boolean> {
    const buried = await this.earlier.buried(run.action, run.outcomes);
    if (buried.size > 0) await this.settleFound(run, buried);
    if (buried.size > 0 || orLose) run.loseRest();
    return buried.size > 0;
  }

  /** Before a key's first write: without its newest body it would show an older one as current, unless a marker hides it. */
  private async leaveOutDamaged(run: KeyRun): Promise<void> {
    const { ops } = run.action;
    const newest = ops.findLastIndex((op) => op.kind !== 'marker');
    for (const [index, op] of ops.entries()) {
      if (run.outcomes[index]) continue;
      const reason = await this.bodies.problem(op);
      if (reason) run.settle(index, { kind: 'failed', reason });
    }
    const outcome = run.outcomes[newest];
    if (outcome?.kind !== 'failed' || topOf(run.outcomes) !== undefined) return;
    const isHidden = newest < ops.length - 1;
    const isBodyLeft = ops.some((op, index) => op.kind !== 'marker' && !run.outcomes[index]);
    if (!isHidden || !isBodyLeft) run.failRest(outcome.reason);
  }

  /** Settles the next op; false when the time is over in the middle of it. */
  private async settleNext(run: KeyRun, index: number): Promise<boolean> {
    const op = run.action.ops[index];
    if (!op) return false;
    const refused = op.kind === 'marker' ? markerRefusal(run.outcomes, index) : undefined;
    if (refused) {
      run.settle(index, { kind: 'failed', reason: refused });
      return true;
    }
    const outcome = await this.writer.write(run.action.destination, op, run.condition, run.upload);
    if (outcome.kind === 'unfinished') {
      run.upload = outcome.upload;
      return false;
    }
    if (outcome.kind === 'conflict' || outcome.kind === 'no-upload' || outcome.kind === 'unsure')
      await this.resolve(run, outcome);
    else run.settle(index, outcome);
    return true;
  }

  /** The key is not as expected. If that is this job's own doing, the key goes on after it; else whoever wrote it wins. */
  private async resolve(run: KeyRun, outcome: Unresolved): Promise<void> {
    const { action, outcomes } = run;
    const found = run.isLastBody
      ? await this.earlier.current(action, outcomes)
      : await this.earlier.above(action, outcomes);
    if (found && found.size > 0) {
      await this.settleFound(run, found);
      run.settleBelowTop();
    } else if (outcome.kind === 'unsure') {
      if (await this.settleBuried(run)) return;
      // It was not done, and is made once more: not for ever, as other workers have better connections.
      if (!run.tryAgain()) throw outcome.error;
    } else if (outcome.kind === 'conflict' || !run.beginAgain()) run.loseRest();
  }

  /** Takes over what a dead attempt wrote, and writes the tags and the ACL that it did not come to. */
  private async settleFound(run: KeyRun, found: Found): Promise<void> {
    const target = { bucket: this.job.destination.bucket, key: run.action.destination };
    const top = Math.max(...found.keys());
    for (const [index, outcome] of found) {
      const op = run.action.ops[index];
      const isWhole = op?.kind === 'marker' || !op || outcome.kind !== 'restored';
      run.settle(index, isWhole ? outcome : await mendRest(this.ports.destination, target, op, outcome, index === top));
    }
  }

  /** An upload of an earlier turn whose version is not going to be: it would cost storage for ever. */
  private async abandonUpload(action: RestoreAction, before: KeyProgress | undefined, run: KeyRun): Promise<void> {
    const index = before?.outcomes.indexOf(null) ?? -1;
    const outcome = run.outcomes[index];
    if (!before?.upload || !outcome || outcome.kind === 'restored') return;
    const { uploadId } = before.upload;
    const { bucket } = this.job.destination;
    await this.ports.destination.abortUpload({ bucket, key: action.destination, uploadId });
  }
}

type Unresolved = Extract<WriteOutcome, { readonly kind: 'conflict' | 'no-upload' | 'unsure' }>;

/** What is current under a key, as far as it can be read. */
async function currentVersion(store: ObjectStore, bucket: string, key: string): Promise<ObjectHead | undefined> {
  try {
    return await store.head({ bucket, key });
  } catch (error) {
    if (isStoreError(error, 'not-found', 'delete-marker', 'access-denied', 'sse-c', 'invalid')) return undefined;
    throw error;
  }
}
