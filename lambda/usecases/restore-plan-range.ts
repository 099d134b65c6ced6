import { workKey } from '../contract/layout';
import type { WorkInput, WorkOutput } from '../contract/steps';
import { addCounts, Counts } from '../core/counts';
import { sha256Hex } from '../core/hash';
import type { Manifest } from '../core/manifest';
import { selectedParts, type Selection } from '../core/items';
import { afterKey, keyBytes, MAX_KEY_BYTES, KeyRange } from '../core/key-order';
import type { PlanUnit, RestoreJob } from '../core/restore-job';
import { PlannedKey, planKey, RestoreAction, RestoreSkip } from '../core/restore-plan';
import type { PlanResult } from '../core/restore-result';
import type { KeyView } from '../core/view';
import { versionWeight } from '../core/weights';
import { DestinationListing, headEtag } from './destination-listing';
import { HistoryAt, viewsOf } from './history-at';
import { runInOrder } from './pool';
import { ReportWriter, restoreReport } from './report';
import { requestsSince } from './requests';
import type { RestorePorts } from './restore-plan';
import { isSingleCopy, partSizeOf } from './server-copy';
import { PLAN_STEP } from './step-names';
import { runTurn, Turn } from './turns';

interface PlanCursor {
  /** The key that planning goes on with. */
  readonly from: string;
}

/** A file of actions holds at most so many keys, and a tenth of a unit's weight: it is in a worker's memory. */
const FILE_KEYS = 2_000;
const FILES_PER_UNIT = 10;
const KEYS_AT_ONCE = 500;

/** One turn of planning: compares the recovery point with the destination and writes down what to do. */
export function planRestoreRange(ports: RestorePorts, input: WorkInput<RestoreJob, PlanUnit>): Promise<WorkOutput> {
  return runTurn(ports.scratch, PLAN_STEP, input, (cursor: PlanCursor | undefined) =>
    new RangePlanner(ports, input).run(cursor),
  );
}

/** Skips of keys that the restore says nothing of: what is there was there before. */
const LEFT_ALONE: ReadonlySet<string> = new Set<RestoreSkip>(['exists', 'key-too-long']);

class RangePlanner {
  private readonly job: RestoreJob;
  private readonly files: { key: string; weight: number }[] = [];
  private readonly counts = { objects: 0, versions: 0, markers: 0, bytes: 0, conflicts: 0, uncertain: 0 };
  private readonly matched = new Set<number>();
  private readonly matchedKeys = new Set<number>();
  private readonly skipped: Counts = {};
  private readonly doubts: Counts = {};
  private readonly estimated: Counts = {};
  private readonly report: ReportWriter;
  private actions: RestoreAction[] = [];
  private weight = 0;

  constructor(
    private readonly ports: RestorePorts,
    private readonly input: WorkInput<RestoreJob, PlanUnit>,
  ) {
    this.job = input.job;
    this.report = restoreReport(ports.scratch, input.job, `plan-${input.unit.id}`);
  }

  async run(cursor: PlanCursor | undefined): Promise<Turn<PlanResult, PlanCursor>> {
    const { ports, job, input } = this;
    const before = { ...ports.destination.counts() };
    const manifest = await ports.vault.readBase(job.sourceBucket, job.point);
    const history = await ports.scratch.read<HistoryAt>(job.history);
    const { intervals, innerKeys } = await ports.scratch.read<Selection>(job.selection);
    const inner = new Map(innerKeys.map((key, number) => [key, number]));
    const unit: KeyRange = { from: cursor?.from ?? input.unit.from, to: input.unit.to };
    let stopped: PlanCursor | undefined;
    for await (const keys of this.chunks(history, manifest, selectedParts(intervals, unit), inner)) {
      await this.plan(keys.views, keys.interval);
      const last = keys.views.at(-1);
      if (last && ports.deadline.remainingMillis() <= 0) {
        stopped = { from: afterKey(last.key) };
        break;
      }
    }
    await this.writeFile();
    const result: PlanResult = {
      files: this.files,
      ...this.counts,
      matched: [...this.matched],
      matchedKeys: [...this.matchedKeys],
      skipped: this.skipped,
      doubts: this.doubts,
      estimated: this.estimated,
      requests: requestsSince(ports.destination, before),
      reports: await this.report.finish(),
    };
    return { result, cursor: stopped };
  }

