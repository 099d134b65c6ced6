import type { Row } from '../history/row';
import type { KeyView, VersionView } from '../history/view';
import { keyBytes, MAX_KEY_BYTES } from '../keys/order';
import { encodeAcl, decodeAcl, extraGrants } from '../objects/canonical';
import type { Grant } from '../objects/properties';
import type { RestoreJob } from './job';

/** One write to the destination. What a body needs is in it: the worker that carries it out reads no history. */
export type RestoreOp =
  | (RestoreBody & { readonly kind: 'put'; readonly offset: number; readonly length: number; readonly sha256: string })
  | (RestoreBody & { readonly kind: 'copy' })
  | { readonly kind: 'marker'; readonly versionId: string };

interface RestoreBody {
  readonly versionId: string;
  readonly size: number;
  readonly file: { readonly name: string; readonly versionId?: string; readonly checksum: string };
  /** The destination itself has the version still: it is copied there, and from the vault only where that fails. */
  readonly inBucket?: { readonly key: string; readonly versionId: string; readonly etag?: string };
  /** Delete markers that are all that hides it there, newest first: without them it is current again, and nothing has to be written. */
  readonly markers?: readonly string[];
  /** The checksum that S3 kept with the original (`<algorithm>:<value>`). */
  readonly checksum?: string;
  readonly headers?: string;
  readonly userMetadata?: string;
  readonly tags?: string;
  readonly acl?: string;
  readonly storageClass?: string;
}

/** What happens to one key: its writes, oldest version first. */
export interface RestoreAction {
  readonly key: string;
  readonly destination: string;
  readonly ops: readonly RestoreOp[];
  /** ETag of the object that the plan found there and may replace; absent when there was none. */
  readonly replaces?: string;
  /** Of a rollback or an undo: the version or delete marker that was current; absent when there was none. */
  readonly before?: { readonly versionId: string; readonly etag?: string };
}

export type RestoreSkip =
  /** An item of the request that names nothing in the recovery point. */
  | 'not-found'
  | 'exists'
  | 'marker'
  | 'key-too-long'
  /** The backup could not store the version (its report says why). */
  | 'not-stored'
  | 'acls-disabled'
  /** A grant to everyone, which the new bucket's blocked public access refuses. */
  | 'acls-blocked'
  /** What grant headers cannot say: WRITE, and that nobody has anything, not even the owner. */
  | 'acls-incomplete'
  | 'precondition-failed'
  /** A rollback found the key as it was at the instant; an undo, as it was before the rollback. */
  | 'unchanged'
  /** A rollback found an object of before the instant that the backup has not seen: it stays. */
  | 'unknown'
  /** S3 has copied the version within the bucket, and keeps no checksum of it that could be compared. It is there. */
  | 'not-compared'
  /** An undo cannot read the version that it would bring back. */
  | 'sse-c'
  | 'access-denied'
  /** It has metadata that HTTP cannot carry: a copy would lose them. */
  | 'unreadable'
  /** The bucket has lost the version that an undo would bring back. */
  | 'version-gone';

/** Skips that leave the destination as the request wanted it: a job with others is PARTIAL. */
export const EXPECTED_SKIPS: ReadonlySet<string> = new Set<RestoreSkip>([
  'exists',
  'marker',
  'unchanged',
  'not-compared',
]);

export interface PlannedKey {
  readonly action?: RestoreAction;
  /** Reasons, one for each thing that is left out. */
  readonly skipped: readonly { readonly reason: RestoreSkip; readonly versionId?: string }[];
  /** The key exists and the request says `fail`. */
  readonly conflict: boolean;
  /** Of a rollback or an undo: why an undo cannot copy what is current now back on top, unless somebody does something about it. */
  readonly notUndoable?: UndoLimit;
  /** Of an undo: S3 copies the version that it brings back only if that is thawed. */
  readonly needsThaw?: boolean;
}

export const UNDO_LIMITS = ['archived', 'sse-c', 'unreadable', 'access-denied'] as const;
export type UndoLimit = (typeof UNDO_LIMITS)[number];

