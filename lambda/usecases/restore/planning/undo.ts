import { BackupError, ErrorName } from '../../../contract/errors';
import { isArchived } from '../../../core/history/row';
import { compareKeys } from '../../../core/keys/order';
import { checksumText, isComposite } from '../../../core/objects/checksums';
import { encodeAcl, encodeHeaders, encodeMetadata, encodeTags } from '../../../core/objects/canonical';
import { planAcl, PlannedKey, RestoreAction, RestoreSkip } from '../../../core/restore/actions';
import type { PlanUnit, RestoreJob } from '../../../core/restore/job';
import type { CopyOp } from '../../../core/restore/outcome';
import { beyondUndo } from '../../../core/restore/rollback';
import { hiddenOf, isWanted } from '../../../core/restore/uncover';
import { isStoreError, ListedVersion, ObjectHead, ObjectRef } from '../../../ports/object-store';
import type { RestorePorts } from '../../context';
import { versionsOfKey } from '../../versions/key-versions';
import { EarlierWrites } from '../existing/earlier-writes';
import { CopyProof, isComparable } from '../existing/proof';
import { findUndoFiles, findUndoIndex, readActions, readWritten } from '../existing/undo-files';

/** Enough to see what a rollback and its repeated attempts wrote on top of what was there. */
const NEWEST = 10;

type Before = NonNullable<RestoreAction['before']>;

/** Decides, for each key that a rollback was to change, what puts back what was current before. */
export class UndoPlanner {
  private readonly earlier: EarlierWrites;
  private readonly proof: CopyProof;

  private constructor(
    private readonly ports: RestorePorts,
    private readonly job: RestoreJob,
    private readonly files: readonly string[],
    private readonly written: ReadonlyMap<string, readonly string[]>,
    rollback: Pick<RestoreJob, 'startedAt'>,
  ) {
    this.proof = new CopyProof(ports.destination, job.destination.bucket, ports.settings.copyPartSize);
    this.earlier = new EarlierWrites(ports.destination, { ...job, ...rollback }, this.proof);
  }

  static async of(ports: RestorePorts, job: RestoreJob, unit: PlanUnit): Promise<UndoPlanner> {
    const { scratch } = ports;
    const jobId = job.undo ?? '';
    const startedAt = (await findUndoIndex(scratch, job.sourceBucket, jobId))?.startedAt ?? job.startedAt;
    const written = await readWritten(scratch, job.sourceBucket, jobId, unit.id);
    const files = unit.files ?? (await findUndoFiles(scratch, job.sourceBucket, jobId, unit.id));
    if (files.length === 0 && written.size > 0)
      throw new BackupError(
        ErrorName.workFilesExpired,
        `undo: the actions of job "${jobId}" in unit ${unit.id} have expired, although it wrote there: restore the bucket to an instant before that job instead`,
      );
    return new UndoPlanner(ports, job, files, written, { startedAt });
  }

  /** What the rollback was to do, in key order, so many keys at once. */
  async *actions(from: string, count: number): AsyncGenerator<RestoreAction[]> {
    for (const file of this.files) {
      const actions = await readActions(this.ports.scratch, file);
      const open = actions.filter(({ key }) => compareKeys(key, from) >= 0);
      for (let at = 0; at < open.length; at += count) yield open.slice(at, at + count);
    }
  }

  async plan(action: RestoreAction): Promise<PlannedKey> {
    const { key, before } = action;
    const versions = await versionsOfKey(this.ports.destination, { bucket: this.job.destination.bucket, key }, NEWEST);
    const current = versions[0];
    if (isBefore(before, current)) return skip('unchanged');
    if (!current || !(await this.isOurs(action, current)))
      return skip((await this.isBack(key, before, current)) ? 'unchanged' : 'precondition-failed');
    const replaces = current.isMarker ? undefined : current.etag;
    const notUndoable = beyondUndo(current, []);
    const onTop = (ops: RestoreAction['ops']): RestoreAction => ({
      key,
      destination: key,
      ops,
      replaces,
      before: { versionId: current.versionId, etag: replaces },
    });
    if (before?.etag === undefined) {
      const ops = [{ kind: 'marker', versionId: before?.versionId ?? '' }] as const;
      return { action: onTop(ops), skipped: [], conflict: false, notUndoable };
    }
    const found = await this.copyOf(key, before);
    if ('gone' in found) return skip(found.gone);
    const skipped = found.reasons.map((reason) => ({ reason, versionId: before.versionId }));
    return { action: onTop([found.op]), skipped, conflict: false, needsThaw: found.needsThaw, notUndoable };
  }

