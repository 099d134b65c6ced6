import { isUploadChecksum, type WantedChecksum } from '../../core/objects/checksums';
import type { Checksum, ObjectProperties } from '../../core/objects/properties';
import {
  CompleteUploadOptions,
  isStoreError,
  ObjectStore,
  ReadOptions,
  StoreError,
  UploadedPart,
  UploadRef,
  WriteCondition,
  Written,
} from '../../ports/object-store';
import type { Deadline } from '../../ports/runtime';
import { runInOrder } from '../work/pool';

/** S3's limit of parts in one upload. */
const MAX_PARTS = 10_000;
/** One CopyObject is used up to the size of four parts: one request instead of six. */
const SINGLE_COPY_PARTS = 4;
const PART_CONCURRENCY = 8;
/** Failures of a copy that no later turn mends. After others a repeated turn goes on with the upload that it knows. */
const FINAL = [
  'precondition-failed',
  'access-denied',
  'acls-disabled',
  'unknown-grantee',
  'invalid',
  'bad-digest',
  'not-found',
  'delete-marker',
  'archived',
  'sse-c',
] as const;

export const partSizeOf = (size: number, leastPartSize: number): number =>
  Math.max(leastPartSize, Math.ceil(size / MAX_PARTS));
export const isSingleCopy = (size: number, leastPartSize: number): boolean => size <= SINGLE_COPY_PARTS * leastPartSize;

export interface ServerCopyOptions {
  readonly source: ReadOptions;
  readonly bucket: string;
  readonly key: string;
  readonly size: number;
  readonly properties: ObjectProperties;
  readonly condition: WriteCondition;
  /**
   * Checksum that S3 shall compute of the copy. A copy by parts has CRC64NVME in the place of one that no upload can have; where the value is
   * known, S3 completes no other object.
   */
  readonly checksum: WantedChecksum;
  /** Upload that an earlier turn began for this very copy. */
  readonly begun?: string;
}
export type ServerCopied =
  { readonly done: true; readonly written: Written } | { readonly done: false; readonly uploadId: string };

/**
 * Copies an object on the server side: by one CopyObject up to 1 GiB, by parts above, so that no single operation takes over a
 * minute. A copy by parts stops at the deadline and goes on in a later turn, under its upload ID.
 */
export class ServerCopy {
  constructor(
    private readonly store: ObjectStore,
    private readonly leastPartSize: number,
    private readonly deadline: Deadline,
  ) {}

  async copy(options: ServerCopyOptions): Promise<ServerCopied> {
    const { source, bucket, key, size, properties, condition, begun, checksum } = options;
    if (isSingleCopy(size, this.leastPartSize)) {
      const copy = { source, bucket, key, properties, storageClass: properties.storageClass, ...condition };
      return { done: true, written: await this.store.copy({ ...copy, checksum: checksum.algorithm }) };
    }
    const algorithm = isUploadChecksum(checksum.algorithm) ? checksum.algorithm : 'CRC64NVME';
    const proof: Checksum | undefined =
      checksum.value !== undefined && algorithm === checksum.algorithm
        ? { algorithm, value: checksum.value }
        : undefined;
    const upload: UploadRef = begun
      ? { bucket, key, uploadId: begun }
      : await this.store.createUpload({ bucket, key, ...properties, checksum: algorithm });
    try {
      const parts = await this.copyParts(source, upload, size);
      if (!parts) return { done: false, uploadId: upload.uploadId };
      return {
        done: true,
        written: await this.complete({ ...upload, parts, ...condition, properties, checksum: proof }),
      };
    } catch (error) {
      // An upload that nobody goes on with would cost storage until the bucket's lifecycle ends it.
      if (!begun ? !isStoreError(error, 'no-such-upload') : isStoreError(error, ...FINAL)) await this.abort(upload);
      throw error;
    }
  }

  /** Once the key was written or deleted under an upload, S3 answers each completion with a conflict: that upload is as good as gone. */
  private async complete(options: CompleteUploadOptions): Promise<Written> {
    try {
      return await this.store.completeUpload(options);
    } catch (error) {
      if (!isStoreError(error, 'conflict')) throw error;
      const { bucket, key, uploadId } = options;
      await this.abort({ bucket, key, uploadId });
      throw new StoreError('no-such-upload', error.message, { cause: error });
    }
  }

  private async abort(upload: UploadRef): Promise<void> {
    try {
      await this.store.abortUpload(upload);
    } catch (error) {
      // Who may not abort is told why the copy failed.
      if (!isStoreError(error, 'access-denied')) throw error;
    }
  }

  /** Copies the parts that are missing; undefined when the time is over before the last one. */
  private async copyParts(
    source: ReadOptions,
    upload: UploadRef,
    size: number,
  ): Promise<readonly UploadedPart[] | undefined> {
    const partSize = partSizeOf(size, this.leastPartSize);
    const count = Math.ceil(size / partSize);
    const present = new Set((await this.store.listParts(upload)).map((part) => part.partNumber));
    const missing = Array.from({ length: count }, (_, index) => index + 1).filter((number) => !present.has(number));
    const copied = await runInOrder(
      missing,
      PART_CONCURRENCY,
      // At least one part a turn: a copy always gets on.
      (index) => index === 0 || this.deadline.remainingMillis() > 0,
      (partNumber) => {
        const offset = (partNumber - 1) * partSize;
        const range = { offset, length: Math.min(partSize, size - offset) };
        return this.store.copyPart({ ...upload, partNumber, source, range });
      },
    );
    return copied.length === missing.length ? this.store.listParts(upload) : undefined;
  }
}
