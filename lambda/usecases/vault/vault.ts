import { BackupError, ErrorName } from '../../contract/errors';
import {
  fileTableKey,
  indexPageKey,
  manifestKey,
  segmentKey,
  timelinePrefix,
  VAULT_FORMAT_KEY,
} from '../../contract/layout';
import { decodeFileTable } from '../../core/history/files/file-table';
import { readSegmentColumns } from '../../core/history/files/segment-reader';
import type { EncodedSegment } from '../../core/history/files/segment-writer';
import { decodeManifest, encodeManifest, Manifest } from '../../core/history/manifest';
import type { RowColumns } from '../../core/history/row-columns';
import {
  decodePage,
  encodePage,
  type HistoryPart,
  type PageRef,
  type SegmentRef,
} from '../../core/history/segment-index';
import type { KeyRange } from '../../core/keys/order';
import { sha256Hex } from '../../core/values/hash';
import {
  isStoreError,
  ObjectBody,
  ObjectHead,
  ObjectRef,
  ObjectStore,
  StoreErrorCode,
  Written,
} from '../../ports/object-store';
import { findObject } from '../work/find-object';

/** A file of the vault as rows and manifests refer to it. */
type RecordedFile = { readonly name: string; readonly versionId?: string };

const FORMAT = 1;
const PAGES_KEPT = 2;

/** Reads and writes the vault bucket as docs/reference/format.md describes it. Nothing that exists is ever written over. */
export class Vault {
  /** The last pages that were read. They never change, and a job looks into the same one again and again. */
  private readonly pages = new Map<string, Promise<HistoryPart>>();
  constructor(
    readonly store: ObjectStore,
    readonly bucket: string,
  ) {}

  /** The same vault, reached through another store. */
  withStore(store: ObjectStore): Vault {
    return new Vault(store, this.bucket);
  }

  /** Creates `vault.json` once, and refuses a vault that a newer release has written. */
  async ensureFormat(): Promise<void> {
    if (!(await this.checkFormat()))
      await this.create(VAULT_FORMAT_KEY, Buffer.from(`${JSON.stringify({ format: FORMAT })}\n`, 'utf8'));
  }

  /** S3's time, told by the vault. */
  async now(): Promise<number> {
    await this.ensureFormat();
    return (await this.store.head({ bucket: this.bucket, key: VAULT_FORMAT_KEY })).date;
  }

  /** Whether there is a `vault.json`; throws when it is not one that this release can read. */
  async checkFormat(): Promise<boolean> {
    const found = await this.find(VAULT_FORMAT_KEY);
    if (!found) return false;
    const format = formatOf(found);
    if (format === FORMAT) return true;
    if (format !== undefined && format > FORMAT)
      throw new BackupError(
        ErrorName.vaultFormatTooNew,
        `vault ${this.bucket} has format ${String(format)}, but this release reads formats up to ${String(FORMAT)}: update cdk-s3-backup`,
      );
    throw damaged(
      `${VAULT_FORMAT_KEY} of vault ${this.bucket} is not readable: restore an earlier version of that object`,
    );
  }

  /** The newest commit of a bucket. `hint` is a commit that must exist: the listing starts there. */
  async newestSeq(bucket: string, hint = 0): Promise<number | undefined> {
    const prefix = timelinePrefix(bucket);
    let startAfter = hint > 1 ? manifestKey(bucket, hint - 1) : undefined;
    let newest: string | undefined;
    for (;;) {
      const page = await this.store.listObjects({ bucket: this.bucket, prefix, startAfter });
      newest = page.entries.at(-1)?.key ?? newest;
      if (page.next === undefined) break;
      startAfter = page.next;
    }
    const seq = newest === undefined ? undefined : Number(newest.slice(prefix.length).replace('.json', ''));
    if (hint > (seq ?? 0))
      throw damaged(
        `commit ${String(hint)} of bucket "${bucket}" is in the catalog, but not in the vault: undelete ${manifestKey(bucket, hint)} in the vault bucket`,
      );
    return seq;
  }