/** Decides what a restore does about one key, given the ETag of the object that the destination has. */
export function planKey(view: KeyView, existing: string | undefined, job: RestoreJob): PlannedKey {
  const destination = job.destinationPrefix + view.key;
  const chosen = choose(view.versions, job.versions);
  const skip = (reason: RestoreSkip): PlannedKey => ({ skipped: [{ reason }], conflict: false });
  if (!chosen.some((version) => version.row.kind === 'put')) return skip('marker');
  if (keyBytes(destination) > MAX_KEY_BYTES) return skip('key-too-long');
  if (existing !== undefined && job.onExisting === 'skip') return skip('exists');
  // Without its newest body a key would show an older one as current, unless a marker hides it: better none, and saying so.
  const bodies = chosen.filter((version) => version.row.kind === 'put');
  const isHidden = chosen.at(-1)?.row.kind === 'marker';
  if (!(isHidden ? bodies.some(({ row }) => row.file) : bodies.at(-1)?.row.file)) return skip('not-stored');
  const skipped: { reason: RestoreSkip; versionId?: string }[] = [];
  const ops = chosen.flatMap((version): RestoreOp[] => {
    const { row } = version;
    if (row.kind === 'marker') return [{ kind: 'marker', versionId: row.versionId }];
    if (!row.file) skipped.push({ reason: 'not-stored', versionId: row.versionId });
    const { op, reasons } = planVersion(version, job);
    skipped.push(...reasons.map((reason) => ({ reason, versionId: row.versionId })));
    return op ? [op] : [];
  });
  const action = { key: view.key, destination, ops, replaces: existing };
  return { action, skipped, conflict: existing !== undefined && job.onExisting === 'fail' };
}

/** The newest n bodies, oldest first, with the delete markers between and after them. */
function choose(versions: readonly VersionView[], count: number | 'all'): VersionView[] {
  if (count === 1) return versions.slice(0, 1);
  const chosen: VersionView[] = [];
  let bodies = 0;
  for (const version of versions) {
    if (version.row.kind === 'put' && ++bodies > (count === 'all' ? Infinity : count)) break;
    chosen.push(version);
  }
  const oldestBody = chosen.findLastIndex((version) => version.row.kind === 'put');
  return chosen.slice(0, oldestBody + 1).reverse();
}

/** The write of one version with a body, and what of it is left out; no write when the vault has no body. */
export function planVersion(
  version: VersionView,
  job: RestoreJob,
): { readonly op?: PutOrCopy; readonly reasons: readonly RestoreSkip[] } {
  const { row } = version;
  if (!row.file) return { reasons: [] };
  const { acl, reasons } = planAcl(version.acl, job);
  return { op: toOp(row, row.file, version, acl, job), reasons };
}

type PutOrCopy = Exclude<RestoreOp, { kind: 'marker' }>;

function toOp(
  row: Row,
  file: NonNullable<Row['file']>,
  version: VersionView,
  acl: string | undefined,
  job: RestoreJob,
): PutOrCopy {
  const body: RestoreBody = {
    versionId: row.versionId,
    size: row.size ?? row.length ?? 0,
    file: { name: file.name, versionId: file.versionId, checksum: file.checksum },
    checksum: originalChecksum(row),
    headers: row.headers,
    userMetadata: row.userMetadata,
    tags: job.restoreTags ? version.tags : undefined,
    acl,
    storageClass: job.storageClass === 'ORIGINAL' ? row.storageClass : job.storageClass,
  };
  // Only bodies that a worker read have a hash of their own: they are in packs.
  if (row.sha256 === undefined) return { kind: 'copy', ...body };
  return { kind: 'put', ...body, offset: row.offset ?? 0, length: row.length ?? 0, sha256: row.sha256 };
}

const originalChecksum = ({ checksumAlgorithm, checksum }: Row): string | undefined =>
  checksumAlgorithm === undefined || checksum === undefined ? undefined : `${checksumAlgorithm}:${checksum}`;

const PUBLIC_GROUPS = new Set([
  'http://acs.amazonaws.com/groups/global/AllUsers',
  'http://acs.amazonaws.com/groups/global/AuthenticatedUsers',
]);
const isPublic = (grant: Grant): boolean => 'uri' in grant.grantee && PUBLIC_GROUPS.has(grant.grantee.uri);

/** The ACL to write, if any beyond the default, and why something of it is left out. */
export function planAcl(text: string | undefined, job: RestoreJob): { acl?: string; reasons: RestoreSkip[] } {
  if (text === undefined || !job.restoreAcls) return { reasons: [] };
  const acl = decodeAcl(text);
  if (acl.grants.length > 0 && extraGrants(acl).length === 0) return { reasons: [] };
  if (!job.destination.aclsEnabled) return { reasons: ['acls-disabled'] };
  const kept = acl.grants.filter((grant) => !isUnsayable(grant) && !(job.destination.create && isPublic(grant)));
  const reasons: RestoreSkip[] = [];
  if (acl.grants.length === 0 || acl.grants.some(isUnsayable)) reasons.push('acls-incomplete');
  if (job.destination.create && acl.grants.some(isPublic)) reasons.push('acls-blocked');
  const written = { ...acl, grants: kept };
  return { acl: extraGrants(written).length === 0 ? undefined : encodeAcl(written), reasons };
}

/** Grant headers have no name for it. */
const isUnsayable = (grant: Grant): boolean => grant.permission === 'WRITE';
