import { reportPrefix } from '../../../contract/layout';
import { MetricName } from '../../../contract/metrics';
import { notStored } from '../../../core/backup/decisions';
import { addHoldings, type Holdings, NO_HOLDINGS, reasonOf, unstored } from '../../../core/backup/holdings';
import type { BackupJob } from '../../../core/backup/job';
import type { RangeResult } from '../../../core/backup/range-result';
import { REFUSED } from '../../../core/backup/refused';
import { joinRows } from '../../../core/history/join';
import type { Row } from '../../../core/history/row';
import { addCounts, type Counts } from '../../../core/values/counts';
import type { BackupPorts } from '../../context';
import type { SkipReason } from '../../versions/version-store';
import { ReportWriter } from '../../work/report';
import type { RangeCounts } from './counts';
import type { DeltaWriter } from './delta-writer';
import type { DecisionOf, Outcome } from './outcome';

interface KnownVersion {
  readonly row: Row;
  readonly known?: Row;
}

/** What a turn at a range has done so far: its rows, its numbers, and what it had to skip. */
export class RangeLedger {
  change = NO_HOLDINGS;
  later = NO_HOLDINGS;
  private readonly skipped: Counts = {};
  private readonly unstored: Counts = {};
  private readonly refused: Counts = {};
  private readonly report: ReportWriter;

  constructor(
    private readonly ports: BackupPorts,
    private readonly job: BackupJob,
    unitId: string,
    readonly counts: RangeCounts,
    readonly delta: DeltaWriter,
  ) {
    const prefix = `${reportPrefix(job.bucket, job.jobId)}skipped-${unitId}-`;
    this.report = new ReportWriter(prefix, (key, body) => ports.vault.create(key, body));
  }

  /** Stores the rest, and sums up. */
  async finish(): Promise<Omit<RangeResult, 'merged' | 'requests'>> {
    const { change, later, skipped, unstored, refused } = this;
    const segments = await this.delta.finish();
    return {
      segments,
      ...this.counts.sums,
      change,
      later,
      skipped,
      unstored,
      refused,
      reports: await this.report.finish(),
    };
  }

  /** What the vault gets of a version, whether the recovery point tells of it or not. */
  write(outcome: Outcome): void {
    if (outcome.kind === 'body') this.delta.addPacked(outcome.row, outcome.body);
    if (outcome.kind === 'copied') this.delta.add(outcome.row);
    if (outcome.kind === 'reused') this.restate(outcome.states);
  }

  /** A version of the recovery point: stored now, known before, or skipped. */
  async keep(version: KnownVersion, outcome: Outcome, needed: boolean): Promise<void> {
    if (outcome.kind === 'skipped') {
      await this.skip(version, outcome.reason, needed);
      return;
    }
    this.write(outcome);
    const { sums } = this.counts;
    if (outcome.kind === 'body' || outcome.kind === 'copied') {
      sums.stored++;
      sums.storedBytes += version.row.size ?? 0;
      return;
    }
    sums.reused++;
    if ('isRefused' in outcome) await this.leaveUnread(version.row);
  }

  /** Tags and ACL of a version that the vault has may not be read: what they are, the job cannot say. */
  private async leaveUnread({ key, versionId, size }: Row): Promise<void> {
    this.counts.sums.unread++;
    this.counts.sums.missing++;
    await this.report.add({ key, versionId, size, outcome: 'skipped', reason: REFUSED });
  }

  restate(states: readonly Row[]): void {
    if (states.some(({ uncertain }) => uncertain === undefined)) this.counts.sums.restated++;
    for (const state of states) this.delta.add(state);
  }

  countLost(decision: DecisionOf<'store' | 'remove'>, outcome: Outcome): void {
    if (this.counts.addLost(decision, outcome)) this.ports.metrics.put(MetricName.versionsLost, 1, this.job.bucket);
  }

  /** A version is gone, as its removal says, that might have been stored later. */
  lose(): void {
    this.counts.sums.lost++;
    this.counts.sums.lostRemoved++;
    this.ports.metrics.put(MetricName.versionsLost, 1, this.job.bucket);
  }

  /** A version that the change log tells of was to be stored now: where it is counted, it was counted as if it were. */
  miss({ row, counted }: DecisionOf<'store'>, reason: SkipReason): void {
    const missing = { ...NO_HOLDINGS, skipped: unstored(joinRows(counted?.told ?? row, notStored(row, reason))) };
    if (counted?.isHeld) this.change = addHoldings(this.change, missing);
    if (counted?.isHeld !== counted?.isShown) this.later = addHoldings(this.later, missing, counted?.isHeld ? 1 : -1);
  }

  /** What came of a version that was tried again: what is refused once more is in a report already. */
  async retry(known: Row, outcome: Outcome): Promise<void> {
    if (outcome.kind === 'body' || outcome.kind === 'copied') {
      this.write(outcome);
      const { size = 0 } = outcome.row;
      this.counts.sums.stored++;
      this.counts.sums.storedBytes += size;
      this.recount(known, { bytes: size, skipped: {} });
    }
    if (outcome.kind !== 'skipped') return;
    const { reason } = outcome;
    if (reason === 'version-gone') {
      this.counts.sums.lost++;
      this.ports.metrics.put(MetricName.versionsLost, 1, this.job.bucket);
    } else addCounts(this.refused, { [reason]: 1 });
    if (reason === REFUSED) return;
    const marked = notStored(known, reason);
    this.delta.add(marked);
    this.recount(known, { bytes: known.size ?? 0, skipped: unstored(joinRows(known, marked)) });
    const { key, versionId, size } = known;
    await this.report.add({ key, versionId, size, outcome: 'skipped', reason });
  }

  private recount(known: Row, now: Pick<Holdings, 'bytes' | 'skipped'>): void {
    const before = { ...NO_HOLDINGS, bytes: known.size ?? 0, skipped: unstored(known) };
    this.change = addHoldings(addHoldings(this.change, { ...NO_HOLDINGS, ...now }), before, -1);
  }

  /** A version that the capture could not store: the report of the commit that takes it in lists it. */
  async refuse(row: Row): Promise<void> {
    const { key, versionId, size } = row;
    const reason = reasonOf(row);
    addCounts(this.refused, { [reason]: 1 });
    await this.report.add({ key, versionId, size, outcome: 'skipped', reason });
  }

  /** A version that cannot be stored is kept in the history without a body, counted, and listed in the report. */
  private async skip({ row, known }: KnownVersion, reason: SkipReason, needed: boolean): Promise<void> {
    const marked = notStored(row, reason);
    // Said once: a job in which nothing changed writes nothing.
    const isSaid =
      known?.uncertain?.split(',').includes(marked.uncertain ?? '') && known.lastModified <= row.lastModified;
    if (!isSaid) this.delta.add(marked);
    addCounts(this.skipped, { [reason]: 1 });
    addCounts(this.unstored, { [reasonOf(known ? joinRows(known, marked) : marked)]: 1 });
    if (reason !== 'version-gone' || needed) this.counts.sums.missing++;
    const { key, versionId, size } = row;
    await this.report.add({ key, versionId, size, outcome: 'skipped', reason });
  }

  /** A marker that is gone is not among the versions with a body, and neither is it counted as one of them. */
  async skipMarker({ key, versionId }: Row, needed: boolean): Promise<void> {
    if (needed) {
      this.counts.sums.missing++;
      this.counts.uncover(key);
    }
    await this.report.add({ key, versionId, outcome: 'skipped', reason: 'version-gone' });
  }
}
