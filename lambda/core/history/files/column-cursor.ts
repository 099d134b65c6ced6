import { compareKeys, firstAtLeast, lesserKey } from '../../keys/order';
import type { KeyGroup } from '../groups';
import type { Row } from '../row';
import type { RowColumns } from '../row-columns';

/** Goes through the keys of one source, chunk after chunk; rows are made only of keys that are taken. */
export class ColumnCursor {
  private current: RowColumns | undefined;
  private place = 0;
  constructor(private readonly source: AsyncIterator<RowColumns>) {}

  /** The chunk that the cursor is in; undefined at the end, and before `start`. */
  get chunk(): RowColumns | undefined {
    return this.current;
  }

  /** Place in the chunk. */
  get at(): number {
    return this.place;
  }

  /** The key that the cursor stands at, with its first row; undefined at the end. */
  get key(): string | undefined {
    return this.current?.keys[this.place];
  }

  /** Goes to the first key. */
  start(): Promise<void> {
    return this.next();
  }

  /** Goes on by so many rows of the chunk. */
  async skip(rows: number): Promise<void> {
    this.place += rows;
    if (this.current && this.place >= this.current.count) await this.next();
  }

  /** Goes to the first key that is not before this one. */
  async seek(key: string): Promise<void> {
    while (this.current && compareKeys(this.key ?? '', key) < 0) {
      const { keys, count } = this.current;
      await this.skip(firstAtLeast(keys, key, this.place + 1, count) - this.place);
    }
  }

  /** All rows of the key that the cursor stands at; goes on behind them. */
  async take(): Promise<Row[]> {
    const { key } = this;
    const rows: Row[] = [];
    while (this.current && key !== undefined && this.key === key) {
      const { keys, count } = this.current;
      let end = this.place + 1;
      while (end < count && keys[end] === key) end++;
      await this.current.load();
      const found = this.current.rows(this.place, end);
      if (rows.length === 0 && end < count) {
        this.place = end;
        return found;
      }
      rows.push(...found);
      await this.skip(end - this.place);
    }
    return rows;
  }

  /**
   * Rows of whole keys before `limit`, as many as the chunk has; goes on behind them. None where the first of these keys may go on in the next
   * chunk: then it is to be taken.
   */
  async takeBefore(limit: string | undefined): Promise<Row[]> {
    if (!this.current) return [];
    const { keys, count } = this.current;
    let end = limit === undefined ? count : firstAtLeast(keys, limit, this.place, count);
    if (end === count && this.current.mayGoOn) {
      const last = keys[count - 1];
      do end--;
      while (end > this.place && keys[end - 1] === last);
    }
    if (end <= this.place) return [];
    await this.current.load();
    const rows = this.current.rows(this.place, end);
    await this.skip(end - this.place);
    return rows;
  }

  private async next(): Promise<void> {
    this.place = 0;
    do {
      const read = await this.source.next();
      this.current = read.done ? undefined : read.value;
    } while (this.current?.count === 0);
  }
}

/** Groups rows that are sorted by key. */
export function groupsOf(rows: readonly Row[]): KeyGroup[] {
  const groups: KeyGroup[] = [];
  for (let from = 0; from < rows.length;) {
    const key = rows[from]?.key ?? '';
    let to = from + 1;
    while (to < rows.length && rows[to]?.key === key) to++;
    groups.push({ key, rows: rows.slice(from, to) });
    from = to;
  }
  return groups;
}

/** The least key that cursors stand at, but for one of them. */
export function leastKey(cursors: readonly ColumnCursor[], without?: ColumnCursor): string | undefined {
  let least: string | undefined;
  for (const cursor of cursors) {
    if (cursor !== without) least = lesserKey(least, cursor.key);
  }
  return least;
}
