import { manifestKey } from '../../contract/layout';
import type { WorkInput, WorkOutput } from '../../contract/steps';
import type { Decision } from '../../core/backup/decisions';
import type { BackupJob, RangeUnit } from '../../core/backup/job';
import { joinLate, type LateEvents } from '../../core/backup/late-events';
import { RangeResult, sumResults } from '../../core/backup/range-result';
import { FOLD_COLUMNS } from '../../core/history/files/segment-columns';
import type { Manifest } from '../../core/history/manifest';
import type { Row } from '../../core/history/row';
import type { SegmentRef } from '../../core/history/segment-index';
import { inventoryInvalid } from '../../core/inventory/manifest';
import { RecordProblem } from '../../core/inventory/row';
import { afterKey, compareKeys, type KeyRange } from '../../core/keys/order';
import type { Unchanged } from '../../core/scan/unchanged';
import type { BackupPorts } from '../context';
import { joinedRange } from '../history/read';
import { endOfRangeAt } from '../history/segment-index';
import { VersionStore } from '../versions/version-store';
import { runInOrder } from '../work/pool';
import { requestsSince } from '../work/requests';
import { RANGE_STEP } from '../work/step-names';
import { earlierResults, runTurn, Turn } from '../work/turns';
import { comparedKeys } from './compare/compared-keys';
import { DecidedKeys } from './compare/decided-keys';
import { runsOf } from './compare/job-runs';
import { mergeRanges, rangesToMerge } from './compare/merge-ranges';
import type { ScannedKey } from './compare/with-history';
import { saidBy, shownBy } from './coverage/publish';
import type { RangeWorker } from './kinds/kind';
import { kindOf } from './kinds/table';
import { pacedPorts } from './limits/paced';
import { refuseLateWork } from './limits/windows';
import { Batch, type MergeCursor, place, type Placed, type RangeCursor, type StoreCursor } from './store/batch';
import { RangeCounts } from './store/counts';
import { DeltaWriter } from './store/delta-writer';
import { RangeLedger } from './store/ledger';
import type { Outcome } from './store/outcome';
import { ShownKeys } from './store/shown-keys';

/** One turn at a range: compares the scan with the history and stores what is new, until the end or the deadline. */
export function backUpRange(unpaced: BackupPorts, input: WorkInput<BackupJob, RangeUnit>): Promise<WorkOutput> {
  const ports = pacedPorts(unpaced, input.unit.requestsPerSecond);
  return runTurn(ports.scratch, RANGE_STEP, input, async (cursor: RangeCursor | undefined) => {
    await refuseLateWork(ports.scratch, RANGE_STEP, input.job);
    return cursor && 'mergeFrom' in cursor
      ? mergeTurn(ports, input, cursor)
      : new RangeBackup(ports, input, cursor).run();
  });
}

/** A turn that only merges: it gives the deltas that earlier turns have stored a place in a new base. */
async function mergeTurn(
  ports: BackupPorts,
  input: WorkInput<BackupJob, RangeUnit>,
  { mergeFrom }: MergeCursor,
): Promise<Turn<RangeResult, RangeCursor>> {
  const { job, unit } = input;
  const base = await ports.vault.readBase(job.bucket, job.base);
  const { segments } = sumResults(await earlierResults<RangeResult>(ports.scratch, RANGE_STEP, input));
  const { merged, next } = await mergeRanges(
    ports,
    job,
    await rangesToMerge(ports.vault, base, unit, segments),
    mergeFrom,
  );
  return { result: { ...sumResults([]), merged }, cursor: next === undefined ? undefined : { mergeFrom: next } };
}

/** One turn: cuts the decisions about its keys into batches, and has these carried out until the time is over. */
class RangeBackup {
  private readonly job: BackupJob;
  private readonly worker: RangeWorker;
  private readonly counts: RangeCounts;
  private readonly uploads: Map<string, string>;
  /** Of a scan of a bucket with continuous backup: what it leads to. */
  private readonly shown: ShownKeys | undefined;
  private events: LateEvents = {};
  private batch: Batch;

