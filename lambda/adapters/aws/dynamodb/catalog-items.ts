import { CatalogTable } from '../../../contract/catalog-schema';
import { formatSeq } from '../../../contract/layout';
import type { ContinuousPointRecord, JobRecord, RecoveryPointRecord } from '../../../ports/catalog';

/**
 * Items of the catalog table. All of one bucket are in one partition: jobs under the time of their creation, recovery
 * points under their number, and the lock. Times in keys have one form, or they would not sort.
 */
export type Item = Readonly<Record<string, unknown>>;
export type ItemKey = Record<typeof CatalogTable.partitionKey | typeof CatalogTable.sortKey, string>;

/** Values of the index's partition key: the kinds of records that the whole vault can be listed by. */
export const Kind = { job: 'JOB', recoveryPoint: 'RECOVERY_POINT', continuous: 'CONTINUOUS' } as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

export const SortPrefix = {
  [Kind.job]: 'JOB#',
  [Kind.recoveryPoint]: 'RECOVERY_POINT#',
  [Kind.continuous]: 'CONTINUOUS',
} as const;

export const partitionOf = (bucket: string): string => `BUCKET#${bucket}`;

export const lockKey = (bucket: string): ItemKey => ({ pk: partitionOf(bucket), sk: 'LOCK' });

export const pointKey = (bucket: string, seq: number): ItemKey => ({
  pk: partitionOf(bucket),
  sk: SortPrefix[Kind.recoveryPoint] + formatSeq(seq),
});

export const continuousKey = (bucket: string): ItemKey => ({
  pk: partitionOf(bucket),
  sk: SortPrefix[Kind.continuous],
});

export const continuousItem = (point: ContinuousPointRecord): Item => ({
  ...continuousKey(point.bucket),
  [CatalogTable.indexPartitionKey]: Kind.continuous,
  [CatalogTable.indexSortKey]: `${instant(point.createdAt)}#${point.bucket}`,
  record: point,
});

export function jobItem(job: JobRecord): Item {
  const moment = `${instant(job.createdAt)}#${job.jobId}`;
  return {
    [CatalogTable.partitionKey]: partitionOf(job.bucket),
    [CatalogTable.sortKey]: SortPrefix[Kind.job] + moment,
    [CatalogTable.indexPartitionKey]: Kind.job,
    [CatalogTable.indexSortKey]: moment,
    record: job,
  };
}

export const pointItem = (point: RecoveryPointRecord): Item => ({
  ...pointKey(point.bucket, point.seq),
  [CatalogTable.indexPartitionKey]: Kind.recoveryPoint,
  [CatalogTable.indexSortKey]: `${instant(point.createdAt)}#${point.bucket}/${formatSeq(point.seq)}`,
  record: point,
});

const instant = (time: string): string => new Date(time).toISOString();
