import {
  type Catalog,
  type ContinuousPointRecord,
  ENDED_STATES,
  type JobRecord,
  type Page,
  type RecoveryPointRecord,
} from '../../lambda/ports/catalog';

const job = (n: number, fields: Partial<JobRecord> = {}): JobRecord => ({
  jobId: `job-${n}`,
  type: 'BACKUP',
  bucket: 'photos',
  state: 'RUNNING',
  createdAt: new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString(),
  executionArn: `arn:aws:states:us-east-1:111111111111:execution:backup:job-${n}`,
  ...fields,
});

const point = (seq: number, fields: Partial<RecoveryPointRecord> = {}): RecoveryPointRecord => ({
  recoveryPointId: `photos/${seq}`,
  bucket: 'photos',
  seq,
  state: 'COMPLETED',
  asOf: '2026-01-01T00:00:00Z',
  createdAt: new Date(Date.UTC(2026, 0, 1, 0, seq)).toISOString(),
  jobId: `job-${seq}`,
  versions: 'ALL',
  objects: 1,
  versionCount: 2,
  bytes: 3,
  ...fields,
});

async function everyPage<T>(list: (next?: string) => Promise<Page<T>>): Promise<T[][]> {
  const pages: T[][] = [];
  let next: string | undefined;
  do {
    const page = await list(next);
    pages.push([...page.items]);
    next = page.next;
  } while (next !== undefined);
  return pages;
}

