import type { Row } from '../../core/history/row';
import type { ChangeLog, LoggedChange } from '../../ports/change-log';
import { type ChangeItem, changeItems, itemKey, changePartitions, rowsWithin } from '../change-items';

/** Rows of one chunk. */
const CHUNK = 100;

/** A change log in memory: the items of the table, under the same keys. */
export class MemoryChangeLog implements ChangeLog {
  private readonly items = new Map<string, ChangeItem>();

  /** `now` gives epoch seconds. */
  constructor(private readonly now: () => number) {}

  get size(): number {
    return this.items.size;
  }

  append(changes: readonly LoggedChange[]): Promise<void> {
    for (const item of changeItems(changes, this.now())) this.items.set(itemKey(item), item);
    return Promise.resolve();
  }

  async *read(bucket: string, from: number, to: number): AsyncGenerator<Row[]> {
    const partitions = new Set(changePartitions(bucket, from, to));
    const live = [...this.items.values()].filter(({ pk, expiresAt }) => partitions.has(pk) && expiresAt > this.now());
    const rows = rowsWithin(live, from, to);
    for (let at = 0; at < rows.length; at += CHUNK) yield await Promise.resolve(rows.slice(at, at + CHUNK));
  }
}
