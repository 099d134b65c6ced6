import { manifestKey, reportPrefix } from '../../contract/layout';
import { MetricName } from '../../contract/metrics';
import type { WorkInput, WorkOutput } from '../../contract/steps';
import { Decision, latestOf, newLinks, notStored, stateRow } from '../../core/backup/decisions';
import { addHoldings, LOST, NO_HOLDINGS } from '../../core/backup/fold-versions';
import type { BackupJob, RangeUnit } from '../../core/backup/job';
import { RangeResult, sumResults } from '../../core/backup/range-result';
import type { Manifest } from '../../core/history/manifest';
import type { Row } from '../../core/history/row';
import type { SegmentRef } from '../../core/history/segment-index';
import { refuseUnlikeKnown } from '../../core/inventory/contradictions';
import { inventoryInvalid, REPORT_LAG } from '../../core/inventory/manifest';
import { RecordProblem } from '../../core/inventory/row';
import type { KeyRange } from '../../core/keys/order';
import { addCounts, Counts } from '../../core/values/counts';
import type { BackupPorts } from '../context';
import { endOfRangeAt } from '../history/segment-index';
import { SkipReason, Stored, VersionStore } from '../versions/version-store';
import { runInOrder } from '../work/pool';
import { ReportWriter } from '../work/report';
import { requestsSince } from '../work/requests';
import { RANGE_STEP } from '../work/step-names';
import { earlierResults, runTurn, Turn } from '../work/turns';
import { comparedKeys } from './compare/compared-keys';
import { DecidedKeys } from './compare/decided-keys';
import { runsOf } from './compare/job-runs';
import { mergeRanges, rangesToMerge } from './compare/merge-ranges';
import { shownBy } from './coverage/publish';
import { pacedPorts } from './limits/paced';
import { refuseLateWork } from './limits/windows';
import { Batch, type MergeCursor, place, type Placed, type RangeCursor, type StoreCursor } from './store/batch';
import { changedStates } from './store/changed-states';
import { RangeCounts } from './store/counts';
import { DeltaWriter } from './store/delta-writer';
import { whereabouts } from './store/whereabouts';

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

class RangeBackup {
  private readonly job: BackupJob;
  private readonly versions: VersionStore;
  private readonly counts: RangeCounts;
  private change = NO_HOLDINGS;
  private later = NO_HOLDINGS;
  private readonly skipped: Counts = {};
  private readonly report: ReportWriter;
  private readonly uploads: Map<string, string>;

  constructor(
    private readonly ports: BackupPorts,
    private readonly input: WorkInput<BackupJob, RangeUnit>,
    private readonly start: StoreCursor | undefined,
  ) {
    this.job = input.job;
    this.counts = new RangeCounts(input.job, start?.topped && start.key, start?.bare && start.key);
    this.uploads = new Map(start?.uploads);
    this.versions = new VersionStore(ports, input.job, this.uploads);
    const prefix = `${reportPrefix(this.job.bucket, this.job.jobId)}skipped-${input.unit.id}-`;
    this.report = new ReportWriter(prefix, (key, body) => ports.vault.create(key, body));
  }