  constructor(
    private readonly ports: BackupPorts,
    private readonly input: WorkInput<BackupJob, RangeUnit>,
    private readonly start: StoreCursor | undefined,
  ) {
    const { job } = input;
    this.job = job;
    this.counts = new RangeCounts(job, start?.topped && start.key, start?.bare && start.key);
    this.uploads = new Map(start?.uploads);
    this.shown = job.continuous && job.source !== 'changes' ? new ShownKeys(job) : undefined;
    this.worker = { ports, job, versions: new VersionStore(ports, job, this.uploads) };
    this.batch = this.newBatch();
  }

  async run(): Promise<Turn<RangeResult, RangeCursor>> {
    const { ports, job, start } = this;
    const before = { ...ports.source.counts() };
    const base = await ports.vault.readBase(job.bucket, job.base);
    const endOf = (key: string): Promise<string | undefined> => endOfRangeAt(ports.vault, base, key);
    const delta = new DeltaWriter(ports.vault, job, endOf, (row) => this.shown?.note(row));
    const ledger = new RangeLedger(ports, job, this.input.unit.id, this.counts, delta);
    const within: KeyRange = { from: start?.key ?? this.input.unit.from, to: this.input.unit.to };
    const runs = await runsOf(ports.scratch, job);
    const keys = new DecidedKeys(ports.source, job, { shown: shownBy(job, base, runs.lag), said: saidBy(base) });
    this.batch = this.newBatch();
    let stopped: StoreCursor | undefined;
    for await (const compared of comparedKeys(ports, job, { runs, base, within, resumed: start?.key })) {
      stopped = await ('scan' in compared ? this.pass(ledger, compared) : this.decide(ledger, keys, compared));
      if (stopped) break;
    }
    stopped ??= await this.carryOut(ledger);
    const { shown, held } = this.shown ?? {};
    const result = {
      ...(await ledger.finish()),
      shown,
      held,
      events: this.events,
      merged: [],
      requests: requestsSince(ports.source, before),
    };
    return { result, cursor: stopped ?? (await this.mergeCursor(base, result.segments)) };
  }

  /** Unchanged keys, as many as there are: they are only counted. */
  private async pass(ledger: RangeLedger, unchanged: Unchanged): Promise<StoreCursor | undefined> {
    for (let at = unchanged.from; at < unchanged.to;) {
      at = this.batch.addUnchanged(unchanged, at);
      const stopped = this.batch.isFull ? await this.carryOut(ledger) : undefined;
      if (stopped) return stopped;
    }
    return undefined;
  }

  /** Decides about a key, and goes on behind what an earlier turn has done of it. */
  private async decide(ledger: RangeLedger, keys: DecidedKeys, compared: ScannedKey): Promise<StoreCursor | undefined> {
    const resumed = compared.key === this.start?.key ? this.start : undefined;
    const decided = await keys.decide(compared, resumed?.current);
    this.events = joinLate(this.events, decided.late);
    await this.beginToCount(compared.key, decided.told, resumed);
    if (!resumed) this.batch.addKey(compared.key, decided);
    for (const [done, decision] of decided.decisions.entries()) {
      if (done < (resumed?.done ?? 0)) continue;
      this.batch.add(place(decision, done, decided));
      const stopped = this.batch.isFull ? await this.carryOut(ledger) : undefined;
      if (stopped) return stopped;
    }
    this.shown?.decided(compared.key);
    const isDue = decided.isAsked && this.batch.isDue(this.ports.deadline.remainingMillis());
    return isDue ? this.carryOut(ledger) : undefined;
  }

  private async beginToCount(key: string, told: readonly Row[], resumed: StoreCursor | undefined): Promise<void> {
    if (!this.shown) return;
    this.shown.begin(key, told, resumed ? await this.written(key) : []);
  }

  /** What earlier turns have written of a key that they have begun with. */
  private async written(key: string): Promise<readonly Row[]> {
    const earlier = await earlierResults<RangeResult>(this.ports.scratch, RANGE_STEP, this.input);
    const segments = earlier
      .flatMap((result) => result.segments)
      .filter(({ minKey, maxKey }) => compareKeys(minKey, key) <= 0 && compareKeys(key, maxKey) <= 0);
    const range = { from: key, to: afterKey(key), segments };
    const rows: Row[] = [];
    for await (const group of joinedRange(this.ports.vault, range, { columns: FOLD_COLUMNS, withFiles: true }))
      rows.push(...group.rows);
    return rows;
  }

