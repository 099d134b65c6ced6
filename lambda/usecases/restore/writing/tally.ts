import type { RestoreAction } from '../../../core/restore/actions';
import { KeyProgress, topOf } from '../../../core/restore/outcome';
import type { RestoreResult } from '../../../core/restore/result';
import { addCounts, Counts } from '../../../core/values/counts';
import type { ReportLine, ReportWriter } from '../../work/report';

/** Sums up keys that are done, and writes what became of each version into the report. */
export class RestoreTally {
  private readonly counts = {
    restored: 0,
    uncovered: 0,
    markers: 0,
    lostDeletes: 0,
    failed: 0,
    bytes: 0,
    verifiedByReading: 0,
  };
  private readonly skipped: Counts = {};

  constructor(private readonly report: ReportWriter) {}

  get result(): Omit<RestoreResult, 'requests' | 'reports'> {
    return { ...this.counts, skipped: this.skipped };
  }

  async add(action: RestoreAction, { outcomes }: KeyProgress): Promise<void> {
    const { key, destination } = action;
    for (const [index, op] of action.ops.entries()) {
      const line = { key, destination, versionId: op.versionId, ...this.count(op, index, outcomes) };
      await this.report.add(line);
    }
  }

  private count(op: Op, index: number, outcomes: Outcomes): Line {
    const outcome = outcomes[index];
    if (outcome?.kind === 'marked') {
      this.counts.markers++;
      return { outcome: 'deleted' };
    }
    if (outcome?.kind === 'restored' && op.kind !== 'marker') return this.countRestored(op.size, outcome);
    const failed = outcome?.kind === 'failed' ? outcome : undefined;
    const reason = failed?.reason ?? 'precondition-failed';
    const current = failed && currentInstead(index, outcomes);
    if (op.kind === 'marker') return this.countMarker(reason, current, !failed && outcomes.length === 1);
    if (failed) {
      this.counts.failed++;
      return { outcome: 'failed', reason, destinationVersionId: failed.wrong?.versionId, current };
    }
    addCounts(this.skipped, { 'precondition-failed': 1 });
    return { outcome: 'skipped', reason };
  }

  private countRestored(size: number, outcome: Extract<Outcome, { readonly kind: 'restored' }>): Line {
    this.counts.restored++;
    if (outcome.uncovered) {
      this.counts.uncovered++;
      return { outcome: 'restored', size, reason: 'uncovered' };
    }
    this.counts.bytes += size;
    if (outcome.read) this.counts.verifiedByReading++;
    if (outcome.withoutAcl) addCounts(this.skipped, { 'acls-blocked': 1 });
    if (outcome.uncompared) addCounts(this.skipped, { 'not-compared': 1 });
    const reason = outcome.withoutAcl ? 'acls-blocked' : outcome.uncompared ? 'not-compared' : undefined;
    return { outcome: 'restored', size, reason };
  }

  /** A marker that was not written: of a key that only had to be deleted, a live writer came first. */
  private countMarker(reason: string, current: string | undefined, isLost: boolean): Line {
    if (isLost) this.counts.lostDeletes++;
    addCounts(this.skipped, { [isLost ? reason : `marker-${reason}`]: 1 });
    return isLost ? { outcome: 'skipped', reason } : { outcome: 'skipped', reason, current };
  }
}

type Op = RestoreAction['ops'][number];
type Outcomes = KeyProgress['outcomes'];
type Outcome = NonNullable<Outcomes[number]>;
type Line = Pick<ReportLine, 'outcome' | 'reason' | 'size' | 'destinationVersionId' | 'current'>;

/** What this job left current under the key of a version that failed, where nothing newer came after it. */
function currentInstead(index: number, outcomes: Outcomes): string | undefined {
  const top = topOf(outcomes);
  if (!top || top.index > index) return undefined;
  const last = outcomes[top.index];
  const foreign =
    outcomes.some((outcome) => outcome?.kind === 'precondition-failed') ||
    (last?.kind === 'failed' && last.wrong?.overwritten);
  return foreign ? undefined : top.versionId;
}