  async run(): Promise<Turn<RangeResult, RangeCursor>> {
    const { ports, job } = this;
    const before = { ...ports.source.counts() };
    const base = await ports.vault.readBase(job.bucket, job.base);
    const delta = new DeltaWriter(ports.vault, job, (key) => endOfRangeAt(ports.vault, base, key));
    let stopped: StoreCursor | undefined;
    let batch = this.newBatch();
    const within: KeyRange = { from: this.start?.key ?? this.input.unit.from, to: this.input.unit.to };
    const runs = await runsOf(ports.scratch, job);
    const keys = new DecidedKeys(ports.source, job, shownBy(job, base, runs.lag));
    const interval = { runs, base, within, resumed: this.start?.key };
    for await (const compared of comparedKeys(ports, job, interval)) {
      if ('scan' in compared) {
        for (let at = compared.from; at < compared.to && !stopped;) {
          at = batch.addUnchanged(compared, at);
          if (!batch.isFull) continue;
          stopped = await this.carryOut(batch, delta);
          batch = this.newBatch();
        }
        if (stopped) break;
        continue;
      }
      const { key } = compared;
      const resumed = key === this.start?.key ? this.start : undefined;
      const decided = await keys.decide(compared, resumed?.current);
      const { decisions } = decided;
      if (!resumed) batch.addKey(key, decided);
      for (let done = resumed?.done ?? 0; done < decisions.length; done++) {
        const decision = decisions[done];
        if (decision) batch.add(place(decision, done, decided));
        if (!batch.isFull) continue;
        stopped = await this.carryOut(batch, delta);
        batch = this.newBatch();
        if (stopped) break;
      }
      if (stopped) break;
      if (!decided.isAsked || !batch.isDue(ports.deadline.remainingMillis())) continue;
      stopped = await this.carryOut(batch, delta);
      batch = this.newBatch();
      if (stopped) break;
    }
    stopped ??= await this.carryOut(batch, delta);
    const segments = await delta.finish();
    const requests = requestsSince(ports.source, before);
    const reports = await this.report.finish();
    const result = {
      segments,
      merged: [],
      ...this.counts.sums,
      change: this.change,
      later: this.later,
      skipped: this.skipped,
      reports,
      requests,
    };
    return { result, cursor: stopped ?? (await this.mergeCursor(base, segments)) };
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

  /** Carries out decisions in order. Answers where to go on when the time ended before the last one. */
  private async carryOut(batch: Batch, delta: DeltaWriter): Promise<StoreCursor | undefined> {
    const { placed } = batch;
    const outcomes = await runInOrder(
      placed,
      this.ports.settings.concurrency,
      (index) =>
        (index === 0 && !batch.unchangedBefore(0) && delta.isEmpty) ||
        this.isFree(placed[index]) ||
        this.ports.deadline.remainingMillis() > 0,
      ({ decision }) => this.act(decision),
    );
    const firstUnfinished = outcomes.findIndex((outcome) => outcome.kind === 'unfinished');
    const end = firstUnfinished < 0 ? outcomes.length : firstUnfinished;
    // What is gone by now was deleted before, not before the scan began.
    const lookedAt = outcomes.some(({ kind }) => kind === 'gone') ? await this.now() : 0;
    for (let i = 0; i <= end; i++) {
      this.counts.addUnchanged(batch.unchangedBefore(i));
      const one = i < end ? placed[i] : undefined;
      const outcome = outcomes[i];
      if (one && outcome) await this.settle(one, outcome, delta, lookedAt);
    }
    await delta.flushPack();
    const next = placed[end];
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

  /** What takes no request takes no time worth a turn of its own. */
  private isFree(placed: Placed | undefined): boolean {
    const kind = placed?.decision.kind;
    if (kind === 'restate' || kind === 'take' || kind === 'folded') return true;
    const isAsked = this.job.source === 'inventory' && (kind === 'remove' || kind === 'mark');
    return kind !== 'store' && this.job.metadata !== 'FULL' && !isAsked;
  }

  private async act(decision: Decision): Promise<Outcome> {
    try {
      return await this.carriedOut(decision);
    } catch (error) {
      if (!(error instanceof RecordProblem)) throw error;
      throw inventoryInvalid(`inventory report ${this.job.report?.manifest ?? ''}`, error.message, error);
    }
  }

  private async carriedOut(decision: Decision): Promise<Outcome> {
    if (decision.kind === 'store' || decision.kind === 'reuse') refuseUnlikeKnown(decision.row, decision.known);
    if (decision.kind === 'store') return this.versions.store(decision.row, decision.known);
    // A report may still have a marker that was deleted before it, which would hide an object that is there.
    if (decision.kind === 'mark' && this.job.source === 'inventory')
      return { kind: await this.markerKind(decision.row) };
    // That a report leaves a version out proves nothing.
    if (decision.kind === 'remove') return this.job.source === 'inventory' ? this.leftOut(decision) : { kind: 'gone' };
    if (decision.kind === 'reuse' && this.job.metadata === 'FULL' && decision.row.kind === 'put')
      return { kind: 'reused', states: await changedStates(this.ports, this.job, decision) };
    if (decision.kind === 'reuse' && this.job.aclsEnabled && decision.row.acl !== undefined)
      return { kind: 'reused', states: this.reportedAcl(decision, decision.row.acl) };
    return { kind: 'nothing' };
  }

  private async markerKind(known: Row): Promise<'absent' | 'nothing'> {
    const found = await whereabouts(this.ports.source, this.job.bucket, { known });
    return found === 'gone' ? 'absent' : 'nothing';
  }

  /** What S3 has all the same is treated like what it lists. */
  private async leftOut(decision: Decision & { kind: 'remove' }): Promise<Outcome> {
    const { known, states } = decision;
    const found = await whereabouts(this.ports.source, this.job.bucket, decision);
    if (found === 'gone') return { kind: 'gone' };
    const isRefused = found === 'refused';
    if (known.kind === 'marker') return { kind: 'omitted', isRead: true, then: { kind: 'reused', states: [] } };
    if (!known.file) {
      const then: Stored = isRefused
        ? { kind: 'skipped', reason: 'access-denied' }
        : await this.versions.store(known, known);
      return then.kind === 'unfinished' ? then : { kind: 'omitted', isRead: true, then };
    }
    const isRead = this.job.metadata === 'FULL' && !isRefused;
    const news = isRead ? await changedStates(this.ports, this.job, { kind: 'reuse', row: known, known, states }) : [];
    return { kind: 'omitted', isRead, then: { kind: 'reused', states: news } };
  }

  /** A report says the ACL of every version: one that the history does not know. */
  private reportedAcl(decision: Decision & { kind: 'reuse' }, acl: string): Row[] {
    const logged = decision.states.some((state) => state.acl !== undefined && isNewsTo(state, this.job.asOf));
    return logged || acl === latestOf(decision, 'acl') ? [] : [stateRow(decision.row, { acl }, this.job.asOf)];
  }

  private async settle(placed: Placed, outcome: Outcome, delta: DeltaWriter, lookedAt: number): Promise<void> {
    const { decision, needed } = placed;
    const { row } = decision;
    if (decision.kind === 'mark' && outcome.kind === 'absent') return this.skipMarker(row, needed);
    const has = this.counts.add(placed);
    if (decision.kind === 'mark') delta.add(row);
    if (decision.kind === 'take') this.take(row, delta);
    if (decision.kind === 'folded') {
      this.counts.sums.folded += decision.rows;
      this.change = addHoldings(this.change, decision.change);
      this.later = addHoldings(this.later, decision.later);
    }
    if (decision.kind === 'restate') this.restate(decision.states, delta);
    if (decision.kind === 'reuse') {
      const links = newLinks(row, decision.known);
      if (links) delta.add(links);
      if (row.kind === 'put' && has) await this.keep(decision, outcome, needed, delta);
    }
    if (decision.kind === 'store' && has) await this.keep(decision, outcome, needed, delta);
    if (!has) this.write(outcome, delta);
    if (this.counts.addLost(decision, outcome)) this.ports.metrics.put(MetricName.versionsLost, 1, this.job.bucket);
    if (decision.kind === 'store' && decision.isLater) {
      if (outcome.kind === 'skipped') delta.add(notStored(row, outcome.reason));
      else this.counts.sums.captured++;
    }
    if (decision.kind !== 'remove') return;
    const { known } = decision;
    if (outcome.kind === 'omitted') {
      const { has, needed: isCurrent } = this.counts.addOmitted(placed, known, outcome.isRead);
      if (has && known.kind === 'put') await this.keep({ row: known, known }, outcome.then, isCurrent, delta);
      else if (known.kind === 'put') this.write(outcome.then, delta);
    } else {
      delta.add({ ...row, removedBefore: Math.max(row.removedBefore ?? 0, lookedAt) });
      this.counts.sums.removed++;
    }
  }

  /** What the vault gets of a version, whether the recovery point tells of it or not. */
  private write(outcome: Outcome, delta: DeltaWriter): void {
    if (outcome.kind === 'body') delta.addPacked(outcome.row, outcome.body);
    if (outcome.kind === 'copied') delta.add(outcome.row);
    if (outcome.kind === 'reused') this.restate(outcome.states, delta);
  }

  /** A version of the recovery point: stored now, known before, or skipped. */
  private async keep(version: KnownVersion, outcome: Outcome, needed: boolean, delta: DeltaWriter): Promise<void> {
    if (outcome.kind === 'skipped') {
      await this.skip(version, outcome.reason, needed, delta);
      return;
    }
    this.write(outcome, delta);
    if (outcome.kind === 'body' || outcome.kind === 'copied') {
      this.counts.sums.stored++;
      this.counts.sums.storedBytes += version.row.size ?? 0;
    } else this.counts.sums.reused++;
  }

  private restate(states: readonly Row[], delta: DeltaWriter): void {
    if (states.length > 0) this.counts.sums.restated++;
    for (const state of states) delta.add(state);
  }

  private take(row: Row, delta: DeltaWriter): void {
    delta.add(row);
    if (row.kind === 'removed') this.counts.sums.removed++;
    if (row.kind === 'state') this.counts.sums.restated++;
    if (row.kind === 'put' && row.file) this.counts.sums.captured++;
    if (row.kind === 'put' && row.uncertain === LOST) this.counts.sums.lost++;
  }

  /** A version that cannot be stored is kept in the history without a body, counted, and listed in the report. */
  private async skip(
    { row, known }: KnownVersion,
    reason: SkipReason,
    needed: boolean,
    delta: DeltaWriter,
  ): Promise<void> {
    const marked = notStored(row, reason);
    // Said once: a job in which nothing changed writes nothing.
    if (!known?.uncertain?.split(',').includes(marked.uncertain ?? '')) delta.add(marked);
    addCounts(this.skipped, { [reason]: 1 });
    if (reason !== 'version-gone' || needed) this.counts.sums.missing++;
    const { key, versionId, size } = row;
    await this.report.add({ key, versionId, size, outcome: 'skipped', reason });
  }

  /** A marker that is gone is not among the versions with a body, and neither is it counted as one of them. */
  private async skipMarker({ key, versionId }: Row, needed: boolean): Promise<void> {
    if (needed) {
      this.counts.sums.missing++;
      this.counts.uncover(key);
    }
    await this.report.add({ key, versionId, outcome: 'skipped', reason: 'version-gone' });
  }
}

/** A change that was logged so shortly before a report may be missing in it. */
const isNewsTo = (state: Row, asOf: number): boolean =>
  state.source === 'event' && (state.effectiveFrom ?? 0) > asOf - REPORT_LAG;

interface KnownVersion {
  readonly row: Row;
  readonly known?: Row;
}

type Kept = Exclude<Stored, { kind: 'unfinished' }> | { readonly kind: 'reused'; readonly states: readonly Row[] };
type Outcome =
  | Stored
  | Kept
  | { readonly kind: 'nothing' }
  | { readonly kind: 'gone' }
  /** A marker that the report lists is not there. */
  | { readonly kind: 'absent' }
  /** A report leaves out what is there. */
  | { readonly kind: 'omitted'; readonly isRead: boolean; readonly then: Kept };
