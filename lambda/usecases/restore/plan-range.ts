import type { WorkInput, WorkOutput } from '../../contract/steps';
import type { Manifest } from '../../core/history/manifest';
import type { KeyView } from '../../core/history/view';
import { afterKey, keyBytes, MAX_KEY_BYTES, KeyRange } from '../../core/keys/order';
import { type PlannedKey, planKey } from '../../core/restore/actions';
import { InnerMatches } from '../../core/restore/inner-items';
import { selectedParts, type Selection } from '../../core/restore/items';
import type { PlanUnit, RestoreJob } from '../../core/restore/job';
import type { PlanResult } from '../../core/restore/result';
import { planRollback } from '../../core/restore/rollback';
import type { RestorePorts } from '../context';
import { HistoryAt, viewsOf } from '../history/at';
import { runInOrder } from '../work/pool';
import { requestsSince } from '../work/requests';
import { PLAN_STEP } from '../work/step-names';
import { runTurn, Turn } from '../work/turns';
import { DestinationListing, headEtag } from './existing/destination-listing';
import { PlanBook } from './planning/book';
import { rollbackHistories, rollbackKeys } from './planning/rollback';
import { UndoPlanner } from './planning/undo';

interface PlanCursor {
  /** The key that planning goes on with. */
  readonly from: string;
}

const KEYS_AT_ONCE = 500;
/** The plan for a key that had no version, as far as is known. */
const NOTHING: PlannedKey = { skipped: [], conflict: false };

/** One turn of planning: compares the recovery point with the destination and writes down what to do. */
export function planRestoreRange(ports: RestorePorts, input: WorkInput<RestoreJob, PlanUnit>): Promise<WorkOutput> {
  return runTurn(ports.scratch, PLAN_STEP, input, (cursor: PlanCursor | undefined) =>
    new RangePlanner(ports, input).run(cursor),
  );
}

type Part = KeyRange & { readonly item: number };

class RangePlanner {
  private readonly job: RestoreJob;
  private readonly matched = new Set<number>();
  /** Of the items inside of a selected prefix. */
  private inner = new InnerMatches({ innerKeys: [], innerPrefixes: [] });
  private readonly book: PlanBook;

  constructor(
    private readonly ports: RestorePorts,
    private readonly input: WorkInput<RestoreJob, PlanUnit>,
  ) {
    this.job = input.job;
    this.book = new PlanBook(ports, input.job, input.unit.id);
  }

  async run(cursor: PlanCursor | undefined): Promise<Turn<PlanResult, PlanCursor>> {
    const { ports, job } = this;
    const before = { ...ports.destination.counts() };
    const stopped = job.undo === undefined ? await this.planSelected(cursor) : await this.planUndo(cursor);
    const result: PlanResult = {
      ...(await this.book.finish()),
      matched: [...this.matched],
      matchedKeys: this.inner.matchedKeys,
      matchedPrefixes: this.inner.matchedPrefixes,
      requests: requestsSince(ports.destination, before),
    };
    return { result, cursor: stopped };
  }

  private async planSelected(cursor: PlanCursor | undefined): Promise<PlanCursor | undefined> {
    const { ports, job, input } = this;
    const { intervals, ...inner } = await ports.scratch.read<Selection>(job.selection);
    this.inner = new InnerMatches(inner);
    const unit: KeyRange = { from: cursor?.from ?? input.unit.from, to: input.unit.to };
    const parts = selectedParts(intervals, unit);
    if (job.rollback) return this.planRollback(parts);
    const manifest = await ports.vault.readBase(job.sourceBucket, job.point);
    const history = await ports.scratch.read<HistoryAt>(job.history);
    for await (const keys of this.chunks(history, manifest, parts)) {
      await this.plan(keys.views, keys.interval);
      const last = keys.views.at(-1);
      if (last && ports.deadline.remainingMillis() <= 0) return { from: afterKey(last.key) };
    }
    return undefined;
  }

  private async planRollback(parts: readonly Part[]): Promise<PlanCursor | undefined> {
    const { ports, job } = this;
    const histories = await rollbackHistories(ports, job);
    for (const part of parts) {
      for await (const at of rollbackKeys(ports, job, histories, part)) {
        const isThere = at.then.versions.length > 0 || at.current;
        if (isThere) this.match(part, at.key);
        const planned = isThere ? planRollback(at, job) : NOTHING;
        await this.book.take(at.key, planned);
        await this.book.doubt(at.then, planned);
        if (ports.deadline.remainingMillis() <= 0) return { from: afterKey(at.key) };
      }
    }
    return undefined;
  }

  private async planUndo(cursor: PlanCursor | undefined): Promise<PlanCursor | undefined> {
    const { ports, job, input } = this;
    const planner = await UndoPlanner.of(ports, job, input.unit);
    const { concurrency } = ports.settings;
    const mayStart = (index: number): boolean => index === 0 || ports.deadline.remainingMillis() > 0;
    for await (const actions of planner.actions(cursor?.from ?? '', KEYS_AT_ONCE)) {
      const planned = await runInOrder(actions, concurrency, mayStart, (action) => planner.plan(action));
      for (const [index, decided] of planned.entries()) await this.book.take(actions[index]?.key ?? '', decided);
      const last = actions[planned.length - 1];
      if (last && ports.deadline.remainingMillis() <= 0) return { from: afterKey(last.key) };
    }
    return undefined;
  }

  private match(part: Part, key: string): void {
    this.matched.add(part.item);
    this.inner.add(key);
  }

  /** Views of the selected keys that the recovery point knows, some at once. */
  private async *chunks(
    history: HistoryAt,
    manifest: Manifest | undefined,
    intervals: readonly Part[],
  ): AsyncGenerator<{ interval: KeyRange; views: KeyView[] }> {
    for (const interval of intervals) {
      let views: KeyView[] = [];
      for await (const view of viewsOf(this.ports, history, manifest, interval)) {
        if (view.versions.length === 0) {
          await this.book.doubt(view, NOTHING);
          continue;
        }
        this.match(interval, view.key);
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
      await this.book.take(view.key, planned);
      await this.book.doubt(view, planned);
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
}
