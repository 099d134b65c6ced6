import { type CreateUploadOptions, StoreError, type UploadRef } from '../../ports/object-store';
import type { VersionFields } from './memory-version';

interface Part {
  readonly etag: string;
  readonly body: Uint8Array;
}

/** A multipart upload under way. The object is as old as the upload: its place among the versions is taken here. */
export interface MemoryUpload {
  readonly options: CreateUploadOptions;
  readonly stamp: Pick<VersionFields, 'versionId' | 'lastModified' | 'sequence'>;
  readonly parts: Map<number, Part>;
  /** How often the key had been written or deleted when the upload began. */
  readonly began: number;
}

/** Multipart uploads that are neither completed nor aborted. */
export class MemoryUploads {
  private readonly open = new Map<string, MemoryUpload>();
  private created = 0;

  create(options: CreateUploadOptions, stamp: MemoryUpload['stamp'], began: number): UploadRef {
    const uploadId = `upload-${String(++this.created)}`;
    this.open.set(uploadId, { options, stamp, parts: new Map(), began });
    return { bucket: options.bucket, key: options.key, uploadId };
  }

  find(ref: UploadRef): MemoryUpload {
    const upload = this.open.get(ref.uploadId);
    if (upload?.options.bucket !== ref.bucket || upload.options.key !== ref.key) {
      throw new StoreError('no-such-upload', `no such upload: ${ref.uploadId} of ${ref.bucket}/${ref.key}`);
    }
    return upload;
  }

  close(ref: UploadRef): void {
    this.open.delete(ref.uploadId);
  }

  /** IDs of the uploads that somebody still has to complete or abort. */
  ids(): string[] {
    return [...this.open.keys()];
  }
}
