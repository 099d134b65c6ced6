import type { WorkInput, WorkOutput } from '../contract/steps';
import { addCounts, Counts } from '../core/counts';
import type { RestoreJob, RestoreUnit } from '../core/restore-job';
import type { RestoreAction } from '../core/restore-plan';
import type { RestoreResult } from '../core/restore-result';
import { readBodies } from './pack-bodies';
import { runInOrder } from './pool';
import { ReportWriter, restoreReport } from './report';
import { requestsSince } from './requests';
import { RESTORE_STEP } from './restore-assess';
import { KeyRestorer, OpOutcome, PutOp, uploadName } from './restore-key';
import type { RestorePorts } from './restore-plan';
import { runTurn, Turn } from './turns';

/** Where a unit goes on: at an action of one of its files, with copies that are under way. */
interface RestoreCursor {
  readonly file: number;
  readonly action: number;
  readonly uploads: readonly (readonly [name: string, uploadId: string])[];
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
  private readonly counts = { restored: 0, markers: 0, failed: 0, bytes: 0, verifiedByReading: 0 };
  private readonly skipped: Counts = {};
  private readonly report: ReportWriter;
  private readonly uploads: Map<string, string>;

  constructor(
    private readonly ports: RestorePorts,
    private readonly input: WorkInput<RestoreJob, RestoreUnit>,
    private readonly start: RestoreCursor | undefined,
  ) {
    this.uploads = new Map(start?.uploads);
    this.report = restoreReport(ports.scratch, input.job, `restore-${input.unit.id}-${String(input.turn)}`);
  }

  async run(): Promise<Turn<RestoreResult, RestoreCursor>> {
    const before = { ...this.ports.destination.counts() };
    const cursor = await this.work();
    const reports = await this.report.finish();
    const requests = requestsSince(this.ports.destination, before);
    return { result: { ...this.counts, skipped: this.skipped, requests, reports }, cursor };
  }

  private async work(): Promise<RestoreCursor | undefined> {
    const { files } = this.input.unit;
    for (let file = this.start?.file ?? 0; file < files.length; file++) {
      const actions = await this.readFile(files[file] ?? '');
      let done = file === this.start?.file ? this.start.action : 0;
      while (done < actions.length) {
        const slice = cut(actions, done);
        const finished = await this.carryOut(slice);
        done += finished;
        const stop = finished < slice.length || this.ports.deadline.remainingMillis() <= 0;
        const more = done < actions.length || file + 1 < files.length;
        if (stop && more) return { file, action: done, uploads: [...this.uploads] };
      }
    }
    return undefined;
  }

  private async readFile(key: string): Promise<RestoreAction[]> {
    const { store, bucket } = this.ports.scratch;
    const { body } = await store.get({ bucket, key });
    return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as RestoreAction);
  }

  /** Answers how many actions, from the first, are done. */
  private async carryOut(slice: readonly RestoreAction[]): Promise<number> {
    const bodies = await readBodies(this.ports.vault, readAhead(slice));
    const restorer = new KeyRestorer(this.ports, this.input.job, bodies, this.uploads);
    const outcomes = await runInOrder(
      slice,
      this.ports.settings.concurrency,
      () => true,
      (action) => restorer.restore(action),
    );
    const unfinished = outcomes.findIndex((ops) => ops.at(-1)?.kind === 'unfinished');
    const end = unfinished < 0 ? outcomes.length : unfinished;
    for (let i = 0; i < end; i++) {
      const action = slice[i];
      const ops = outcomes[i];
      if (action && ops) await this.settle(action, ops);
    }
    outcomes.forEach((ops, index) => {
      this.noteUploads(slice[index], ops);
    });
    return end;
  }

  /** Remembers the upload that is under way for a key, and forgets those that are done. */
  private noteUploads(action: RestoreAction | undefined, outcomes: readonly OpOutcome[]): void {
    action?.ops.forEach((op, index) => {
      const outcome = outcomes[index];
      const name = uploadName(action.destination, op);
      if (outcome?.kind !== 'unfinished') this.uploads.delete(name);
      else if (outcome.uploadId !== undefined) this.uploads.set(name, outcome.uploadId);
    });
  }

  private async settle(action: RestoreAction, outcomes: readonly OpOutcome[]): Promise<void> {
    const { key, destination } = action;
    for (const [index, op] of action.ops.entries()) {
      const outcome = outcomes[index];
      const line = { key, destination, versionId: op.versionId };
      if (outcome?.kind === 'marked') {
        this.counts.markers++;
        await this.report.add({ ...line, outcome: 'deleted' });
      } else if (outcome?.kind === 'restored' && op.kind !== 'marker') {
        this.counts.restored++;
        this.counts.bytes += op.size;
        if (outcome.read) this.counts.verifiedByReading++;
        if (outcome.withoutAcl) addCounts(this.skipped, { 'acls-blocked': 1 });
        const reason = outcome.withoutAcl ? 'acls-blocked' : undefined;
        await this.report.add({ ...line, size: op.size, outcome: 'restored', reason });
      } else if (outcome?.kind === 'failed' && op.kind !== 'marker') {
        this.counts.failed++;
        await this.report.add({ ...line, outcome: 'failed', reason: outcome.reason });
      } else if (op.kind === 'marker') {
        await this.report.add({ ...line, outcome: 'skipped', reason: 'precondition-failed' });
        addCounts(this.skipped, { 'marker-precondition-failed': 1 });
      } else {
        addCounts(this.skipped, { 'precondition-failed': 1 });
        await this.report.add({ ...line, outcome: 'skipped', reason: 'precondition-failed' });
      }
    }
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

/** Bodies to read before the slice begins: its first ones, as far as memory allows. */
function readAhead(slice: readonly RestoreAction[]): PutOp[] {
  let bytes = 0;
  return slice
    .flatMap((action) => action.ops.filter((op): op is PutOp => op.kind === 'put'))
    .filter((op) => (bytes += op.length) <= READ_AHEAD_BYTES);
}
