import {
  changePartition,
  ChangeLogTable,
  CHANGE_LIFETIME_SECONDS,
  SHARDS,
  SLOT_SECONDS,
  slotOf,
} from '../contract/change-log-schema';
import type { Row } from '../core/history/row';
import { sha256Hex } from '../core/values/hash';
import type { LoggedChange } from '../ports/change-log';

/** An item of the change log table. */
export interface ChangeItem {
  readonly [ChangeLogTable.partitionKey]: string;
  readonly [ChangeLogTable.sortKey]: string;
  readonly [ChangeLogTable.timeToLive]: number;
  readonly writtenAt: number;
  /** JSON: keys and tags may be any text. */
  readonly row: string;
}

const shardOf = (id: string): number => Number.parseInt(sha256Hex(id).slice(0, 4), 16) % SHARDS;

/** Items of changes that are written now, each key once: DynamoDB refuses a batch that has one twice. */
export function changeItems(changes: readonly LoggedChange[], now: number): ChangeItem[] {
  const writtenAt = Math.floor(now);
  const items = changes.map(({ id, bucket, row }): ChangeItem => ({
    [ChangeLogTable.partitionKey]: changePartition(bucket, slotOf(writtenAt), shardOf(id)),
    [ChangeLogTable.sortKey]: id,
    [ChangeLogTable.timeToLive]: writtenAt + CHANGE_LIFETIME_SECONDS,
    writtenAt,
    row: JSON.stringify(row),
  }));
  return [...new Map(items.map((item) => [itemKey(item), item])).values()];
}

export const itemKey = (item: ChangeItem): string =>
  `${item[ChangeLogTable.partitionKey]}\n${item[ChangeLogTable.sortKey]}`;

/** Partitions that hold what was written in an interval of time. */
export function changePartitions(bucket: string, from: number, to: number): string[] {
  const partitions: string[] = [];
  for (let slot = slotOf(from); slot < to; slot += SLOT_SECONDS) {
    for (let shard = 0; shard < SHARDS; shard++) partitions.push(changePartition(bucket, slot, shard));
  }
  return partitions;
}

/** Rows of the items that were written in an interval of time. */
export const rowsWithin = (items: readonly ChangeItem[], from: number, to: number): Row[] =>
  items.filter(({ writtenAt }) => writtenAt >= from && writtenAt < to).map(({ row }) => JSON.parse(row) as Row);