/** `newCatalog` gives an empty catalog each time. */
export function catalogContract(newCatalog: () => Promise<Catalog>): void {
  describe('catalog', () => {
    let catalog: Catalog;
    beforeEach(async () => {
      catalog = await newCatalog();
    });

    test('keeps jobs and their changes', async () => {
      expect(await catalog.getJob('photos', 'job-1')).toBeUndefined();
      await catalog.putJob(job(1));
      await catalog.putJob(job(2, { plan: undefined }));
      expect(await catalog.getJob('photos', 'job-1')).toEqual(job(1));
      const ended = job(1, {
        state: 'COMPLETED',
        completedAt: '2026-01-01T01:00:00Z',
        output: { counts: { stored: 1 } },
      });
      await catalog.putJob(ended);
      expect(await catalog.getJob('photos', 'job-1')).toEqual(ended);
      expect((await catalog.listJobs({})).items).toHaveLength(2);
      expect(await catalog.getJob('other', 'job-1')).toBeUndefined();
    });

    test('puts a job unless it has ended', async () => {
      expect(await catalog.putJobUnlessEnded(job(1, { state: 'PENDING' }))).toEqual({ put: true });
      expect(await catalog.putJobUnlessEnded(job(1, { plan: 'Plan' }))).toEqual({
        put: true,
        before: job(1, { state: 'PENDING' }),
      });
      expect(await catalog.getJob('photos', 'job-1')).toEqual(job(1, { plan: 'Plan' }));
      for (const state of ENDED_STATES) {
        await catalog.putJob(job(1, { state }));
        expect(await catalog.putJobUnlessEnded(job(1))).toEqual({ put: false });
        expect(await catalog.putJobUnlessEnded(job(1, { state: 'ABORTED', statusMessage: 'late' }))).toEqual({
          put: false,
        });
        expect(await catalog.getJob('photos', 'job-1')).toEqual(job(1, { state }));
      }
      expect(await catalog.putJobUnlessEnded(job(2, { state: 'ABORTED' }))).toEqual({ put: true });
    });

    test('lists jobs newest first, page by page', async () => {
      for (const n of [3, 1, 5, 2, 4]) await catalog.putJob(job(n, { bucket: n % 2 === 0 ? 'even' : 'odd' }));
      const ids = (jobs: readonly JobRecord[]) => jobs.map(({ jobId }) => jobId);
      const all = await everyPage((next) => catalog.listJobs({ limit: 2, next }));
      expect(all.map(ids)).toEqual([['job-5', 'job-4'], ['job-3', 'job-2'], ['job-1']]);
      const odd = await everyPage((next) => catalog.listJobs({ bucket: 'odd', limit: 2, next }));
      expect(odd.map(ids)).toEqual([['job-5', 'job-3'], ['job-1']]);
      expect(await catalog.listJobs({ bucket: 'none' })).toEqual({ items: [] });
    });

    test('lists jobs of one type, with full pages', async () => {
      for (let n = 1; n <= 6; n++) await catalog.putJob(job(n, { type: n % 3 === 0 ? 'RESTORE' : 'BACKUP' }));
      const ids = (jobs: readonly JobRecord[]) => jobs.map(({ jobId }) => jobId);
      for (const bucket of [undefined, 'photos']) {
        const restores = await everyPage((next) => catalog.listJobs({ bucket, type: 'RESTORE', limit: 1, next }));
        expect(restores.map(ids)).toEqual([['job-6'], ['job-3']]);
        const backups = await everyPage((next) => catalog.listJobs({ bucket, type: 'BACKUP', limit: 3, next }));
        expect(backups.map(ids)).toEqual([['job-5', 'job-4', 'job-2'], ['job-1']]);
      }
    });

    test('sorts jobs by time however it is written', async () => {
      await catalog.putJob(job(1, { createdAt: '2026-01-01T00:00:05Z' }));
      await catalog.putJob(job(2, { createdAt: '2026-01-01T00:00:05.500Z' }));
      await catalog.putJob(job(3, { createdAt: '2026-01-01T00:00:04.999Z' }));
      const { items } = await catalog.listJobs({ bucket: 'photos' });
      expect(items.map(({ jobId }) => jobId)).toEqual(['job-2', 'job-1', 'job-3']);
    });

    test('keeps recovery points', async () => {
      expect(await catalog.getRecoveryPoint('photos', 1)).toBeUndefined();
      await catalog.putRecoveryPoint(point(1, { tags: { team: 'a' } }));
      expect(await catalog.getRecoveryPoint('photos', 1)).toEqual(point(1, { tags: { team: 'a' } }));
      await catalog.putRecoveryPoint(point(1, { state: 'EXPIRED' }));
      expect(await catalog.getRecoveryPoint('photos', 1)).toEqual(point(1, { state: 'EXPIRED' }));
    });

    test('lists recovery points newest first, page by page', async () => {
      for (const seq of [9, 2, 11, 10]) await catalog.putRecoveryPoint(point(seq));
      await catalog.putRecoveryPoint(point(3, { bucket: 'other' }));
      await catalog.putJob(job(1));
      const seqs = (points: readonly RecoveryPointRecord[]) => points.map(({ seq }) => seq);
      const own = await everyPage((next) => catalog.listRecoveryPoints({ bucket: 'photos', limit: 3, next }));
      expect(own.map(seqs)).toEqual([[11, 10, 9], [2]]);
      const all = await everyPage((next) => catalog.listRecoveryPoints({ limit: 3, next }));
      expect(all.map(seqs)).toEqual([
        [11, 10, 9],
        [3, 2],
      ]);
    });

    test('keeps one continuous recovery point a bucket, beside the others', async () => {
      const continuous = (bucket: string, fields: Partial<ContinuousPointRecord> = {}): ContinuousPointRecord => ({
        recoveryPointId: `${bucket}/continuous`,
        bucket,
        state: 'AVAILABLE',
        createdAt: '2026-01-01T00:00:00Z',
        earliestRestorable: '2026-01-01T00:00:00Z',
        latestRestorable: '2026-01-02T00:00:00Z',
        reconciledThrough: '2026-01-01T12:00:00Z',
        days: 35,
        seq: 7,
        ...fields,
      });
      expect(await catalog.getContinuousPoint('photos')).toBeUndefined();
      await catalog.putRecoveryPoint(point(1));
      await catalog.putContinuousPoint(continuous('photos'));
      await catalog.putContinuousPoint(continuous('other'));
      const stopped = continuous('photos', { state: 'STOPPED', statusMessage: 'versioning is Suspended' });
      await catalog.putContinuousPoint(stopped);
      expect(await catalog.getContinuousPoint('photos')).toEqual(stopped);
      const all = await catalog.listContinuousPoints();
      expect([...all].sort((a, b) => (a.bucket < b.bucket ? -1 : 1))).toEqual([continuous('other'), stopped]);
      expect((await catalog.listRecoveryPoints({})).items).toEqual([point(1)]);
      expect((await catalog.listRecoveryPoints({ bucket: 'photos' })).items).toEqual([point(1)]);
    });

    test('the lock says which kind of job has it', async () => {
      const take = { bucket: 'photos', jobId: 'one', executionArn: 'arn:one', type: 'UPKEEP' as const };
      expect(await catalog.takeLock(take)).toMatchObject({ type: 'UPKEEP' });
      const held = await catalog.getLock('photos');
      expect(held).toMatchObject({ jobId: 'one', type: 'UPKEEP' });
      const heir = await catalog.takeLock({ ...take, jobId: 'two', type: 'BACKUP', from: held });
      expect(heir).toEqual({ bucket: 'photos', jobId: 'two', executionArn: 'arn:one', fence: 2 });
    });

    test('gives the lock of a bucket to one job at a time', async () => {
      const take = (jobId: string) => catalog.takeLock({ bucket: 'photos', jobId, executionArn: `arn:${jobId}` });
      expect(await catalog.getLock('photos')).toBeUndefined();
      const first = await take('one');
      expect(first).toEqual({ bucket: 'photos', jobId: 'one', executionArn: 'arn:one', fence: 1 });
      expect(await take('two')).toEqual(first);
      expect(await take('one')).toEqual(first);
      expect(await catalog.getLock('photos')).toEqual(first);
      await catalog.releaseLock('photos', 'two');
      expect(await catalog.getLock('photos')).toEqual(first);
      await catalog.releaseLock('photos', 'one');
      await catalog.releaseLock('photos', 'one');
      expect(await catalog.getLock('photos')).toBeUndefined();
      expect(await take('two')).toMatchObject({ jobId: 'two', fence: 2 });
      expect(await catalog.takeLock({ bucket: 'other', jobId: 'one', executionArn: 'arn:one' })).toMatchObject({
        fence: 1,
      });
    });

    test('lets a job take over from exactly the holder that it saw', async () => {
      const take = (jobId: string) => ({ bucket: 'photos', jobId, executionArn: `arn:${jobId}` });
      const dead = await catalog.takeLock(take('dead'));
      const heir = await catalog.takeLock({ ...take('heir'), from: dead });
      expect(heir).toMatchObject({ jobId: 'heir', fence: 2 });
      expect(await catalog.takeLock({ ...take('late'), from: dead })).toEqual(heir);
      expect(await catalog.takeLock({ ...take('heir'), from: dead })).toEqual(heir);
      await catalog.releaseLock('photos', 'dead');
      expect(await catalog.getLock('photos')).toEqual(heir);
      await catalog.releaseLock('photos', 'heir');
      expect(await catalog.takeLock({ ...take('late'), from: dead })).toMatchObject({ jobId: 'late', fence: 3 });
    });

    test('gives the lock to one of many that ask at once', async () => {
      const jobs = Array.from({ length: 8 }, (_, n) => `job-${n}`);
      const locks = await Promise.all(
        jobs.map((jobId) => catalog.takeLock({ bucket: 'photos', jobId, executionArn: `arn:${jobId}` })),
      );
      expect(new Set(locks.map(({ jobId }) => jobId)).size).toBe(1);
      expect(locks.every(({ fence }) => fence === 1)).toBe(true);
    });
  });
}
