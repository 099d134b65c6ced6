import { objectKey } from '../../contract/layout';
import { arrivalByEvent } from '../../core/history/arrival';
import { isArchived, NULL_VERSION, Row, VaultFile } from '../../core/history/row';
import { refuseContradiction } from '../../core/inventory/contradictions';
import { RecordProblem } from '../../core/inventory/row';
import { encodeAcl, encodeHeaders, encodeMetadata, encodeTags } from '../../core/objects/canonical';
import { sha256Hex } from '../../core/values/hash';
import { isStoreError, ObjectHead, ObjectRef, ObjectStore, StoreError, StoreErrorCode } from '../../ports/object-store';
import { CopyIntoVault, CopyPorts } from './copy-into-vault';
import { versionsOfKey } from './key-versions';

/** What became of a version: a body to pack, a copy in the vault, a reason to skip it, or a copy still under way. */
export type Stored =
  | { readonly kind: 'body'; readonly row: Row; readonly body: Uint8Array }
  | { readonly kind: 'copied'; readonly row: Row }
  | { readonly kind: 'skipped'; readonly reason: SkipReason }
  | { readonly kind: 'unfinished'; readonly objectKey: string; readonly uploadId: string };

export type SkipReason = 'version-gone' | 'archived' | 'sse-c' | 'access-denied' | 'unreadable';

/** Errors that say something about one version, and not about the job: the version is skipped and reported. */
const SKIP_REASONS: Partial<Record<StoreErrorCode, SkipReason>> = {
  'not-found': 'version-gone',
  'delete-marker': 'version-gone',
  archived: 'archived',
  'sse-c': 'sse-c',
  'access-denied': 'access-denied',
  invalid: 'unreadable',
  'bad-digest': 'unreadable',
};

/** Whose versions are stored, and under whose names. */
export interface StoreTarget {
  readonly bucket: string;
  readonly jobId: string;
  /** Number of the commit that the vault files come with. */
  readonly seq: number;
  readonly aclsEnabled: boolean;
}
export interface StorePorts extends CopyPorts {
  readonly source: ObjectStore;
  readonly settings: CopyPorts['settings'] & { readonly packThreshold: number };
}

/**
 * Reads or copies one version with everything that belongs to it. A row of an event takes its date and size from the object; that
 * of a report must have the object's, else RecordProblem is thrown.
 */
export class VersionStore {
  private readonly copier: CopyIntoVault;
  constructor(
    private readonly ports: StorePorts,
    private readonly job: StoreTarget,
    uploads: ReadonlyMap<string, string>,
  ) {
    this.copier = new CopyIntoVault(ports, uploads);
  }

  /** `known` is what the history has of the version, without its body. */
  async store(row: Row, known?: Row): Promise<Stored> {
    try {
      // Known from the scan: no request is needed to learn that S3 will refuse.
      if (isArchived(row)) return await this.archived(row, known);
      return (row.size ?? 0) <= this.ports.settings.packThreshold ? await this.read(row) : await this.copy(row);
    } catch (error) {
      if (isStoreError(error, 'delete-marker') && row.source === 'inventory' && row.versionId !== NULL_VERSION)
        throw new RecordProblem(`reports that delete marker ${row.versionId} is an object`);
      const reason = isStoreError(error) ? SKIP_REASONS[error.code] : undefined;
      // A null version was replaced or removed between the listing and the read.
      if (isStoreError(error, 'precondition-failed')) return { kind: 'skipped', reason: 'version-gone' };
      if (reason === undefined) throw error;
      return { kind: 'skipped', reason };
    }
  }

  /** What a report says of a version is in the history for good: S3 is asked once whether it is so. */
  private async archived(row: Row, known: Row | undefined): Promise<Stored> {
    if (row.source === 'inventory' && !known) refuseContradiction(row, await this.ports.source.head(this.source(row)));
    return { kind: 'skipped', reason: 'archived' };
  }

  private async read(row: Row): Promise<Stored> {
    const object = await this.ports.source.get(this.source(row));
    refuseContradiction(row, object);
    if (await this.isReplaced(row, object)) return { kind: 'skipped', reason: 'version-gone' };
    if (object.size !== (row.size ?? object.size) || object.body.byteLength !== object.size) return otherSize(row);
    if (object.missingMetadata > 0) return { kind: 'skipped', reason: 'unreadable' };
    const described = await this.describe(row, object);
    return { kind: 'body', row: { ...described, sha256: sha256Hex(object.body) }, body: object.body };
  }

