import { decodedKey } from '../../../core/capture/decoded-key';
import type { Manifest } from '../../../core/history/manifest';
import { isVersion, NULL_VERSION, type Row } from '../../../core/history/row';
import { afterKey } from '../../../core/keys/order';
import type { BackupPorts } from '../../context';
import { readHistory } from '../../history/read';

/** Deletions that a job looks up: two reads of the history each, at most. */
const MOST_LOOKUPS = 200;

/** A deletion, and the key that it has if events have URL-encoded keys. */
interface Held {
  readonly row: Row;
  readonly decoded: string;
}

/**
 * Logged rows, with deletions under the keys of their versions. S3 has nothing left of a deleted version that would tell whether its event has
 * a URL-encoded key. The history tells, if it has that version ID under one of both keys, or else the log, of which a second read is made: under the
 * key of the event, events have keys as they are, and nothing else is looked up.
 */
export async function* underTrueKeys(
  ports: Pick<BackupPorts, 'vault'>,
  base: Manifest | undefined,
  read: () => AsyncIterable<readonly Row[]>,
): AsyncGenerator<readonly Row[]> {
  const held: Held[] = [];
  for await (const chunk of read()) {
    yield chunk.filter((row) => {
      const decoded = held.length < MOST_LOOKUPS ? decodedKeyOf(row) : undefined;
      if (decoded !== undefined) held.push({ row, decoded });
      return decoded === undefined;
    });
  }
  let isPlain = false;
  const unknown: Held[] = [];
  for (const { row, decoded } of held) {
    isPlain ||= await has(ports, base, row);
    const resolved = { ...row, key: decoded };
    if (isPlain) yield [row];
    else if (await has(ports, base, resolved)) yield [resolved];
    else unknown.push({ row, decoded });
  }
  const logged = isPlain || unknown.length === 0 ? new Set<string>() : await loggedAmong(unknown, read());
  for (const { row, decoded } of unknown) {
    const resolved = { ...row, key: decoded };
    yield [!logged.has(nameOf(row)) && logged.has(nameOf(resolved)) ? resolved : row];
  }
}

const nameOf = ({ key, versionId }: Pick<Row, 'key' | 'versionId'>): string => JSON.stringify([key, versionId]);

/** Which of the versions, under either key, the log tells of: they came since the last commit. */
async function loggedAmong(held: readonly Held[], log: AsyncIterable<readonly Row[]>): Promise<ReadonlySet<string>> {
  const wanted = new Set(held.flatMap(({ row, decoded }) => [nameOf(row), nameOf({ ...row, key: decoded })]));
  const found = new Set<string>();
  for await (const rows of log) {
    for (const row of rows) if (isVersion(row) && wanted.has(nameOf(row))) found.add(nameOf(row));
  }
  return found;
}

const decodedKeyOf = ({ kind, key, versionId, source }: Row): string | undefined =>
  kind === 'removed' && source === 'event' && versionId !== NULL_VERSION ? decodedKey(key) : undefined;

/** Whether the history has the version under the row's key. */
async function has(
  { vault }: Pick<BackupPorts, 'vault'>,
  base: Manifest | undefined,
  { key, versionId }: Row,
): Promise<boolean> {
  const columns = ['key', 'version_id', 'kind', 'last_modified'];
  const groups = readHistory(vault, base, { from: key, to: afterKey(key) }, { columns, withFiles: false });
  for await (const group of groups)
    if (group.key === key && group.rows.some((row) => isVersion(row) && row.versionId === versionId)) return true;
  return false;
}
