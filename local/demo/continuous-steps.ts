import { setTimeout as sleep } from 'node:timers/promises';
import { compareBuckets } from '../buckets/compare';
import { currentOf, type BucketHistory } from '../buckets/history';
import { changeLedger, damageLedger } from '../buckets/sample-content';
import { CheckedSteps } from './checked-steps';
import { count, size, type DemoConsole } from './console';
import type { DemoWorld } from './demo-world';
import { requestsText } from './prices';

const captureLimitMs = 10 * 60_000;

/** Continuous backup: an exact second of a busy day, a rollback to it, and the rollback taken back. */
export class ContinuousSteps extends CheckedSteps {
  /** How many changes the log has once all that was done is captured. */
  private changes = 0;

  constructor(
    private readonly out: DemoConsole,
    private readonly world: DemoWorld,
  ) {
    super();
  }

  async run(): Promise<number> {
    await this.begin();
    const instant = await this.work();
    const right = await this.current();
    await this.accident();
    const wrong = await this.current();
    await this.capture(instant);

    await this.restoreSecond(instant, right);
    const jobId = await this.rollBack(instant, right);
    await this.undo(jobId, wrong);
    await this.recoveryPoint();
    return this.differences;
  }

  private async begin(): Promise<void> {
    const { out, world } = this;
    await out.step('A continuous rule is added to the plan, and deployed', async () => {
      await world.makeContinuous();
    });
    await out.step('Continuous backup begins with one look at the bucket', async (figures) => {
      const { status, asOf, stored, requests } = await world.upkeep('upkeep, first', { deleteAfterDays: 35 });
      figures.add('any second can be restored from', `${asOf}, ${status}`);
      figures.add('versions new since the last backup', stored);
      figures.add('requests to the bucket', requestsText(requests));
    });
  }

  /** Answers a second after which nothing more is written for a moment. */
  private work(): Promise<string> {
    return this.out.step('A few seconds of work', async (figures) => {
      await sleep(2_000);
      const before = await this.world.changesLogged();
      const written = await changeLedger(this.world.source);
      this.changes = before + written;
      figures.add('objects written, overwritten, deleted', written);
      await sleep(1_100);
      const instant = new Date(Math.floor(Date.now() / 1000) * 1000).toISOString().replace('.000', '');
      figures.add('all is well at', instant);
      await sleep(1_500);
      return instant;
    });
  }

  private accident(): Promise<void> {
    return this.out.step('An accident, a second later', async (figures) => {
      const { world } = this;
      const begun = Date.now();
      const { overwritten, deleted, added } = await damageLedger(world.source);
      const written = Date.now();
      this.changes += overwritten + deleted + added;
      while ((await world.changesLogged()) < this.changes) {
        if (Date.now() - begun > captureLimitMs) throw new Error('the changes are not captured');
        await sleep(100);
      }
      const lag = `${((Date.now() - written) / 1000).toFixed(1)} s`;
      figures.add('objects overwritten', overwritten);
      figures.add('objects deleted', deleted);
      figures.add('objects that should not be there', added);
      figures.add(
        'all of it safe in the vault after',
        `${lag} (events wait 5 s in the queue, so that a value is read once)`,
      );
    });
  }

  /** What runs each hour. Here until the second is whole, then a comparison, which runs once a day. */
  private capture(instant: string): Promise<void> {
    return this.out.step('Upkeep: captured changes become history', async (figures) => {
      const begun = Date.now();
      let captured = 0;
      for (;;) {
        const commit = await this.world.upkeep('upkeep, hourly', { action: 'commit-changes' });
        captured += commit.captured ?? 0;
        if (Date.parse(commit.asOf) >= Date.parse(instant)) break;
        if (Date.now() - begun > captureLimitMs)
          throw new Error(`captured through ${commit.asOf} only, not ${instant}`);
        await sleep(3_000);
      }
      figures.add('versions stored when their events came', captured);
      const compared = await this.world.upkeep('upkeep, daily comparison', { action: 'reconcile' });
      figures.add('found by a comparison, told by no event', compared.gaps ?? 0);
      figures.add('requests to the bucket for that', requestsText(compared.requests));
      this.expect(figures, 'gaps', compared.gaps ?? 0, 0);
      this.expectNoSkip(figures, compared.skipped);
    });
  }

  private async restoreSecond(instant: string, right: BucketHistory): Promise<void> {
    const { out, world } = this;
    const destinationBucket = `${world.source.name}-second`;
    await out.step(`Restore of ${instant} to a new bucket`, async (figures) => {
      const input = { pointInTime: instant, destinationBucket, createBucket: true };
      const output = await world.restore('restore, exact second', input);
      figures.add('exact', output.exact === true ? 'yes, for every key' : 'NO');
      this.describeRestore(figures, output);
      this.expect(figures, 'exact', Number(output.exact), 1);
      this.report(figures, 'compared', compareBuckets(right, await world.reader.read(destinationBucket)));
    });
  }

  private async rollBack(instant: string, right: BucketHistory): Promise<string> {
    const { out, world } = this;
    const input = { pointInTime: instant, rollback: true };
    await out.step('Dry run: what a rollback of the bucket to that second would do', async (figures) => {
      const { planned, restored, deleted } = await world.restore('dry run of the rollback', { ...input, dryRun: true });
      figures.add('would write back', `${count(planned.versions)} objects, ${size(planned.bytes)}`);
      figures.add('would mark as deleted', planned.markers);
      this.expect(figures, 'written', restored + deleted, 0);
    });
    return out.step('Rollback, in place', async (figures) => {
      const output = await world.restore('rollback', input);
      figures.add('written back', `${count(output.restored)}, ${size(output.bytes)}`);
      figures.add('marked as deleted', output.deleted);
      figures.add('requests to the bucket', requestsText(output.requests));
      this.expect(figures, 'failed', output.failed, 0);
      this.report(figures, 'current objects', compareBuckets(right, await this.current()));
      return output.jobId;
    });
  }

  private undo(jobId: string, wrong: BucketHistory): Promise<void> {
    return this.out.step('The rollback was a mistake: it is taken back', async (figures) => {
      const output = await this.world.restore('undo of the rollback', { undo: jobId });
      figures.add('written back', `${count(output.restored)}, marked as deleted ${count(output.deleted)}`);
      this.expect(figures, 'failed', output.failed, 0);
      this.report(figures, 'current objects', compareBuckets(wrong, await this.current()));
    });
  }

  private recoveryPoint(): Promise<void> {
    return this.out.step('A recovery point of what was captured, without a scan', async (figures) => {
      const output = await this.world.backUp('backup of captured changes', { source: 'changes' });
      figures.add('recovery point', `${output.recoveryPointId}, ${output.status}`);
      figures.add('object versions in it', `${count(output.versions)}, ${size(output.bytes)}`);
      figures.add('requests to the bucket', requestsText(output.requests));
      this.expect(figures, 'requests', Object.values(output.requests).length, 0);
    });
  }

  private async current(): Promise<BucketHistory> {
    return currentOf(await this.world.reader.read(this.world.source.name));
  }
}
