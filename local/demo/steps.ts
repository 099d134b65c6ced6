import { compareBuckets } from '../buckets/compare';
import {
  bytesOf,
  bodiesOf,
  currentOf,
  markersOf,
  newBodies,
  outside,
  restorableOf,
  under,
  type BucketHistory,
} from '../buckets/history';
import { changeSample, changeSampleAgain, damageSample, fillSample, photosPrefix } from '../buckets/sample-content';
import { fullMinuteAfter } from '../support/full-minute';
import { CheckedSteps } from './checked-steps';
import { count, size, type DemoConsole, type Figures } from './console';
import type { DemoWorld } from './demo-world';
import type { BackupJob } from './outputs';
import { requestsText } from './prices';

/** The story of the demo: what happens to the bucket, and whether all of it came back. Answers the number of differences. */
export class DemoSteps extends CheckedSteps {
  constructor(
    private readonly out: DemoConsole,
    private readonly world: DemoWorld,
  ) {
    super();
  }

  async run(): Promise<number> {
    const { world } = this;
    const first = await this.backUp('First backup', 'first backup', new Map());
    await this.change(
      'Changes: edits, new objects, deletions, an undelete, versions permanently deleted',
      changeSample,
    );
    const second = await this.backUp('Incremental backup', 'incremental backup', first.history);
    await this.backUp('Incremental backup with nothing changed', 'backup of no change', second.history);
    await this.change('More changes: edits, new objects, deletions, a version permanently deleted', changeSampleAgain);
    const third = await this.backUpByInventory(second.history);
    await this.damage();

    const whole = `${world.source.name}-restored`;
    const all = { versions: 'all' };
    await this.restoreBucket(
      'Restore of the whole bucket to a new one, all versions',
      'restore, all versions',
      whole,
      all,
    );
    await this.compare('Comparison of the new bucket with the original', whole, restorableOf(third.history));

    const earlier = `${world.source.name}-day-one`;
    const point = { recoveryPointId: first.job.recoveryPointId };
    await this.restoreBucket(
      'Restore of the first recovery point to a new bucket',
      'restore, first point',
      earlier,
      point,
    );
    await this.compare('Comparison with the bucket of the first day', earlier, currentOf(first.history));

    await this.restorePrefix(third.history);
    return this.differences;
  }

  fill(): Promise<void> {
    const { source, reader } = this.world;
    return this.out.step('A bucket full of what is hard to back up', async (figures) => {
      await fillSample(source);
      describe(figures, source.snapshot());
      figures.add('versions of one second', await reader.countSameSecond(source.name));
    });
  }

  private backUp(
    title: string,
    job: string,
    before: BucketHistory,
    request: { readonly source?: 'inventory' } = {},
  ): Promise<{ job: BackupJob; history: BucketHistory }> {
    return this.out.step(title, async (figures) => {
      const history = this.world.source.snapshot();
      const output = await this.world.backUp(job, request);
      const expected = newBodies(before, history).length;
      figures.add('recovery point', `${output.recoveryPointId}, ${output.status}`);
      figures.add('object versions in it', `${count(output.versions)}, ${size(output.bytes)}`);
      figures.add('stored now', `${count(output.stored)} (new since the last backup: ${count(expected)})`);
      figures.add('known already, not read again', output.reused);
      figures.add('versions and markers found removed', output.removed);
      figures.add('written to the vault', `${count(output.vaultFiles)} files, ${size(output.vaultBytes)}`);
      figures.add('requests to the bucket', requestsText(output.requests));
      this.expect(figures, 'stored', output.stored, expected);
      if (request.source) this.expect(figures, 'listings', output.requests.ListObjectVersions ?? 0, 0);
      this.expectNoSkip(figures, output.skipped);
      return { job: output, history };
    });
  }

  /** S3's report instead of a listing. It is dated by the minute, and the backup has what was written up to then. */
  private async backUpByInventory(before: BucketHistory): Promise<{ job: BackupJob; history: BucketHistory }> {
    await this.out.step('An S3 Inventory report, as S3 delivers one a day', async (figures) => {
      const startedAt = await fullMinuteAfter(Date.now());
      const report = await this.world.reportInventory(startedAt);
      figures.add('begun at a full minute, awaited', new Date(startedAt).toISOString());
      figures.add('versions and delete markers', report.rows);
      figures.add('data files, unsorted', `${count(report.files.length)} in ${report.format}`);
      const history = this.world.source.snapshot();
      this.expect(figures, 'rows', report.rows, bodiesOf(history).length + markersOf(history).length);
    });
    return this.backUp('Incremental backup by that report', 'backup by inventory', before, { source: 'inventory' });
  }

