import type { WorkInput, WorkOutput } from '../../contract/steps';
import type { RestoreJob, RestoreUnit } from '../../core/restore/job';
import type { MarkerResult } from '../../core/restore/result';
import { checkMarkers, Hidden, hiddenOf } from '../../core/restore/uncover';
import { addCounts, Counts } from '../../core/values/counts';
import type { MarkerRemoval } from '../../ports/marker-removal';
import { isStoreError, ListedVersion, ObjectStore, StoreErrorCode } from '../../ports/object-store';
import type { Deadline, RequestCounter } from '../../ports/runtime';
import type { BackupSettings } from '../context';
import { runInOrder } from '../work/pool';
import { ReportWriter, restoreReport } from '../work/report';
import { MARKERS_STEP } from '../work/step-names';
import { runTurn, Scratch, Turn } from '../work/turns';
import { KeyChecks } from './existing/key-checks';
import { readActions } from './existing/undo-files';
import { openUnit } from './planning/units';

/** What the step works with: it can list a bucket and remove markers, and nothing else there. */
export interface MarkerPorts {
  readonly scratch: Scratch;
  readonly destination: Pick<ObjectStore, 'listVersions'> & RequestCounter;
  readonly markers: MarkerRemoval;
  readonly deadline: Deadline;
  readonly settings: Pick<BackupSettings, 'concurrency'>;
}

interface MarkerCursor {
  readonly file: number;
  /** Number of the hidden version in that file. */
  readonly next: number;
}

/** Keys that one look at the bucket is good for: it is seconds old when the last of them is done. */
const KEYS_AT_ONCE = 256;
/** Failures that a repeated turn may not have, or that end the job. */
const NOT_OF_THE_KEY: readonly StoreErrorCode[] = ['throttled', 'unavailable', 'conflict', 'no-such-bucket'];

/**
 * One turn of a rollback that may remove delete markers: removes those that are all that hides a version that is to be current again.
 * What it leaves alone gets a copy on top afterwards, as without it: nothing here fails a job.
 */
export function removeMarkers(ports: MarkerPorts, input: WorkInput<RestoreJob, RestoreUnit>): Promise<WorkOutput> {
  return runTurn(ports.scratch, MARKERS_STEP, input, (cursor: MarkerCursor | undefined) =>
    new MarkerRange(ports, input).run(cursor),
  );
}

class MarkerRange {
  private readonly report: ReportWriter;
  private readonly checks: KeyChecks;
  private readonly kept: Counts = {};
  private removed = 0;

  constructor(
    private readonly ports: MarkerPorts,
    private readonly input: WorkInput<RestoreJob, RestoreUnit>,
  ) {
    const { job, unit, turn } = input;
    this.report = restoreReport(ports.scratch, job, `markers-${unit.id}-${String(turn)}`);
    this.checks = new KeyChecks(ports.destination, job.destination.bucket);
  }

  async run(from: MarkerCursor | undefined): Promise<Turn<MarkerResult, MarkerCursor>> {
    const { destination, markers } = this.ports;
    const before = [{ ...destination.counts() }, { ...markers.counts() }] as const;
    const cursor = await this.work(from);
    const reports = await this.report.finish();
    const requests = addCounts(since(destination, before[0]), since(markers, before[1]));
    return { result: { removed: this.removed, kept: this.kept, requests, reports }, cursor };
  }

  private async work(from: MarkerCursor | undefined): Promise<MarkerCursor | undefined> {
    const files = await openUnit(this.ports.scratch, this.input);
    for (let file = from?.file ?? 0; file < files.length; file++) {
      const actions = await readActions(this.ports.scratch, files[file] ?? '');
      const hidden = actions.map(hiddenOf).filter((one) => one !== undefined);
      for (let next = file === from?.file ? from.next : 0; next < hidden.length;) {
        next += await this.uncoverSome(hidden.slice(next, next + KEYS_AT_ONCE));
        const more = next < hidden.length || file + 1 < files.length;
        if (more && this.ports.deadline.remainingMillis() <= 0) return { file, next };
      }
    }
    return undefined;
  }

  /** Answers how many of the keys, from the first, are settled: those that one listing shows. */
  private async uncoverSome(keys: readonly Hidden[]): Promise<number> {
    const listed = await this.checks.look(keys).catch(refusal);
    if (typeof listed === 'string') {
      for (const hidden of keys) await this.keep(hidden, listed);
      return keys.length;
    }
    const seen = keys.slice(0, listed.length);
    const outcomes = await runInOrder(
      seen,
      this.ports.settings.concurrency,
      () => true,
      (hidden, index) => this.uncover(hidden, listed[index] ?? []),
    );
    for (const [index, hidden] of seen.entries()) {
      const reason = outcomes[index];
      await (reason === undefined ? this.tell(hidden) : this.keep(hidden, reason));
    }
    return seen.length;
  }

  /** Removes the markers of a key; answers why not, if any stays. */
  private async uncover(hidden: Hidden, listed: readonly ListedVersion[]): Promise<string | undefined> {
    const check = checkMarkers(hidden, listed);
    if (check.kind === 'kept') return check.reason;
    if (check.kind === 'uncovered') return undefined;
    const { bucket } = this.input.job.destination;
    try {
      for (const versionId of check.markers) await this.ports.markers.remove({ bucket, key: hidden.key, versionId });
      return undefined;
    } catch (error) {
      return refusal(error);
    }
  }

  private async keep({ key }: Hidden, reason: string): Promise<void> {
    addCounts(this.kept, { [reason]: 1 });
    await this.report.add({ key, outcome: 'marker-kept', reason });
  }

  private async tell({ key, markers }: Hidden): Promise<void> {
    this.removed += markers.length;
    for (const versionId of markers) await this.report.add({ key, versionId, outcome: 'marker-removed' });
  }
}

/** Why S3 refuses it for this key; anything else is thrown, and the turn repeated. */
function refusal(error: unknown): StoreErrorCode {
  if (isStoreError(error) && !NOT_OF_THE_KEY.includes(error.code)) return error.code;
  throw error;
}

function since(counter: RequestCounter, before: Readonly<Counts>): Counts {
  const made = Object.entries(counter.counts()).map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
  return Object.fromEntries(made.filter(([, count]) => count > 0));
}