  private async copy(row: Row): Promise<Stored> {
    const source = this.source(row);
    const head = await this.ports.source.head(source);
    refuseContradiction(row, head);
    if (await this.isReplaced(row, head)) return { kind: 'skipped', reason: 'version-gone' };
    if (head.size !== (row.size ?? head.size)) return otherSize(row);
    if (head.missingMetadata > 0) return { kind: 'skipped', reason: 'unreadable' };
    const described = await this.describe(row, head);
    const name = objectKey(this.job.jobId, this.identity(row));
    const copied = await this.copier.copy(source, name, head.size, head.checksum);
    if (!copied.done) return { kind: 'unfinished', objectKey: name, uploadId: copied.uploadId };
    const file: VaultFile = { ...copied.file, commit: this.job.seq };
    return { kind: 'copied', row: { ...described, file, offset: 0, length: head.size } };
  }

  /** Null versions can be replaced in place: only the ETag tells them apart. */
  private source(row: Row): { bucket: string; key: string; versionId: string; ifMatch?: string } {
    const ref = { bucket: this.job.bucket, key: row.key, versionId: row.versionId };
    return row.versionId === NULL_VERSION ? { ...ref, ifMatch: row.etag } : ref;
  }

  /**
   * An event has no date of its own: its row takes the object's, which is not later than the event. A later null version of the same bytes is another
   * one, with an event of its own.
   */
  private async isReplaced(row: Row, head: ObjectHead): Promise<boolean> {
    if (row.source === 'event') return row.versionId === NULL_VERSION && head.lastModified > row.lastModified;
    return isReplaced(this.ports.source, this.job.bucket, row, head);
  }

  private identity(row: Row): string {
    const parts = [this.job.bucket, row.key, row.versionId, row.etag ?? '', String(row.lastModified)];
    return sha256Hex(JSON.stringify(parts));
  }

  /** Headers and metadata came with the body; tags and ACL cost a request only where there can be any. */
  private async describe(row: Row, head: ObjectHead): Promise<Row> {
    const { source } = this.ports;
    const ref = { bucket: this.job.bucket, key: row.key, versionId: row.versionId };
    const [tags, acl] = await Promise.all([
      head.tagCount > 0 ? source.readTags(ref) : undefined,
      this.job.aclsEnabled && row.acl === undefined ? source.readAcl(ref) : undefined,
    ]);
    if (tags || acl) await refuseReplaced(source, ref, head);
    return {
      ...row,
      ...(row.source === 'event' && dated(row, head)),
      ...propertiesOf(row, head),
      tags: encodeTags(tags?.value ?? {}),
      acl: this.job.aclsEnabled ? (acl ? encodeAcl(acl.value) : row.acl) : undefined,
      // What changed between the first answer and the last one may be in it.
      readAt: Math.max(head.date, tags?.date ?? 0, acl?.date ?? 0),
    };
  }
}

/** What an event could not say of a version. When it came, may be told from the event only with the date. */
const dated = ({ visibleBefore }: Row, { lastModified, size, etag }: ObjectHead): Partial<Row> => ({
  lastModified,
  size,
  ...(visibleBefore !== undefined && arrivalByEvent(visibleBefore, lastModified, etag)),
});

/** What the answer to a HEAD or GET says of a version. */
const propertiesOf = (row: Row, head: ObjectHead): Partial<Row> => ({
  etag: head.etag,
  storageClass: head.storageClass,
  checksumAlgorithm: head.checksum?.algorithm ?? row.checksumAlgorithm,
  checksum: head.checksum?.value,
  headers: encodeHeaders(head.headers),
  userMetadata: encodeMetadata(head.userMetadata),
});

/** A null version was written over. Another version never changes: what S3 answers is not it. */
const otherSize = ({ versionId }: Row): Stored => ({
  kind: 'skipped',
  reason: versionId === NULL_VERSION ? 'version-gone' : 'unreadable',
});

/**
 * A null version that was written over with the very same bytes has their ETag, but may have other headers and tags. S3's listing has the
 * last word about dates.
 */
export async function isReplaced(
  source: ObjectStore,
  bucket: string,
  { key, versionId, lastModified }: Row,
  head: ObjectHead,
): Promise<boolean> {
  if (versionId !== NULL_VERSION || head.lastModified === lastModified) return false;
  const listed = await versionsOfKey(source, { bucket, key });
  return listed.find((version) => version.versionId === versionId)?.lastModified !== lastModified;
}

/** Tags and ACL that were read of a null version are those of the body only if it is still there. */
async function refuseReplaced(
  source: ObjectStore,
  ref: Required<ObjectRef>,
  { etag, lastModified }: ObjectHead,
): Promise<void> {
  if (ref.versionId !== NULL_VERSION) return;
  const now = await source.head({ ...ref, ifMatch: etag });
  if (now.lastModified !== lastModified)
    throw new StoreError('precondition-failed', 'the null version was overwritten while it was read');
}
