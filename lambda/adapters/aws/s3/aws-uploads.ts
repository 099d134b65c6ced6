import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  type StorageClass,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { inHeaders } from '../../../core/objects/request-headers';
import {
  type CompleteUploadOptions,
  type CopyPartOptions,
  type CreateUploadOptions,
  isStoreError,
  type UploadedPart,
  type UploadRef,
  type Written,
} from '../../../ports/object-store';
import type { AwsLaterWrites } from './aws-later-writes';
import { nextMarker } from './wire/listing-end';
import { checksumFields, checksumOf, conditionFields, writeFields, writtenHeaders } from './wire/object-fields';
import { addHeaders, type S3Requests } from './wire/requests';
import { copySource, quoted, unquoted } from './wire/text';

/** Multipart uploads whose parts S3 copies from other objects. */
export class AwsUploads {
  constructor(
    private readonly requests: S3Requests,
    private readonly later: AwsLaterWrites,
  ) {}

  async create(options: CreateUploadOptions): Promise<UploadRef> {
    const { bucket, key, checksum } = options;
    const output = await this.requests.run(options, (client, owner) => {
      const command = new CreateMultipartUploadCommand({
        ...writeFields(inHeaders(options)),
        Bucket: bucket,
        Key: key,
        StorageClass: options.storageClass as StorageClass | undefined,
        ChecksumAlgorithm: checksum,
        ChecksumType: checksum && 'FULL_OBJECT',
        ...owner,
      });
      addHeaders(command, writtenHeaders(options));
      return client.send(command);
    });
    return { bucket, key, uploadId: output.UploadId ?? '' };
  }

  async copyPart({ source, range, partNumber, ...upload }: CopyPartOptions): Promise<UploadedPart> {
    const output = await this.requests.run(upload, (client, owner, sourceOwner) =>
      client.send(
        new UploadPartCopyCommand({
          ...uploadFields(upload),
          PartNumber: partNumber,
          CopySource: copySource(source),
          CopySourceIfMatch: source.ifMatch === undefined ? undefined : quoted(source.ifMatch),
          CopySourceRange: `bytes=${range.offset}-${range.offset + range.length - 1}`,
          ...owner,
          ...sourceOwner,
        }),
      ),
    );
    return { partNumber, etag: unquoted(output.CopyPartResult?.ETag), size: range.length };
  }

  async listParts(upload: UploadRef): Promise<readonly UploadedPart[]> {
    const parts: UploadedPart[] = [];
    let marker: string | undefined;
    do {
      const page = await this.requests.run(upload, (client, owner) =>
        client.send(new ListPartsCommand({ ...uploadFields(upload), PartNumberMarker: marker, ...owner })),
      );
      for (const { PartNumber = 0, ETag, Size = 0 } of page.Parts ?? []) {
        parts.push({ partNumber: PartNumber, etag: unquoted(ETag), size: Size });
      }
      marker = nextMarker(upload.bucket, page, page.NextPartNumberMarker);
    } while (marker !== undefined);
    return parts;
  }

  async complete(options: CompleteUploadOptions): Promise<Written> {
    const parts = options.parts.map(({ partNumber, etag }) => ({ PartNumber: partNumber, ETag: quoted(etag) }));
    const output = await this.requests.runConditional(options, (client, owner) =>
      client.send(
        new CompleteMultipartUploadCommand({
          ...uploadFields(options),
          ...conditionFields(options),
          ...checksumFields(options.checksum),
          ChecksumType: options.checksum && 'FULL_OBJECT',
          MultipartUpload: { Parts: parts },
          ...owner,
        }),
      ),
    );
    const written = { versionId: output.VersionId, etag: unquoted(output.ETag), checksum: checksumOf(output) };
    return this.later.after(options, written, options.properties);
  }

  async abort(upload: UploadRef): Promise<void> {
    try {
      await this.requests.run(upload, (client, owner) =>
        client.send(new AbortMultipartUploadCommand({ ...uploadFields(upload), ...owner })),
      );
    } catch (error) {
      if (!isStoreError(error, 'no-such-upload')) throw error;
    }
  }
}

const uploadFields = (upload: UploadRef) => ({ Bucket: upload.bucket, Key: upload.key, UploadId: upload.uploadId });
