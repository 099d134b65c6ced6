import { encodeAcl, encodeHeaders, encodeMetadata, encodeTags } from '../core/canonical';
import { compareKeys } from '../core/key-order';
import type { PlanUnit, RestoreJob } from '../core/restore-job';
import type { CopyOp } from '../core/restore-outcome';
import { planAcl, PlannedKey, RestoreAction, RestoreSkip } from '../core/restore-plan';
import { isStoreError, ListedVersion, ObjectHead } from '../ports/object-store';
import { checksumText, hashByReading } from './checksums';
import { versionsOfKey } from './key-versions';
import { EarlierWrites } from './restore-earlier';
import type { RestorePorts } from './restore-plan';
import { findUndoIndex, readActions, readWritten } from './undo-files';

/** Enough to see what a rollback and its repeated attempts wrote on top of what was there. */
const NEWEST = 10;

type Before = NonNullable<RestoreAction['before']>;

/** Decides, for each key that a rollback was to change, what puts back what was current before. */
export class UndoPlanner {
  private readonly earlier: EarlierWrites;

  private constructor(
    private readonly ports: RestorePorts,
    private readonly job: RestoreJob,
    private readonly files: readonly string[],
    private readonly written: ReadonlyMap<string, readonly string[]>,
    rollback: Pick<RestoreJob, 'startedAt'>,
  ) {
    this.earlier = new EarlierWrites(ports.destination, { ...job, ...rollback });
  }

  static async of(ports: RestorePorts, job: RestoreJob, unit: PlanUnit): Promise<UndoPlanner> {
    const { scratch } = ports;
    const jobId = job.undo ?? '';
    const startedAt = (await findUndoIndex(scratch, job.sourceBucket, jobId))?.startedAt ?? job.startedAt;
    const written = await readWritten(scratch, job.sourceBucket, jobId, unit.id);
    return new UndoPlanner(ports, job, unit.files ?? [], written, { startedAt });
  }

  /** What the rollback was to do, in key order. */
  async *actions(from: string): AsyncGenerator<RestoreAction> {
    for (const file of this.files)
      for (const action of await readActions(this.ports.scratch, file))
        if (compareKeys(action.key, from) >= 0) yield action;
  }

  async plan(action: RestoreAction): Promise<PlannedKey> {
    const { key, before } = action;
    const versions = await versionsOfKey(this.ports.destination, { bucket: this.job.destination.bucket, key }, NEWEST);
    const current = versions[0];
    if (current?.versionId === before?.versionId && current?.etag === before?.etag) return skip('unchanged');
    const hadObject = before?.etag !== undefined;
    if (!hadObject && (!current || current.isMarker)) return skip('unchanged');
    if (!current || !(await this.isOurs(action, current))) {
      const isBack = hadObject && current?.isMarker === false && (await this.isSame(key, before, current));
      return skip(isBack ? 'unchanged' : 'precondition-failed');
    }
    const replaces = current.isMarker ? undefined : current.etag;
    const now = { versionId: current.versionId, etag: replaces };
    const op = hadObject
      ? await this.copyOf(key, before)
      : ({ kind: 'marker', versionId: before?.versionId ?? '' } as const);
    if (!op) return skip('version-gone');
    return { action: { key, destination: key, ops: [op], replaces, before: now }, skipped: [], conflict: false };
  }

  /** Whether what is current is what the rollback wrote. One that died could not say so: then it is recognised. */
  private async isOurs(action: RestoreAction, current: ListedVersion): Promise<boolean> {
    if (this.written.get(action.key)?.includes(current.versionId) === true) return true;
    return (await this.earlier.above(action, [null]))?.size === 1;
  }

  /** A version of the bucket, with all that it has, as something to write on top. */
  private async copyOf(key: string, before: Before): Promise<CopyOp | undefined> {
    const { versionId, etag } = before;
    const ref = { bucket: this.job.destination.bucket, key, versionId };
    try {
      const head = await this.ports.destination.head({ ...ref, ifMatch: etag });
      const checksum = head.checksum ? checksumText(head.checksum) : await this.hash(ref, head);
      const tags = head.tagCount > 0 ? encodeTags(await this.ports.destination.getTags(ref)) : encodeTags({});
      const acl = this.job.destination.aclsEnabled
        ? planAcl(encodeAcl(await this.ports.destination.getAcl(ref)), this.job).acl
        : undefined;
      return {
        kind: 'copy',
        versionId,
        size: head.size,
        file: { name: '', checksum },
        inBucket: { key, versionId, etag },
        headers: encodeHeaders(head.headers),
        userMetadata: encodeMetadata(head.userMetadata),
        tags,
        acl,
        storageClass: head.storageClass,
      };
    } catch (error) {
      if (isStoreError(error, 'not-found', 'delete-marker', 'precondition-failed')) return undefined;
      throw error;
    }
  }

  private hash(ref: { bucket: string; key: string; versionId: string }, { size }: ObjectHead): Promise<string> {
    return hashByReading(this.ports.destination, ref, size);
  }

  /** Whether an earlier undo put the version back already. */
  private async isSame(key: string, before: Before, current: ListedVersion): Promise<boolean> {
    const [a, b] = [await this.copyOf(key, before), await this.copyOf(key, current)];
    if (!a || !b || before.etag !== current.etag) return false;
    return a.headers === b.headers && a.userMetadata === b.userMetadata && a.tags === b.tags && a.acl === b.acl;
  }
}

const skip = (reason: RestoreSkip): PlannedKey => ({ skipped: [{ reason }], conflict: false });
