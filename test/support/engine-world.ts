import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeletePublicAccessBlockCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
  type StorageClass,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { randomBytes } from 'node:crypto';
import { AwsBucketAdmin } from '../../lambda/adapters/aws/s3/aws-bucket-admin';
import { AwsMarkerRemoval } from '../../lambda/adapters/aws/s3/aws-marker-removal';
import { AwsObjectStore } from '../../lambda/adapters/aws/s3/aws-object-store';
import { clientConfig, localAccount } from '../../local/service/aws-env';
import type { Engine } from '../../local/service/engine';
import { engineBucketSettings } from './engine-bucket-settings';
import type { ClientPutOptions, S3World } from './s3-world';

const KEY_BYTES = 32;

export function engineWorld(engine: Engine): S3World {
  const config = { ...clientConfig(engine), forcePathStyle: true };
  const client = new S3Client(config);
  const opened: { destroy(): void }[] = [client];
  const open = <T extends { destroy(): void }>(thing: T): T => {
    opened.push(thing);
    return thing;
  };
  const putVersioning = async (bucket: string, status: 'Enabled' | 'Suspended'): Promise<void> => {
    const VersioningConfiguration = { Status: status };
    await client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
  };
  return {
    accountId: localAccount,
    store: ({ accountId = localAccount } = {}) => open(new AwsObjectStore({ accountId, client: config })),
    markers: ({ accountId = localAccount } = {}) => open(new AwsMarkerRemoval({ accountId, client: config })),
    admin: ({ accountId = localAccount } = {}) => open(new AwsBucketAdmin({ accountId, client: config })),
    newBucket: async ({ versioning = 'Enabled', ownership = 'BucketOwnerEnforced' } = {}) => {
      const bucket = `contract-${randomBytes(6).toString('hex')}`;
      await client.send(new CreateBucketCommand({ Bucket: bucket, ObjectOwnership: ownership }));
      // New buckets refuse grants to everybody unless told otherwise.
      if (ownership !== 'BucketOwnerEnforced')
        await client.send(new DeletePublicAccessBlockCommand({ Bucket: bucket }));
      if (versioning !== 'Disabled') await putVersioning(bucket, versioning);
      return bucket;
    },
    setVersioning: putVersioning,
    put: async (bucket, key, body, options = {}) => {
      const output = await client.send(
        new PutObjectCommand({ Bucket: bucket, Key: key, Body: Buffer.from(body), ...putFields(options) }),
      );
      return output.VersionId ?? 'null';
    },
    putInParts: async (bucket, key, parts, checksum) => {
      const target = { Bucket: bucket, Key: key };
      const { UploadId } = await client.send(
        new CreateMultipartUploadCommand({ ...target, ChecksumAlgorithm: checksum }),
      );
      const Parts: CompletedPart[] = [];
      for (const [index, Body] of parts.entries()) {
        const part = { ...target, UploadId, PartNumber: index + 1, Body, ChecksumAlgorithm: checksum };
        Parts.push({ ...(await client.send(new UploadPartCommand(part))), PartNumber: index + 1 });
      }
      const output = await client.send(
        new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }),
      );
      return output.VersionId ?? 'null';
    },
    delete: async (bucket, key) => {
      const output = await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
      return output.VersionId ?? 'null';
    },
    deleteVersion: async (bucket, key, versionId) => {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }));
    },
    setTags: async (bucket, key, tags, versionId) => {
      const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
      const target = { Bucket: bucket, Key: key, VersionId: versionId };
      await client.send(new PutObjectTaggingCommand({ ...target, Tagging: { TagSet } }));
    },
    ...engineBucketSettings(client),
    now: () => Math.floor(Date.now() / 1000),
    close: () => {
      for (const thing of opened) thing.destroy();
      return Promise.resolve();
    },
  };
}

function putFields({ headers = {}, userMetadata, tags, storageClass, sseC, checksum }: ClientPutOptions) {
  return {
    CacheControl: headers['cache-control'],
    ContentDisposition: headers['content-disposition'],
    ContentEncoding: headers['content-encoding'],
    ContentLanguage: headers['content-language'],
    ContentType: headers['content-type'],
    Metadata: userMetadata,
    Tagging: tags && new URLSearchParams({ ...tags }).toString(),
    ChecksumAlgorithm: checksum,
    StorageClass: storageClass as StorageClass | undefined,
    ...(sseC && { SSECustomerAlgorithm: 'AES256', SSECustomerKey: 'k'.repeat(KEY_BYTES) }),
  };
}
