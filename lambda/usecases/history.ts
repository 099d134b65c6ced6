import { groupByKey, KeyGroup, mergeGroups } from '../core/groups';
import { joinAll } from '../core/join';
import { compareKeys, KeyRange } from '../core/key-order';
import { historyRanges, HistoryRange, Manifest } from '../core/manifest';
import type { Row } from '../core/row';
import type { Vault } from './vault';

interface ReadHistory {
  readonly columns?: readonly string[];
  readonly withFiles: boolean;
  /** Keys before the one that it answers are of no use any more. */
  readonly skipTo?: () => string;
}

/** Joined history of each key of a range, in key order. Memory is that of one row group for each segment. */
export async function* joinedRange(vault: Vault, range: HistoryRange, options: ReadHistory): AsyncGenerator<KeyGroup> {
  const sources = range.segments.map((segment) => groupByKey(vault.segmentRows(segment, { range, ...options })));
  for await (const { key, parts } of mergeGroups(sources)) yield { key, rows: joinAll(parts.flat()) };
}

/** The history of a manifest within an interval of keys, range after range. */
export async function* readHistory(
  vault: Vault,
  manifest: Manifest | undefined,
  within: KeyRange,
  options: ReadHistory,
): AsyncGenerator<KeyGroup> {
  for (const range of historyRanges(manifest, within)) {
    const isSkipped = options.skipTo && range.to !== undefined && compareKeys(range.to, options.skipTo()) <= 0;
    if (!isSkipped) yield* joinedRange(vault, range, options);
  }
}

export interface ScannedKey {
  readonly key: string;
  readonly scanned: readonly Row[];
  readonly history: readonly Row[];
  /** What the change log has of the key. */
  readonly logged: readonly Row[];
}

/** What a scan saw of each key beside what the history knows of it, and what was logged meanwhile. */
export async function* compareWithHistory(
  scan: AsyncIterator<KeyGroup>,
  history: AsyncIterator<KeyGroup>,
  logged: AsyncIterator<KeyGroup>,
): AsyncGenerator<ScannedKey> {
  for await (const { key, parts } of mergeGroups([scan, history, logged]))
    yield { key, scanned: parts[0] ?? [], history: parts[1] ?? [], logged: parts[2] ?? [] };
}

/** What was logged, and keys that were logged before: of these there is nothing new. */
export async function* withRecounts(
  logged: AsyncIterator<KeyGroup>,
  recounts: AsyncIterator<KeyGroup>,
): AsyncGenerator<KeyGroup> {
  for await (const { key, parts } of mergeGroups([logged, recounts])) yield { key, rows: parts[0] ?? [] };
}

/** Only the keys that were logged, with what the history knows of them: segments are read as far as they have one of these keys. */
export async function* touchedKeys(
  vault: Vault,
  manifest: Manifest | undefined,
  within: KeyRange,
  { columns, logged }: { readonly columns: readonly string[]; readonly logged: AsyncIterator<KeyGroup> },
): AsyncGenerator<ScannedKey> {
  let wanted = within.from;
  const options = { columns, withFiles: false, skipTo: () => wanted };
  const history = readHistory(vault, manifest, within, options);
  let head: KeyGroup | undefined;
  let isEnd = false;
  for (let next = await logged.next(); !next.done; next = await logged.next()) {
    const { key, rows } = next.value;
    wanted = key;
    while (!isEnd && (!head || compareKeys(head.key, key) < 0)) {
      const read = await history.next();
      isEnd = read.done ?? false;
      head = read.done ? undefined : read.value;
    }
    yield { key, scanned: [], history: head?.key === key ? head.rows : [], logged: rows };
  }
}
