import { ColumnCursor } from '../../../core/history/files/column-cursor';
import { type KeyGroup, mergeGroups, nextOf } from '../../../core/history/groups';
import type { Manifest } from '../../../core/history/manifest';
import type { Row } from '../../../core/history/row';
import type { RowColumns } from '../../../core/history/row-columns';
import { compareKeys, KeyRange, lesserKey } from '../../../core/keys/order';
import { type Unchanged, type UnchangedOptions, unchangedRows } from '../../../core/scan/unchanged';
import { HistoryCursor } from '../../history/read';
import type { Vault } from '../../vault/vault';

export interface ScannedKey {
  readonly key: string;
  readonly scanned: readonly Row[];
  readonly history: readonly Row[];
  /** What the change log has of the key. */
  readonly logged: readonly Row[];
}

/** What there is to compare. */
export interface Compared {
  readonly vault: Vault;
  readonly manifest: Manifest | undefined;
  readonly within: KeyRange;
  readonly columns: readonly string[];
  readonly scan: AsyncIterator<RowColumns>;
  readonly logged: AsyncIterator<KeyGroup>;
  /** What tells that a key is unchanged; all keys are told one by one when absent. */
  readonly unchanged?: Omit<UnchangedOptions, 'limit'> & {
    readonly columns: readonly string[];
    /** A key that is told by itself all the same. */
    readonly except?: string;
  };
}

/**
 * What a scan saw of each key beside what the history knows of it, and what was logged meanwhile. Of keys that are unchanged only their
 * number and size matter: they come many at once.
 */
export async function* compareWithHistory(compared: Compared): AsyncGenerator<ScannedKey | Unchanged> {
  const { vault, manifest, within, columns, unchanged } = compared;
  const scan = new ColumnCursor(compared.scan);
  const history = new HistoryCursor(vault, manifest, within, {
    columns,
    first: unchanged?.columns,
    withFiles: false,
  });
  const [, , first] = await Promise.all([scan.start(), history.settle(), nextOf(compared.logged)]);
  let log = first;
  for (;;) {
    const key = lesserKey(lesserKey(scan.key, history.key), log?.key);
    if (key === undefined) return;
    const passed = passedRows({ scan, history, logged: log?.key }, key, unchanged);
    if (passed) {
      const { rows, known } = passed;
      if (scan.chunk) yield { scan: scan.chunk, from: scan.at, to: scan.at + rows };
      await scan.skip(rows);
      await known.skip(rows);
      await history.settle();
      continue;
    }
    const scanned = scan.key === key ? await scan.take() : [];
    const known = history.key === key ? await history.take() : [];
    const logged = log?.key === key ? log.rows : [];
    if (log?.key === key) log = await nextOf(compared.logged);
    yield { key, scanned, history: known, logged };
  }
}

/** Rows from a key on that are unchanged, all of them in one segment of the history; undefined when there are none. */
function passedRows(
  { scan, history, logged }: { scan: ColumnCursor; history: HistoryCursor; logged: string | undefined },
  key: string,
  unchanged: Compared['unchanged'],
): { readonly rows: number; readonly known: ColumnCursor } | undefined {
  if (!unchanged || scan.key !== key || history.key !== key || logged === key) return undefined;
  const { single } = history;
  const { except } = unchanged;
  if (!single || key === except) return undefined;
  const isAhead = except !== undefined && compareKeys(key, except) < 0;
  const limit = lesserKey(lesserKey(single.limit, logged), isAhead ? except : undefined);
  const rows = unchangedRows(scan, single.cursor, { ...unchanged, limit });
  return rows > 0 && scan.chunk ? { rows, known: single.cursor } : undefined;
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
  const options = { columns, first: ['key'], withFiles: false, skipTo: () => wanted };
  const history = new HistoryCursor(vault, manifest, within, options);
  let isStarted = false;
  for (let next = await logged.next(); !next.done; next = await logged.next()) {
    const { key, rows } = next.value;
    wanted = key;
    if (!isStarted) await history.settle();
    isStarted = true;
    await history.seek(key);
    yield { key, scanned: [], history: history.key === key ? await history.take() : [], logged: rows };
  }
}
