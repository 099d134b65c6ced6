import type { WorkInput, WorkOutput } from '../../contract/steps';
import type { RestoreAction } from '../../core/restore/actions';
import { keepsUndo, type RestoreJob, type RestoreUnit } from '../../core/restore/job';
import { isSettled, KeyProgress, PutOp, topOf } from '../../core/restore/outcome';
import type { RestoreResult } from '../../core/restore/result';
import type { RestorePorts } from '../context';
import { runInOrder } from '../work/pool';
import { ReportWriter, restoreReport } from '../work/report';
import { requestsSince } from '../work/requests';
import { RESTORE_STEP } from '../work/step-names';
import { runTurn, Turn } from '../work/turns';
import { readActions, writtenVersions } from './existing/undo-files';
import { openUnit } from './planning/units';
import { Attempt } from './writing/attempt';
import { RestoreBodies } from './writing/bodies';
import { KeyRestorer } from './writing/key';
import { readBodies } from './writing/pack-bodies';
import { RestoreTally } from './writing/tally';

/** Where a unit goes on: at an action of one of its files, with how far keys from there on have come. */
interface RestoreCursor {
  readonly file: number;
  readonly action: number;
  readonly underWay: readonly (readonly [destination: string, progress: KeyProgress])[];
  /** An attempt at an earlier turn died: it may have got further than the turn that was noted. */
  readonly afterDeadAttempt?: boolean;
}

/** Actions carried out together: their bodies are in memory. */
const SLICE_KEYS = 256;
const SLICE_BYTES = 16 * 1024 * 1024;
const READ_AHEAD_BYTES = 64 * 1024 * 1024;

/** One turn of restoring: carries out planned actions until the end or the deadline. */
export function restoreRange(ports: RestorePorts, input: WorkInput<RestoreJob, RestoreUnit>): Promise<WorkOutput> {
  return runTurn(ports.scratch, RESTORE_STEP, input, (cursor: RestoreCursor | undefined) =>
    new RangeRestore(ports, input, cursor).run(),
  );
}

class RangeRestore {
  private readonly report: ReportWriter;
  private readonly tally: RestoreTally;
  private readonly attempt: Attempt;
  /** Of a job that can be undone. */
  private readonly written: ReturnType<typeof writtenVersions> | undefined;
  /** Keys that are not settled, or that others before them keep from being counted, by destination key. */
  private readonly underWay: Map<string, KeyProgress>;

  constructor(
    private readonly ports: RestorePorts,
    private readonly input: WorkInput<RestoreJob, RestoreUnit>,
    private readonly start: RestoreCursor | undefined,
  ) {
    this.underWay = new Map(start?.underWay);
    this.report = restoreReport(ports.scratch, input.job, `restore-${input.unit.id}-${String(input.turn)}`);
    this.tally = new RestoreTally(this.report);
    this.attempt = new Attempt(ports.scratch, input, start?.afterDeadAttempt);
    if (keepsUndo(input.job)) this.written = writtenVersions(ports.scratch, input.job, input.unit.id);
  }

  async run(): Promise<Turn<RestoreResult, RestoreCursor>> {
    const before = { ...this.ports.destination.counts() };
    const cursor = await this.work();
    await this.written?.finish();
    const reports = await this.report.finish();
    const requests = requestsSince(this.ports.destination, before);
    return { result: { ...this.tally.result, requests, reports }, cursor };
  }

  private async work(): Promise<RestoreCursor | undefined> {
    const files = await openUnit(this.ports.scratch, this.input);
    for (let file = this.start?.file ?? 0; file < files.length; file++) {
      const actions = await readActions(this.ports.scratch, files[file] ?? '');
      let done = file === this.start?.file ? this.start.action : 0;
      while (done < actions.length) {
        const slice = cut(actions, done);
        const finished = await this.carryOut(slice);
        done += finished;
        const stop = finished < slice.length || this.ports.deadline.remainingMillis() <= 0;
        const more = done < actions.length || file + 1 < files.length;
        if (stop && more) return this.cursorAt(file, done);
      }
    }
    return undefined;
  }

  private async cursorAt(file: number, action: number): Promise<RestoreCursor> {
    const afterDeadAttempt = !(await this.attempt.isFirst());
    return { file, action, underWay: [...this.underWay], afterDeadAttempt };
  }

  private async noteWritten({ key, before }: RestoreAction, { outcomes }: KeyProgress): Promise<void> {
    const { versionId, etag } = topOf(outcomes) ?? {};
    if (versionId !== undefined) await this.written?.add({ key, before, written: { versionId, etag } });
  }

  /** Answers how many actions, from the first, are done. */
  private async carryOut(slice: readonly RestoreAction[]): Promise<number> {
    const { ports, underWay } = this;
    const bodies = await readBodies(ports.vault, readAhead(slice, underWay));
    const restorer = new KeyRestorer(
      ports,
      this.input.job,
      new RestoreBodies(ports, this.input.job, bodies),
      this.attempt,
    );
    const progress = await runInOrder(
      slice,
      ports.settings.concurrency,
      () => true,
      (action) => restorer.restore(action, underWay.get(action.destination)),
    );
    const unfinished = progress.findIndex((key) => !isSettled(key));
    const end = unfinished < 0 ? slice.length : unfinished;
    for (const [index, action] of slice.entries()) {
      const key = progress[index];
      if (!key) continue;
      if (index >= end) underWay.set(action.destination, key);
      else {
        underWay.delete(action.destination);
        await this.tally.add(action, key);
        await this.noteWritten(action, key);
      }
    }
    return end;
  }
}

function cut(actions: readonly RestoreAction[], from: number): RestoreAction[] {
  const slice: RestoreAction[] = [];
  let bytes = 0;
  for (let i = from; i < actions.length && slice.length < SLICE_KEYS && bytes < SLICE_BYTES; i++) {
    const action = actions[i];
    if (!action) break;
    slice.push(action);
    for (const op of action.ops) if (op.kind === 'put') bytes += op.length;
  }
  return slice;
}

/** Bodies to read before the slice begins: its first ones that are not written yet, as far as memory allows. */
function readAhead(slice: readonly RestoreAction[], underWay: ReadonlyMap<string, KeyProgress>): PutOp[] {
  let bytes = 0;
  return slice
    .flatMap(({ destination, ops }) =>
      ops.filter(
        (op, index): op is PutOp => op.kind === 'put' && !op.inBucket && !underWay.get(destination)?.outcomes[index],
      ),
    )
    .filter((op) => (bytes += op.length) <= READ_AHEAD_BYTES);
}