  async readManifest(bucket: string, seq: number): Promise<{ manifest: Manifest; sha256: string } | undefined> {
    const key = manifestKey(bucket, seq);
    const bytes = await this.find(key);
    return bytes && { manifest: decodeManifest(bytes, key), sha256: sha256Hex(bytes) };
  }

  /** A manifest that must exist: the base of a job. */
  async readBase(bucket: string, base: { seq: number; sha256: string } | undefined): Promise<Manifest | undefined> {
    if (!base) return undefined;
    const found = await this.readManifest(bucket, base.seq);
    if (found?.sha256 === base.sha256) return found.manifest;
    throw new BackupError(
      ErrorName.vaultDamaged,
      `manifest ${manifestKey(bucket, base.seq)} is ${found ? 'not the one that the job began with' : 'missing'}: restore that version of it in the vault bucket`,
    );
  }

  /** The commit: succeeds for one writer only. `existing` is the manifest that was there before; the hash is of the one that is there now. */
  async commit(manifest: Manifest): Promise<{ sha256: string; existing?: Manifest }> {
    const key = manifestKey(manifest.bucket, manifest.seq);
    const body = encodeManifest(manifest);
    try {
      await this.store.put({ bucket: this.bucket, key, body, ifAbsent: true });
      return { sha256: sha256Hex(body) };
    } catch (error) {
      if (!isStoreError(error, 'precondition-failed')) throw error;
      const found = await this.readManifest(manifest.bucket, manifest.seq);
      if (!found) throw error;
      return { sha256: found.sha256, existing: found.manifest };
    }
  }

  /** Stores a page of the index. It is durable before the manifest that names it. */
  async writePage(bucket: string, jobId: string, from: string, part: HistoryPart): Promise<PageRef> {
    const body = encodePage(part);
    const sha256 = sha256Hex(body);
    const name = indexPageKey(bucket, jobId, sha256);
    const { versionId } = await this.create(name, body);
    return { from, name, versionId, sha256 };
  }

  /** A page of the index, checked by its SHA-256. Memory is that of the last two. */
  indexPage(page: PageRef): Promise<HistoryPart> {
    const known = this.pages.get(page.sha256);
    if (known) return known;
    const read = this.readPage(page);
    this.pages.set(page.sha256, read);
    for (const old of [...this.pages.keys()].slice(0, -PAGES_KEPT)) this.pages.delete(old);
    read.catch(() => this.pages.delete(page.sha256));
    return read;
  }

  private async readPage({ name, versionId, sha256 }: PageRef): Promise<HistoryPart> {
    return decodePage(await this.readHashed('index page', { name, versionId }, sha256), name);
  }

  /** Stores a segment and its file table; the file table is durable before the segment that needs it. */
  async writeSegment(bucket: string, jobId: string, commit: number, segment: EncodedSegment): Promise<SegmentRef> {
    const name = segmentKey(bucket, jobId, segment.sha256);
    const filesName = fileTableKey(name);
    const files = await this.create(filesName, segment.files);
    const written = await this.create(name, segment.bytes);
    return {
      name,
      versionId: written.versionId,
      sha256: segment.sha256,
      bytes: segment.bytes.byteLength,
      filesName,
      filesVersionId: files.versionId,
      filesSha256: sha256Hex(segment.files),
      rows: segment.rows,
      minKey: segment.minKey,
      maxKey: segment.maxKey,
      commit,
    };
  }

  /** Rows of a segment within a range, in key order, as columns of a row group each. Every byte is checked by its SHA-256. */
  async *segmentColumns(
    segment: SegmentRef,
    options: {
      range: KeyRange;
      columns?: readonly string[];
      first?: readonly string[];
      withFiles: boolean;
      skipTo?: () => string;
    },
  ): AsyncGenerator<RowColumns> {
    const files = options.withFiles ? await this.fileTable(segment) : undefined;
    const bytes = await this.readRecorded(segment.name, segment.versionId);
    const { range, columns, first, skipTo } = options;
    const { name, sha256 } = segment;
    yield* readSegmentColumns(bytes, { range, columns, first, files, skipTo, name, sha256 });
  }

