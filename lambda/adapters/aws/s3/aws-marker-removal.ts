import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import type { MarkerRemoval } from '../../../ports/marker-removal';
import { isStoreError, StoreError } from '../../../ports/object-store';
import type { RequestCounts } from '../../../ports/runtime';
import type { AwsObjectStoreOptions } from './aws-object-store';
import { S3Requests } from './wire/requests';

const NULL_VERSION = 'null';

/** Removes delete markers by DeleteObject with their version ID, which is free. */
export class AwsMarkerRemoval implements MarkerRemoval {
  private readonly requests: S3Requests;

  constructor(options: AwsObjectStoreOptions = {}) {
    this.requests = new S3Requests(options);
  }

  counts(): RequestCounts {
    return this.requests.wire.counts();
  }

  /** Closes the connections. */
  destroy(): void {
    this.requests.client.destroy();
  }

  async remove(marker: { bucket: string; key: string; versionId: string }): Promise<void> {
    const { bucket, key, versionId } = marker;
    if (versionId === NULL_VERSION || versionId === '')
      throw new StoreError('invalid', `${bucket}/${key}: null versions are never removed`);
    try {
      await this.requests.run(marker, (client, owner) =>
        client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId, ...owner })),
      );
    } catch (error) {
      if (!isStoreError(error, 'not-found')) throw error;
    }
  }
}
