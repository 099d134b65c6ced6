import { LOST } from '../../../core/backup/fold-versions';
import { decodedKey } from '../../../core/keys/decoded-key';
import type { Manifest } from '../../../core/history/manifest';
import { isVersion, NULL_VERSION, type Row } from '../../../core/history/row';
import { afterKey } from '../../../core/keys/order';
import type { BackupPorts } from '../../context';
import { readHistory } from '../../history/read';

/** Deletions that a job looks up: two reads of the history each, at most. */
const MOST_LOOKUPS = 200;

/** A deletion, or what is not known to be under its key, and the key that it has if events have URL-encoded keys. */
interface Held {
  readonly row: Row;
  readonly decoded: string;
}

/**
 * Logged rows, with deletions, and what came once more after them, under the keys of their versions. S3 has nothing left of a deleted version that
 * would tell whether its event has a URL-encoded key. The history tells, if S3 had that version ID under one of both keys, or else the log, of which a
 * second read is made: under the key of the event, events have keys as they are, and nothing else is looked up.
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
    const known: Row | undefined = isPlain ? undefined : await knownOf(ports, base, row);
    isPlain ||= known !== undefined && isProof(known);
    const resolved = { ...row, key: decoded };
    if (isPlain) yield [row];
    else if (await knownOf(ports, base, resolved)) yield [resolved];
    else unknown.push({ row, decoded });
  }
  const logged = isPlain || unknown.length === 0 ? new Set<string>() : await loggedAmong(unknown, read());
  for (const { row, decoded } of unknown) {
    const resolved = { ...row, key: decoded };
    yield [logged.has(nameOf(resolved)) ? resolved : row];
  }
}

const nameOf = ({ key, versionId }: Pick<Row, 'key' | 'versionId'>): string => JSON.stringify([key, versionId]);

/** Which of the versions the log has under their decoded keys: they came since the last commit. */
async function loggedAmong(held: readonly Held[], log: AsyncIterable<readonly Row[]>): Promise<ReadonlySet<string>> {
  const wanted = new Set(held.map(({ row, decoded }) => nameOf({ ...row, key: decoded })));
  const found = new Set<string>();
  for await (const rows of log) {
    for (const row of rows) if (isVersion(row) && wanted.has(nameOf(row))) found.add(nameOf(row));
  }
  return found;
}

/** A deletion, or what an event told of when it was gone: of a delete marker, nothing says whether it was. */
const decodedKeyOf = (row: Row): string | undefined =>
  row.source === 'event' && row.versionId !== NULL_VERSION && isUnproven(row) ? decodedKey(row.key) : undefined;

const isUnproven = ({ kind, uncertain }: Row): boolean => kind === 'removed' || kind === 'marker' || uncertain === LOST;

/**
 * Nothing but S3 itself proves a key: of what was gone when its event came, the history has only what the event said. Under a decoded key the
 * history has only what S3 had there.
 */
const isProof = ({ kind, uncertain }: Row): boolean => kind === 'put' && uncertain?.split(',').includes(LOST) !== true;

/** What the history has of the version under the row's key. */
async function knownOf(
  { vault }: Pick<BackupPorts, 'vault'>,
  base: Manifest | undefined,
  { key, versionId }: Row,
): Promise<Row | undefined> {
  const columns = ['key', 'version_id', 'kind', 'last_modified', 'uncertain'];
  const groups = readHistory(vault, base, { from: key, to: afterKey(key) }, { columns, withFiles: false });
  for await (const group of groups) {
    const found = group.key === key && group.rows.find((row) => isVersion(row) && row.versionId === versionId);
    if (found) return found;
  }
  return undefined;
}