  private async fileTable(segment: SegmentRef): Promise<ReturnType<typeof decodeFileTable>> {
    const { filesName: name, filesVersionId: versionId, filesSha256 } = segment;
    return decodeFileTable(await this.readHashed('file table', { name, versionId }, filesSha256), name);
  }

  private async readHashed(what: string, { name, versionId }: RecordedFile, sha256: string): Promise<Uint8Array> {
    const bytes = await this.readRecorded(name, versionId);
    if (sha256Hex(bytes) === sha256) return bytes;
    throw damaged(
      `${what} ${name} does not match its recorded SHA-256: restore an earlier version of that vault object`,
    );
  }

  /** A file by the version that was recorded, else the current one of that name: its hash tells whether it is right. */
  async readRecorded(key: string, versionId: string | undefined): Promise<Uint8Array> {
    try {
      return (await this.store.get({ bucket: this.bucket, key, versionId })).body;
    } catch (error) {
      if (!isStoreError(error, 'not-found', 'delete-marker')) throw error;
      const current = versionId === undefined ? undefined : await this.find(key);
      if (current) return current;
      throw new BackupError(
        ErrorName.vaultDamaged,
        `${key} is missing from vault ${this.bucket}: undelete that object`,
        { cause: error },
      );
    }
  }

  /** What S3 says of a file, by the recorded version or else the current one; undefined when it is not there. */
  head(file: RecordedFile): Promise<ObjectHead | undefined> {
    return this.recordedOrCurrent(file, (ref) => this.store.head(ref), 'not-found', 'delete-marker');
  }

  /** Part of a file, by the recorded version or else the current one; undefined when it is not there or too short. */
  async readPart(
    file: RecordedFile,
    range: { readonly offset: number; readonly length: number },
  ): Promise<Uint8Array | undefined> {
    const read = (ref: ObjectRef): Promise<ObjectBody> => this.store.get({ ...ref, range });
    return (await this.recordedOrCurrent(file, read, 'not-found', 'delete-marker', 'invalid'))?.body;
  }

  /** What a read answers of the recorded version, else of the current one; undefined when both fail with these codes. */
  private async recordedOrCurrent<T>(
    { name, versionId }: RecordedFile,
    read: (ref: ObjectRef) => Promise<T>,
    ...missing: StoreErrorCode[]
  ): Promise<T | undefined> {
    for (const version of versionId === undefined ? [undefined] : [versionId, undefined]) {
      try {
        return await read({ bucket: this.bucket, key: name, versionId: version });
      } catch (error) {
        if (!isStoreError(error, ...missing)) throw error;
      }
    }
    return undefined;
  }

  /**
   * Puts a file whose name carries its job and content. One that is there already is from another attempt of the same job:
   * success, if its length is right.
   */
  async create(key: string, body: Uint8Array): Promise<Pick<Written, 'versionId'>> {
    try {
      return await this.store.put({ bucket: this.bucket, key, body, ifAbsent: true });
    } catch (error) {
      if (!isStoreError(error, 'precondition-failed')) throw error;
      const head = await this.store.head({ bucket: this.bucket, key });
      if (head.size !== body.byteLength && key !== VAULT_FORMAT_KEY)
        throw new BackupError(
          ErrorName.vaultDamaged,
          `${key} exists with ${String(head.size)} bytes, expected ${String(body.byteLength)}`,
          {
            cause: error,
          },
        );
      return { versionId: head.versionId };
    }
  }

  private async find(key: string): Promise<Uint8Array | undefined> {
    return (await findObject(this.store, { bucket: this.bucket, key }))?.body;
  }
}

const damaged = (message: string): BackupError => new BackupError(ErrorName.vaultDamaged, message);

/** The format number of `vault.json`, if it has one. */
function formatOf(bytes: Uint8Array): number | undefined {
  try {
    const value = JSON.parse(Buffer.from(bytes).toString('utf8')) as { format?: unknown } | null;
    return typeof value?.format === 'number' ? value.format : undefined;
  } catch {
    return undefined;
  }
}
