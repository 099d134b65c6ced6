import type { RequestCounter, RequestCounts } from '../../ports/runtime';

/** S3 operations that a store makes, by the names that its counter uses. */
export type S3Operation =
  | 'ListObjectVersions'
  | 'ListObjectsV2'
  | 'HeadObject'
  | 'GetObject'
  | 'GetObjectTagging'
  | 'GetObjectAcl'
  | 'PutObject'
  | 'PutObjectTagging'
  | 'PutObjectAcl'
  | 'CopyObject'
  | 'CreateMultipartUpload'
  | 'UploadPartCopy'
  | 'ListParts'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'DeleteObject';

export interface StoreCall {
  readonly operation: S3Operation;
  readonly bucket: string;
  readonly key?: string;
  readonly versionId?: string;
  /** This is the n-th call of the store, from 1. */
  readonly ordinal: number;
}
/** May throw to fail the call, or act on the model before it goes on. */
export type CallHook = (call: StoreCall) => void | Promise<void>;

/** Counts the calls of one store and lets a test step in before and after each of them. */
export class StoreCalls implements RequestCounter {
  /** An error thrown here is a request that never reached S3. */
  beforeCall: CallHook | undefined;
  /** An error thrown here is an answer that got lost: the request has had its effect. */
  afterCall: CallHook | undefined;
  private made = 0;
  private readonly byOperation = new Map<string, number>();

  counts(): RequestCounts {
    return Object.fromEntries(this.byOperation);
  }

  resetCounts(): void {
    this.byOperation.clear();
  }

  async run<T>(
    operation: S3Operation,
    ref: { readonly bucket: string; readonly key?: string; readonly versionId?: string },
    answer: () => T,
  ): Promise<T> {
    const call = { operation, bucket: ref.bucket, key: ref.key, versionId: ref.versionId, ordinal: ++this.made };
    this.byOperation.set(operation, (this.byOperation.get(operation) ?? 0) + 1);
    await this.beforeCall?.(call);
    const result = answer();
    await this.afterCall?.(call);
    return result;
  }
}
