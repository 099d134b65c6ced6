import { isArchived, isVersion, NOT_STORED, Row, versionIdentity } from '../history/row';
import type { KeyView, VersionView } from '../history/view';
import { decodeAcl, encodeTags, extraGrants } from '../objects/canonical';
import { PlannedKey, planVersion, RestoreAction, RestoreSkip, UNDO_LIMITS, UndoLimit } from './actions';
import type { RestoreJob } from './job';
import { removableMarkers, type BucketVersion } from './uncover';

/** One key: as it is to be again, as the newest history knows it, and as the bucket has it. */
export interface RollbackKey {
  readonly key: string;
  readonly then: KeyView;
  readonly now: KeyView;
  /** All that the newest history knows of it. */
  readonly known: readonly Row[];
  /** What is current in the bucket: an object or a delete marker. */
  readonly current?: BucketVersion;
  /** The version that is to be current again, if the bucket still has it. */
  readonly kept?: BucketVersion;
  /** What lies on top of that version, newest first. */
  readonly above?: readonly BucketVersion[];
}

/** Decides what brings one key back to what it was at the instant. Nothing is deleted for good but markers, where the request says so. */
export function planRollback(at: RollbackKey, job: RestoreJob): PlannedKey {
  const wanted = at.then.versions[0];
  const planned = wanted?.row.kind === 'put' ? bringBack(at, wanted, job) : hide(at, wanted, job);
  return planned.action ? { ...planned, notUndoable: beyondUndo(at.current, at.known) } : planned;
}

/** Why S3 would not copy what is current, as far as the listing and the backup know. It stays in the bucket, as a noncurrent version. */
export function beyondUndo(current: BucketVersion | undefined, known: readonly Row[]): UndoLimit | undefined {
  if (!current || current.isMarker) return undefined;
  if (isArchived(current)) return 'archived';
  const stored = known.find((row) => row.kind === 'put' && isVersionOf(current, row));
  if (!stored || stored.file) return undefined;
  // Several jobs may have had reasons of their own: what lasts comes before a refusal, which may have ended.
  const reasons = stored.uncertain?.split(',') ?? [];
  return UNDO_LIMITS.find((limit) => reasons.includes(NOT_STORED + limit));
}

const skip = (reason: RestoreSkip): PlannedKey => ({ skipped: [{ reason }], conflict: false });

/** Writes on top of what is current: an object is named by its ETag, so that a live writer wins. */
function onTopOf({ key, current }: RollbackKey, ops: RestoreAction['ops']): RestoreAction {
  const replaces = current?.isMarker === false ? current.etag : undefined;
  return { key, destination: key, ops, replaces, before: current && { versionId: current.versionId, etag: replaces } };
}

/** There was no object then. */
function hide(at: RollbackKey, wanted: VersionView | undefined, job: RestoreJob): PlannedKey {
  if (!at.current || at.current.isMarker) return skip('unchanged');
  if (isUnseen(at, job.asOf)) return skip('unknown');
  const ops = [{ kind: 'marker', versionId: wanted?.row.versionId ?? '' }] as const;
  return { action: onTopOf(at, ops), skipped: [], conflict: false };
}

function bringBack(at: RollbackKey, wanted: VersionView, job: RestoreJob): PlannedKey {
  const { key, current, kept } = at;
  if (current && isVersionOf(current, wanted.row) && hasSameProperties(wanted, at.now, job)) return skip('unchanged');
  if (isUnseen(at, job.asOf)) return skip('unknown');
  const { op, reasons } = planVersion(wanted, job);
  if (!op) return skip('not-stored');
  const inBucket = kept && { key, versionId: kept.versionId, etag: kept.etag };
  const skipped = reasons.map((reason) => ({ reason, versionId: wanted.row.versionId }));
  // An ACL that no header can say is left out by a copy only: what is counted as left out has to hold either way.
  const isSayable = reasons.every((reason) => reason === 'acls-disabled');
  const markers = inBucket && isSayable ? markersToRemove(at, wanted, job) : undefined;
  const ops = [markers ? { ...op, inBucket, markers } : { ...op, inBucket }];
  return { action: onTopOf(at, ops), skipped, conflict: false };
}

/** Delete markers that may go, where that alone makes the key what it was: tags and ACL of the version are those of then. */
function markersToRemove(at: RollbackKey, wanted: VersionView, job: RestoreJob): readonly string[] | undefined {
  if (!job.removeMarkers || !hasSameProperties(wanted, at.now, job)) return undefined;
  return removableMarkers(at.above ?? [], job.asOf);
}

/** Null versions can be replaced in place: their dates and ETags belong to what they are. */
export const isVersionOf = (listed: BucketVersion, row: Row): boolean =>
  versionIdentity(listed) === versionIdentity(row);

/** What is current is of before the instant, and the backup does not know it: it may be what was current then. */
const isUnseen = ({ known, current }: RollbackKey, asOf: number): boolean =>
  current !== undefined &&
  current.lastModified <= asOf &&
  !known.some((row) => isVersion(row) && isVersionOf(current, row));

/** Whether tags and ACL of the version are now, as far as the newest history knows, what they were. */
function hasSameProperties({ row, tags, acl }: VersionView, now: KeyView, job: RestoreJob): boolean {
  const latest = now.versions.find((version) => versionIdentity(version.row) === versionIdentity(row));
  if (!latest) return false;
  const none = encodeTags({});
  const sameTags = !job.restoreTags || (latest.tags ?? none) === (tags ?? none);
  return sameTags && (!job.restoreAcls || !job.destination.aclsEnabled || isSameAcl(latest.acl, acl));
}

/** An ACL that nobody asked for is the default one. */
const isSameAcl = (a: string | undefined, b: string | undefined): boolean => a === b || (isDefault(a) && isDefault(b));

function isDefault(text: string | undefined): boolean {
  if (text === undefined) return true;
  const acl = decodeAcl(text);
  return acl.grants.length > 0 && extraGrants(acl).length === 0;
}
