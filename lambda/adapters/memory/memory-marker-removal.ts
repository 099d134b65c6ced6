import type { MarkerRemoval } from '../../ports/marker-removal';
import { StoreError } from '../../ports/object-store';
import type { RequestCounts } from '../../ports/runtime';
import type { MemoryS3 } from './memory-s3';
import { StoreCalls } from './store-calls';

/** Removes delete markers of a MemoryS3. */
export class MemoryMarkerRemoval implements MarkerRemoval {
  /** Counter and hooks; tests may set or clear the hooks at any time. */
  readonly calls = new StoreCalls();
  private readonly accountId: string;

  constructor(
    private readonly s3: MemoryS3,
    options: { readonly accountId?: string } = {},
  ) {
    this.accountId = options.accountId ?? s3.account;
  }

  counts(): RequestCounts {
    return this.calls.counts();
  }

  async remove(marker: { bucket: string; key: string; versionId: string }): Promise<void> {
    const { bucket, key, versionId } = marker;
    if (versionId === 'null') throw new StoreError('invalid', `${bucket}/${key}: null versions are never removed`);
    await this.calls.run('DeleteObject', marker, () => {
      if (this.s3.bucket(bucket).account !== this.accountId)
        throw new StoreError('access-denied', `${bucket} has another owner`);
      this.s3.deleteVersion(bucket, key, versionId);
    });
  }
}