  /** Views of the selected keys that the recovery point knows, some at once. */
  private async *chunks(
    history: HistoryAt,
    manifest: Manifest | undefined,
    intervals: readonly (KeyRange & { readonly item: number })[],
    inner: ReadonlyMap<string, number>,
  ): AsyncGenerator<{ interval: KeyRange; views: KeyView[] }> {
    for (const interval of intervals) {
      let views: KeyView[] = [];
      for await (const view of viewsOf(this.ports, history, manifest, interval)) {
        this.matched.add(interval.item);
        const named = inner.get(view.key);
        if (named !== undefined) this.matchedKeys.add(named);
        views.push(view);
        if (views.length < KEYS_AT_ONCE) continue;
        yield { interval, views };
        views = [];
      }
      if (views.length > 0) yield { interval, views };
    }
  }

  private listing: { interval: KeyRange; listing: DestinationListing } | undefined;

  private async plan(views: readonly KeyView[], interval: KeyRange): Promise<void> {
    const existing = await this.existing(views, interval);
    for (const [index, view] of views.entries()) {
      const planned = planKey(view, existing[index], this.job);
      await this.take(view.key, planned);
      await this.doubt(view, planned);
    }
  }

  /** ETags of the destination's objects under these keys. */
  private async existing(views: readonly KeyView[], interval: KeyRange): Promise<(string | undefined)[]> {
    const { destination, destinationPrefix } = this.job;
    if (destination.create) return [];
    const keys = views.map((view) => destinationPrefix + view.key);
    const { store, concurrency } = { store: this.ports.destination, concurrency: this.ports.settings.concurrency };
    if (interval.to === afterKey(interval.from)) {
      return runInOrder(
        keys,
        concurrency,
        () => true,
        async (key) => (keyBytes(key) > MAX_KEY_BYTES ? undefined : headEtag(store, destination.bucket, key)),
      );
    }
    if (this.listing?.interval !== interval)
      this.listing = {
        interval,
        listing: new DestinationListing(store, destination.bucket, interval, destinationPrefix),
      };
    const found: (string | undefined)[] = [];
    for (const key of keys) found.push(await this.listing.listing.find(key));
    return found;
  }

  /** What is in doubt of a key that the answer speaks of. */
  private async doubt(view: KeyView, { action, skipped }: PlannedKey): Promise<void> {
    if (view.uncertain.length > 0) this.counts.uncertain++;
    if (!this.job.pointInTime || (!action && skipped.some(({ reason }) => LEFT_ALONE.has(reason)))) return;
    for (const reason of this.job.versions === 1 ? view.currentUncertain : view.uncertain) {
      addCounts(this.doubts, { [reason]: 1 });
      await this.report.add({ key: view.key, outcome: 'doubtful', reason });
    }
  }

  private async take(key: string, planned: PlannedKey): Promise<void> {
    const { action, skipped, conflict } = planned;
    for (const { reason, versionId } of skipped) {
      addCounts(this.skipped, { [reason]: 1 });
      await this.report.add({ key, versionId, outcome: 'skipped', reason });
    }
    if (conflict) {
      this.counts.conflicts++;
      await this.report.add({ key, outcome: 'conflict', reason: 'exists' });
    }
    if (!action) return;
    this.counts.objects++;
    this.actions.push(action);
    for (const op of action.ops) {
      if (op.kind === 'marker') this.counts.markers++;
      else {
        this.counts.versions++;
        this.counts.bytes += op.size;
        this.weight += versionWeight(op.size, false);
      }
      addCounts(this.estimated, this.estimate(op));
    }
    if (this.actions.length >= FILE_KEYS || this.weight >= this.ports.settings.rangeWeight / FILES_PER_UNIT)
      await this.writeFile();
  }

  private estimate(op: RestoreAction['ops'][number]): Counts {
    if (op.kind === 'marker') return { DeleteObject: 1 };
    if (op.kind === 'put') return { GetObject: op.length > 0 ? 1 : 0, PutObject: 1 };
    const { copyPartSize } = this.ports.settings;
    if (isSingleCopy(op.size, copyPartSize)) return { HeadObject: 1, CopyObject: 1 };
    return {
      HeadObject: 1,
      CreateMultipartUpload: 1,
      UploadPartCopy: Math.ceil(op.size / partSizeOf(op.size, copyPartSize)),
      CompleteMultipartUpload: 1,
    };
  }

  private async writeFile(): Promise<void> {
    if (this.actions.length === 0) return;
    const body = Buffer.from(this.actions.map((action) => `${JSON.stringify(action)}\n`).join(''), 'utf8');
    const { scratch } = this.ports;
    const key = workKey(this.job.jobId, PLAN_STEP, this.input.unit.id, `actions-${sha256Hex(body)}.jsonl`);
    await scratch.store.put({ bucket: scratch.bucket, key, body });
    this.files.push({ key, weight: this.weight });
    this.actions = [];
    this.weight = 0;
  }
}
