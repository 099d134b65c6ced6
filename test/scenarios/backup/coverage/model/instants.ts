import type { Row } from '../../../../../lambda/core/history/row';
import { viewAt } from '../../../../../lambda/core/history/view';
import type { Rig } from '../../../support/rig';
import { urlEncoded } from '../../../../support/live-bucket';
import { historyOfBucket } from '../../../../support/view-of-bucket';
import { readPart } from '../../../../support/vault-part';
import { type BucketModel, type Held, readersOf } from './bucket-model';
import type { Reasons } from './reasons';

/** Doubts about which version is current. Others are about its tags, its ACL or its body. */
const OF_PRESENCE = ['unknown-version', 'same-second', 'removal', 'visibility'];

/** Bodies of the vault, each read once. */
export class Bodies {
  private readonly read = new Map<string, string | undefined>();
  constructor(private readonly rig: Rig) {}

  async of(row: Row): Promise<string | undefined> {
    if (!row.file) return undefined;
    const place = `${row.file.name} ${String(row.offset)}`;
    if (!this.read.has(place)) this.read.set(place, await readPart(this.rig, row));
    return this.read.get(place);
  }
}

/** Compares the vault at some seconds with the model: what is not as it was, is said to be in doubt, for a reason. */
export async function compareInstants(
  rig: Rig,
  model: BucketModel,
  reasons: Reasons,
  seconds: readonly number[],
): Promise<{ readonly exact: number; readonly doubtful: number }> {
  const history = await historyOfBucket(rig, 'src');
  const bodies = new Bodies(rig);
  const seen = { exact: 0, doubtful: 0 };
  /** Of a version that was gone before its event came, nothing tells whether that has a URL-encoded key: what is in doubt has that key. */
  const isDoubtfulUnderItsName = (key: string, second: number): boolean => {
    const rows = history.get(urlEncoded(key));
    return rows !== undefined && viewAt(key, rows, second, { pointInTime: true }).uncertain.length > 0;
  };
  const written = model.keys;
  for (const second of seconds) {
    for (const key of new Set([...history.keys(), ...written])) {
      const rows = history.get(key) ?? [];
      const view = viewAt(key, rows, second, { pointInTime: true });
      const doubts = view.currentUncertain;
      const [held] = model.at(key, second);
      // Under keys that nobody has written there are events of versions that were gone.
      if (!written.has(key) && view.uncertain.length > 0) continue;
      const say = (what: string): Error =>
        new Error(`${key} at ${String(second)}: ${what}\n${linesOf(rows)}\n${model.linesOf(key, second)}`);
      const why = reasons.unexplained(key, doubts);
      if (why.length > 0) throw say(`${why.join()} for no reason`);
      if (doubts.length > 0) seen.doubtful++;
      else seen.exact++;
      if (doubts.some((doubt) => OF_PRESENCE.includes(doubt))) continue;
      if (isDoubtfulUnderItsName(key, second)) continue;
      const [version] = view.versions;
      const found = version?.row.kind === 'put' ? version : undefined;
      const expected = held?.version.isMarker === false ? held : undefined;
      if (doubts.includes('not-stored') && expected && reasons.stored.has(expected.version))
        throw say('its body is missing for no reason');
      const told = found && {
        versionId: found.row.versionId,
        tags: doubts.includes('tags') ? undefined : found.tags,
        readers: doubts.includes('acl') ? undefined : readersOf(found.acl),
        body: doubts.includes('not-stored') ? undefined : await bodies.of(found.row),
      };
      const was = expected && stateOf(expected, doubts);
      // Of a version without a body nothing else is known.
      if (told && doubts.includes('not-stored')) Object.assign(told, { tags: was?.tags, readers: was?.readers });
      if (JSON.stringify(told) !== JSON.stringify(was))
        throw say(`${JSON.stringify(told)} instead of ${JSON.stringify(was)} (${doubts.join()})`);
    }
  }
  return seen;
}

const stateOf = ({ version, tags, readers }: Held, doubts: readonly string[]) => ({
  versionId: version.versionId,
  tags: doubts.includes('tags') ? undefined : tags,
  readers: doubts.includes('acl') ? undefined : readers,
  body: doubts.includes('not-stored') ? undefined : Buffer.from(version.body).toString(),
});

/** What a row says of its version, in short. */
export const linesOf = (rows: readonly Row[]): string => rows.map(lineOf).join('\n');

function lineOf({ kind, versionId, lastModified, ...row }: Row): string {
  const { visibleFrom, visibleBefore, sequencer, etag, tags, acl, effectiveFrom, observedAt, source } = row;
  const { removedAfter, removedBefore, readAt, uncertain, newerThan, file } = row;
  const facts = { visibleFrom, visibleBefore, sequencer, effectiveFrom, observedAt, removedAfter, removedBefore };
  const read = { readAt, tags, readers: acl && readersOf(acl), newerThan, uncertain, isStored: file && true };
  return `${kind} ${versionId.replace(/_+$/, '')} ${String(lastModified)} ${JSON.stringify({ ...facts, ...read, etag: etag?.slice(-8), source })}`;
}
