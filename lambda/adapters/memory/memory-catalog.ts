import {
  type Catalog,
  type ContinuousPointRecord,
  ENDED_STATES,
  type JobLock,
  type JobRecord,
  type Page,
  type RecoveryPointRecord,
} from '../../ports/catalog';

const DEFAULT_LIMIT = 100;

/** A catalog in memory. Records are kept as they were given; a stored record never changes. */
export class MemoryCatalog implements Catalog {
  private readonly jobs = new Map<string, JobRecord>();
  private readonly points = new Map<string, RecoveryPointRecord>();
  private readonly continuous = new Map<string, ContinuousPointRecord>();
  private readonly locks = new Map<string, JobLock>();
  private readonly fences = new Map<string, number>();

  putJob(job: JobRecord): Promise<void> {
    this.jobs.set(`${job.bucket}/${job.jobId}`, job);
    return Promise.resolve();
  }

  async putJobUnlessEnded(job: JobRecord): ReturnType<Catalog['putJobUnlessEnded']> {
    const known = this.jobs.get(`${job.bucket}/${job.jobId}`);
    if (known && ENDED_STATES.includes(known.state)) return { put: false };
    await this.putJob(job);
    return { put: true, before: known };
  }

  getJob(bucket: string, jobId: string): Promise<JobRecord | undefined> {
    return Promise.resolve(this.jobs.get(`${bucket}/${jobId}`));
  }

  listJobs({ bucket, type, limit, next }: Parameters<Catalog['listJobs']>[0]): Promise<Page<JobRecord>> {
    const wanted = [...this.jobs.values()].filter(
      (job) => (bucket === undefined || job.bucket === bucket) && (type === undefined || job.type === type),
    );
    return Promise.resolve(pageOf(wanted, (job) => `${instant(job.createdAt)}#${job.jobId}`, limit, next));
  }

  putRecoveryPoint(point: RecoveryPointRecord): Promise<void> {
    this.points.set(pointKey(point), point);
    return Promise.resolve();
  }

  getRecoveryPoint(bucket: string, seq: number): Promise<RecoveryPointRecord | undefined> {
    return Promise.resolve(this.points.get(pointKey({ bucket, seq })));
  }

  listRecoveryPoints(options: { bucket?: string; limit?: number; next?: string }): Promise<Page<RecoveryPointRecord>> {
    const { bucket, limit, next } = options;
    const all = [...this.points.values()];
    // Within one bucket the numbers are the order; over all buckets only times compare.
    const page =
      bucket === undefined
        ? pageOf(all, (point) => `${instant(point.createdAt)}#${pointKey(point)}`, limit, next)
        : pageOf(
            all.filter((point) => point.bucket === bucket),
            pointKey,
            limit,
            next,
          );
    return Promise.resolve(page);
  }

  putContinuousPoint(point: ContinuousPointRecord): Promise<void> {
    this.continuous.set(point.bucket, point);
    return Promise.resolve();
  }

  getContinuousPoint(bucket: string): Promise<ContinuousPointRecord | undefined> {
    return Promise.resolve(this.continuous.get(bucket));
  }

  listContinuousPoints(): Promise<readonly ContinuousPointRecord[]> {
    return Promise.resolve([...this.continuous.values()]);
  }

  getLock(bucket: string): Promise<JobLock | undefined> {
    return Promise.resolve(this.locks.get(bucket));
  }

  takeLock({ bucket, jobId, executionArn, type, from }: Parameters<Catalog['takeLock']>[0]): Promise<JobLock> {
    const held = this.locks.get(bucket);
    const isFrom =
      held?.jobId === from?.jobId && held?.executionArn === from?.executionArn && held?.fence === from?.fence;
    if (held && !isFrom) return Promise.resolve(held);
    const fence = (this.fences.get(bucket) ?? 0) + 1;
    const lock: JobLock = { bucket, jobId, executionArn, ...(type === 'UPKEEP' && { type }), fence };
    this.fences.set(bucket, fence);
    this.locks.set(bucket, lock);
    return Promise.resolve(lock);
  }

  releaseLock(bucket: string, jobId: string): Promise<void> {
    if (this.locks.get(bucket)?.jobId === jobId) this.locks.delete(bucket);
    return Promise.resolve();
  }
}

const instant = (time: string): string => new Date(time).toISOString();
const pointKey = ({ bucket, seq }: Pick<RecoveryPointRecord, 'bucket' | 'seq'>): string =>
  `${bucket}/${String(seq).padStart(20, '0')}`;

function pageOf<T>(items: readonly T[], orderOf: (item: T) => string, limit = DEFAULT_LIMIT, next?: string): Page<T> {
  const newestFirst = items
    .map((item) => ({ item, order: orderOf(item) }))
    .filter(({ order }) => next === undefined || order < next)
    .sort((a, b) => (a.order < b.order ? 1 : -1));
  const page = newestFirst.slice(0, limit);
  const more = newestFirst.length > page.length;
  return { items: page.map(({ item }) => item), ...(more && { next: page.at(-1)?.order }) };
}