  /** Where S3 is asked for the order of versions, deciding takes time: it gets a quarter of what is left. */
  private newBatch(): Batch {
    const { settings, deadline } = this.ports;
    return new Batch(settings.packThreshold, deadline.remainingMillis() * 0.75);
  }

  /** Merging is a turn of its own: it takes time, and another worker has more of it. */
  private async mergeCursor(base: Manifest | undefined, own: readonly SegmentRef[]): Promise<MergeCursor | undefined> {
    const earlier = await earlierResults<RangeResult>(this.ports.scratch, RANGE_STEP, this.input);
    const added = [...earlier.flatMap((result) => result.segments), ...own];
    const [first] = await rangesToMerge(this.ports.vault, base, this.input.unit, added);
    return first && { mergeFrom: first.from };
  }

  /** Carries the batch out, its decisions in order, and begins a new one. Answers where to go on when the time ended before the last decision. */
  private async carryOut(ledger: RangeLedger): Promise<StoreCursor | undefined> {
    const { batch, job, ports } = this;
    const { placed } = batch;
    const isFree = (one: Placed | undefined): boolean => one !== undefined && kindOf(one.decision).isFree(job);
    const outcomes = await runInOrder(
      placed,
      ports.settings.concurrency,
      (index) =>
        (index === 0 && !batch.unchangedBefore(0) && ledger.delta.isEmpty) ||
        isFree(placed[index]) ||
        ports.deadline.remainingMillis() > 0,
      ({ decision }) => this.act(decision),
    );
    const firstUnfinished = outcomes.findIndex((outcome) => outcome.kind === 'unfinished');
    const end = firstUnfinished < 0 ? outcomes.length : firstUnfinished;
    // What is gone by now was deleted before, not before the scan began.
    const lookedAt = outcomes.some(({ kind }) => kind === 'gone') ? await this.now() : 0;
    for (let i = 0; i <= end; i++) {
      const unchanged = batch.unchangedBefore(i);
      this.counts.addUnchanged(unchanged);
      this.shown?.addUnchanged(unchanged);
      const one = i < end ? placed[i] : undefined;
      const outcome = outcomes[i];
      if (one && outcome) await kindOf(one.decision).settle(ledger, one, outcome, lookedAt);
    }
    await ledger.delta.flushPack();
    this.batch = this.newBatch();
    return this.cursorAt(batch, placed[end], outcomes);
  }

  /** The next turn begins with the first decision that is not done, and with the copies that are under way. */
  private cursorAt(batch: Batch, next: Placed | undefined, outcomes: readonly Outcome[]): StoreCursor | undefined {
    this.shown?.count(next?.decision.row.key);
    this.counts.addKeys(batch, next?.decision.row.key);
    if (!next) return undefined;
    for (const outcome of outcomes) {
      if (outcome.kind === 'unfinished') this.uploads.set(outcome.objectKey, outcome.uploadId);
    }
    const { key } = next.decision.row;
    const topped = this.counts.isTopped(key) || undefined;
    const bare = this.counts.isBare(key) || undefined;
    return { key, done: next.done, current: next.current, topped, bare, uploads: [...this.uploads] };
  }

  /** S3's time, by an object that a worker may read. */
  private async now(): Promise<number> {
    const { vault } = this.ports;
    const { bucket, base } = this.job;
    return (await vault.store.head({ bucket: vault.bucket, key: manifestKey(bucket, base?.seq ?? 0) })).date;
  }

  private async act(decision: Decision): Promise<Outcome> {
    try {
      return await kindOf(decision).act(this.worker, decision);
    } catch (error) {
      if (!(error instanceof RecordProblem)) throw error;
      throw inventoryInvalid(`inventory report ${this.job.report?.manifest ?? ''}`, error.message, error);
    }
  }
}