  private change(title: string, change: typeof changeSample): Promise<void> {
    const { source } = this.world;
    return this.out.step(title, async (figures) => {
      const before = source.snapshot();
      await change(source);
      const after = source.snapshot();
      figures.add('new object versions', newBodies(before, after).length);
      figures.add('object versions permanently deleted', newBodies(after, before).length);
      figures.add('new delete markers', markersOf(after).length - markersOf(before).length);
    });
  }

  private damage(): Promise<void> {
    return this.out.step('The accident', async (figures) => {
      const { overwritten, deleted, removed } = await damageSample(this.world.source);
      figures.add('objects overwritten', overwritten);
      figures.add('objects deleted', deleted);
      figures.add('objects removed with all versions', removed);
    });
  }

  private restoreBucket(title: string, job: string, destinationBucket: string, input: object): Promise<void> {
    return this.out.step(title, async (figures) => {
      const output = await this.world.restore(job, { destinationBucket, createBucket: true, ...input });
      figures.add('new bucket', destinationBucket);
      this.describeRestore(figures, output);
    });
  }

  /** In place: what is there now is overwritten, which in a versioned bucket removes nothing. */
  private async restorePrefix(point: BucketHistory): Promise<void> {
    const { world } = this;
    const before = world.source.snapshot();
    const wanted = currentOf(under(point, photosPrefix));
    const input = { items: [photosPrefix], onExisting: 'overwrite' };
    await this.out.step(`Dry run: what a restore of ${photosPrefix} in place would do`, async (figures) => {
      const { planned, restored } = await world.restore(`dry run of ${photosPrefix}`, { ...input, dryRun: true });
      figures.add('would restore', `${count(planned.versions)} objects, ${size(planned.bytes)}`);
      figures.add('would request', requestsText(planned.requests));
      figures.add('estimated price on AWS', `US$ ${planned.estimatedCost.toFixed(5)}`);
      this.expect(figures, 'restored', restored, 0);
      this.expect(figures, 'planned', planned.versions, wanted.size);
    });
    await this.out.step(`Restore of ${photosPrefix} in place`, async (figures) => {
      this.describeRestore(figures, await world.restore(`restore of ${photosPrefix}`, input));
    });
    await this.out.step('Comparison of the bucket after the restore in place', async (figures) => {
      const now = await world.reader.read(world.source.name);
      const restored = under(now, photosPrefix);
      this.report(figures, `current objects in ${photosPrefix}`, compareBuckets(wanted, currentOf(restored)));
      const untouched = compareBuckets(outside(before, photosPrefix), outside(now, photosPrefix), { versionIds: true });
      this.report(figures, 'everything else, untouched', untouched);
      // The restore added one version to each key that it restored, and removed none.
      const older = new Map([...restored].map(([key, all]) => [key, wanted.has(key) ? all.slice(0, -1) : all]));
      const kept = new Map([...older].filter(([, all]) => all.length > 0));
      this.report(
        figures,
        'older versions, still there',
        compareBuckets(under(before, photosPrefix), kept, { versionIds: true }),
      );
    });
  }

  private compare(title: string, bucket: string, expected: BucketHistory): Promise<void> {
    return this.out.step(title, async (figures) => {
      this.report(figures, 'compared', compareBuckets(expected, await this.world.reader.read(bucket)));
    });
  }
}

function describe(figures: Figures, history: BucketHistory): void {
  const bodies = bodiesOf(history);
  figures.add('objects', currentOf(history).size);
  figures.add('object versions', `${count(bodies.length)}, ${size(bytesOf(history))}`);
  figures.add('delete markers', markersOf(history).length);
  figures.add('null versions, from before versioning', bodies.filter(({ versionId }) => versionId === 'null').length);
  figures.add('with headers and user metadata', bodies.filter((body) => Object.keys(body.metadata).length > 0).length);
  figures.add('with tags', bodies.filter((body) => Object.keys(body.tags).length > 0).length);
  figures.add('with an ACL of their own', bodies.filter((body) => body.grants.length > 1).length);
}