  /** Whether the object that was current before is current again, though this job did not write it. */
  private async isBack(key: string, before: Before | undefined, current: ListedVersion | undefined): Promise<boolean> {
    return before?.etag !== undefined && current?.isMarker === false && (await this.isSame(key, before, current));
  }

  /** Whether what is current is what the rollback wrote. One that died could not say so: then it is recognised. */
  private async isOurs(action: RestoreAction, current: ListedVersion): Promise<boolean> {
    if (this.written.get(action.key)?.includes(current.versionId) === true) return true;
    const hidden = hiddenOf(action);
    if (hidden && isWanted(hidden, current)) return true;
    return (await this.earlier.above(action, [null]))?.size === 1;
  }

  /** A version of the bucket, with all that it has, as something to write on top. */
  private async copyOf(key: string, before: Before): Promise<KeptVersion> {
    const { versionId, etag } = before;
    const ref = { bucket: this.job.destination.bucket, key, versionId };
    try {
      const head = await this.ports.destination.head({ ...ref, ifMatch: etag });
      if (head.missingMetadata > 0) return { gone: 'unreadable' };
      const { storageClass } = this.job;
      const { tags, acl, reasons } = await this.tagsAndAcl(ref, head);
      const op: CopyOp = {
        kind: 'copy',
        versionId,
        size: head.size,
        ...this.checksumsOf(head),
        inBucket: { key, versionId, etag },
        headers: encodeHeaders(head.headers),
        userMetadata: encodeMetadata(head.userMetadata),
        tags,
        acl,
        storageClass: storageClass === 'ORIGINAL' ? head.storageClass : storageClass,
      };
      return { op, reasons, needsThaw: isArchived(head) };
    } catch (error) {
      if (isStoreError(error, 'not-found', 'delete-marker', 'precondition-failed')) return { gone: 'version-gone' };
      if (isStoreError(error, 'sse-c', 'access-denied')) return { gone: error.code as 'sse-c' | 'access-denied' };
      throw error;
    }
  }

  /** Only what is to be restored is asked for. */
  private async tagsAndAcl(ref: ObjectRef, { tagCount }: ObjectHead) {
    const { job, ports } = this;
    const { destination } = ports;
    const tags = tagCount > 0 && job.restoreTags ? await destination.getTags(ref) : {};
    const readsAcl = job.destination.aclsEnabled && job.restoreAcls;
    const acl = readsAcl ? encodeAcl(await destination.getAcl(ref)) : undefined;
    return { tags: job.restoreTags ? encodeTags(tags) : undefined, ...planAcl(acl, job) };
  }

  /** One that the copy cannot have, and that is of the full object, would be looked for in vain. */
  private checksumsOf({ checksum, size }: ObjectHead): Pick<CopyOp, 'file' | 'checksum'> {
    if (!checksum) return { file: { name: '', checksum: '' } };
    const isKept = isComparable(checksum, size, this.ports.settings.copyPartSize);
    const text = checksumText(checksum);
    return {
      file: { name: '', checksum: isKept ? text : '' },
      checksum: isKept || isComposite(checksum) ? text : undefined,
    };
  }

  /** Whether somebody put the version back already, an earlier undo for instance. */
  private async isSame(key: string, before: Before, current: ListedVersion): Promise<boolean> {
    const [a, b] = [await this.copyOf(key, before), await this.copyOf(key, current)];
    if ('gone' in a || 'gone' in b) return false;
    const fields = ['headers', 'userMetadata', 'tags', 'acl'] as const;
    if (!fields.every((field) => a.op[field] === b.op[field])) return false;
    return before.etag === current.etag || this.proof.isSame(a.op, b.op);
  }
}

/** What an undo brings back, and what of it no header can say. */
type KeptVersion =
  | { readonly op: CopyOp; readonly reasons: readonly RestoreSkip[]; readonly needsThaw: boolean }
  | { readonly gone: 'version-gone' | 'sse-c' | 'access-denied' | 'unreadable' };

const skip = (reason: RestoreSkip): PlannedKey => ({ skipped: [{ reason }], conflict: false });

/** Whether the key is as it was before the rollback: the same version is current, or there is no object as there was none. */
function isBefore(before: Before | undefined, current: ListedVersion | undefined): boolean {
  const isSame = current?.versionId === before?.versionId && current?.etag === before?.etag;
  return isSame || (before?.etag === undefined && (!current || current.isMarker));
}
