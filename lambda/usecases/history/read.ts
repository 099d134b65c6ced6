import { ColumnCursor, groupsOf, leastKey } from '../../core/history/files/column-cursor';
import { type KeyGroup, nextOf } from '../../core/history/groups';
import { joinAll } from '../../core/history/join';
import type { Manifest } from '../../core/history/manifest';
import type { Row } from '../../core/history/row';
import type { HistoryRange } from '../../core/history/segment-index';
import { compareKeys, KeyRange } from '../../core/keys/order';
import type { Vault } from '../vault/vault';
import { historyRanges } from './segment-index';

interface ReadHistory {
  readonly columns?: readonly string[];
  /** Those of them that are read of every key: the others only where rows are made. */
  readonly first?: readonly string[];
  readonly withFiles: boolean;
  /** Keys before the one that it answers are of no use any more. */
  readonly skipTo?: () => string;
}

/** Joined history of each key of a range, in key order. Memory is that of one row group for each segment. */
export async function* joinedRange(vault: Vault, range: HistoryRange, options: ReadHistory): AsyncGenerator<KeyGroup> {
  for await (const groups of joinedGroups(vault, range, options)) for (const group of groups) yield group;
}

/** The history of a manifest within an interval of keys, range after range. */
export async function* readHistory(
  vault: Vault,
  manifest: Manifest | undefined,
  within: KeyRange,
  options: ReadHistory,
): AsyncGenerator<KeyGroup> {
  for await (const range of historyRanges(vault, manifest, within, options.skipTo)) {
    const isSkipped = options.skipTo && range.to !== undefined && compareKeys(range.to, options.skipTo()) <= 0;
    if (isSkipped) continue;
    for await (const groups of joinedGroups(vault, range, options)) for (const group of groups) yield group;
  }
}

/** Many keys at once: one promise for all of them. */
async function* joinedGroups(vault: Vault, range: HistoryRange, options: ReadHistory): AsyncGenerator<KeyGroup[]> {
  const cursors = await cursorsOf(vault, range, options);
  for (let key = leastKey(cursors); key !== undefined; key = leastKey(cursors)) {
    const [first, ...others] = cursors.filter((cursor) => cursor.key === key);
    const alone = first && others.length === 0 ? await first.takeBefore(leastKey(cursors, first)) : [];
    if (alone.length > 0) yield groupsOf(alone).map(joined);
    else yield [{ key, rows: await takeJoined(cursors, key) }];
  }
}

const joined = (group: KeyGroup): KeyGroup =>
  group.rows.length === 1 ? group : { key: group.key, rows: joinAll(group.rows) };

/** Cursors at the first key of each of a range's segments. */
async function cursorsOf(vault: Vault, range: HistoryRange, options: ReadHistory): Promise<ColumnCursor[]> {
  const cursors = range.segments.map(
    (segment) => new ColumnCursor(vault.segmentColumns(segment, { range, ...options })),
  );
  await Promise.all(cursors.map((cursor) => cursor.start()));
  return cursors;
}

async function takeJoined(cursors: readonly ColumnCursor[], key: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (const cursor of cursors) if (cursor.key === key) rows.push(...(await cursor.take()));
  return rows.length > 1 ? joinAll(rows) : rows;
}

/** Goes through a manifest's history within an interval of keys, range after range, and makes rows only of the keys that are taken. */
export class HistoryCursor {
  private readonly ranges: AsyncIterator<HistoryRange>;
  private cursors: readonly ColumnCursor[] = [];
  private least: string | undefined;
  constructor(
    private readonly vault: Vault,
    manifest: Manifest | undefined,
    within: KeyRange,
    private readonly options: ReadHistory,
  ) {
    this.ranges = historyRanges(vault, manifest, within, options.skipTo);
  }

  /** The key that it stands at; undefined at the end. */
  get key(): string | undefined {
    return this.least;
  }

  /** Finds the least key, if need be in the next range that has any. */
  async settle(): Promise<void> {
    this.least = leastKey(this.cursors);
    while (this.least === undefined) {
      const range = await nextOf(this.ranges);
      if (!range) return;
      const { skipTo } = this.options;
      if (skipTo && range.to !== undefined && compareKeys(range.to, skipTo()) <= 0) continue;
      this.cursors = await cursorsOf(this.vault, range, this.options);
      this.least = leastKey(this.cursors);
    }
  }

  /** Goes to the first key that is not before this one. */
  async seek(key: string): Promise<void> {
    while (this.least !== undefined && compareKeys(this.least, key) < 0) {
      for (const cursor of this.cursors) await cursor.seek(key);
      await this.settle();
    }
  }

  /** The joined rows of the key that it stands at; goes on behind them. */
  async take(): Promise<Row[]> {
    const rows = await takeJoined(this.cursors, this.least ?? '');
    await this.settle();
    return rows;
  }

  /** The cursor of the only segment that has the key, and the next key that another one has. */
  get single(): { readonly cursor: ColumnCursor; readonly limit: string | undefined } | undefined {
    const [cursor, ...others] = this.cursors.filter(({ key }) => key === this.least);
    return cursor && others.length === 0 ? { cursor, limit: leastKey(this.cursors, cursor) } : undefined;
  }
}
