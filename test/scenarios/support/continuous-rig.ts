import type { Manifest } from '../../../lambda/core/history/manifest';
import type { Row } from '../../../lambda/core/history/row';
import { encodeAcl, encodeHeaders, encodeMetadata, encodeTags } from '../../../lambda/core/objects/canonical';
import { sha256Hex } from '../../../lambda/core/values/hash';
import { toIso } from '../../../lambda/core/values/instant';
import { LiveBucket } from '../../support/live-bucket';
import { manifest } from './changed-rig';
import { Rig, VAULT } from './rig';

export const at = (rig: Rig): number => Math.floor(rig.s3.now);
export const iso = (rig: Rig): string => toIso(at(rig));
let events = 0;

/** An hour goes by and upkeep is due, so many times. */
export async function hourlyUpkeeps(rig: Rig, count: number): Promise<void> {
  for (let hour = 0; hour < count; hour++) {
    rig.s3.advance(3600);
    await rig.upkeep({ bucket: 'src', deleteAfterDays: 35 });
  }
}

/** A bucket with an object of each key, which has been under continuous backup for some hours. */
export async function protectedFor(hours: number, keys: readonly string[]) {
  const rig = new Rig();
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  const ids = keys.map((key) => client.put(key, key));
  client.take();
  rig.s3.advance(100);
  await hourlyUpkeeps(rig, hours);
  return { rig, client, ids };
}

/** Backs the bucket up, and puts a commit after it that says that any second since `since` can be restored. */
export async function makeContinuous(
  rig: Rig,
  since = at(rig),
  fields: Partial<NonNullable<Manifest['continuous']>> = {},
): Promise<void> {
  const { recoveryPointId } = await rig.backup({ bucket: 'src' });
  const seq = Number(recoveryPointId.split('/')[1]);
  const found = await rig.ports.vault.readManifest('src', seq);
  await rig.ports.vault.commit({
    ...manifest(rig, seq),
    seq: seq + 1,
    previous: { seq, sha256: found?.sha256 ?? '' },
    recoveryPoint: undefined,
    changesThrough: iso(rig),
    continuous: {
      days: 35,
      since: toIso(since),
      capturedThrough: '2030-01-01T00:00:00Z',
      reconciledThrough: '2030-01-01T00:00:00Z',
      gaps: [],
      ...fields,
    },
  });
}

export const log = (rig: Rig, row: Row): Promise<void> =>
  rig.changeLog.append([{ id: `event-${String(++events)}`, bucket: 'src', row }]);

/** What capture logs of a version that is in the bucket now: its body is in the vault. */
export async function logVersion(rig: Rig, key: string, fields: Partial<Row> = {}): Promise<void> {
  const version = rig.s3.history('src', key)[0];
  if (!version) throw new Error(`nothing under ${key}`);
  const { versionId, lastModified } = version;
  if (version.isMarker) {
    await log(rig, { key, versionId, kind: 'marker', lastModified, source: 'event', ...fields });
    return;
  }
  const body = Buffer.from(version.body);
  const name = `packs/00/capture/${sha256Hex(body)}`;
  rig.s3.put(VAULT, name, body);
  const checksum = `SHA256:${Buffer.from(sha256Hex(body), 'hex').toString('base64')}`;
  await log(rig, {
    key,
    versionId,
    kind: 'put',
    lastModified,
    size: body.length,
    etag: version.etag,
    sha256: sha256Hex(body),
    headers: encodeHeaders(version.headers),
    userMetadata: encodeMetadata(version.userMetadata),
    tags: encodeTags(version.tags),
    acl: version.acl && encodeAcl(version.acl),
    file: { name, checksum, bytes: body.length, commit: 0 },
    offset: 0,
    length: body.length,
    readAt: lastModified,
    source: 'event',
    ...fields,
  });
}

/** What capture logs of tags that were changed just now. */
export async function logTags(rig: Rig, key: string, fields: Partial<Row> = {}): Promise<void> {
  const { versionId, tags, etag, lastModified } = rig.s3.find('src', key);
  // Capture asks for the date and the ETag of null versions only.
  const version = versionId === 'null' ? { versionId, etag, lastModified } : { versionId, lastModified: 0 };
  const changed = { kind: 'state', tags: encodeTags(tags), effectiveFrom: at(rig), observedAt: at(rig) } as const;
  await log(rig, { key, ...version, ...changed, ...fields });
}
