import { PutObjectCommand, type StorageClass } from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { CHECKSUM_ALGORITHMS } from '../../../core/objects/properties';
import { inHeaders } from '../../../core/objects/request-headers';
import type { PutOptions, Written } from '../../../ports/object-store';
import type { AwsLaterWrites } from './aws-later-writes';
import { answerFirst, readWhole } from './wire/first-answer';
import type { KnownRoutes } from './wire/known-routes';
import {
  checksumFields,
  checksumHeader,
  checksumOf,
  checksumOfHeaders,
  conditionFields,
  writeFields,
  writtenHeaders,
} from './wire/object-fields';
import { addHeaders, type S3Requests } from './wire/requests';
import { attemptOnce } from './wire/single-attempt';
import { unquoted } from './wire/text';
import type { HttpResponse } from './wire/wire';

/** The SDK asks before it sends a body from 2 MiB on (`Expect: 100-continue`), and what it does costs little there. */
const MAX_SMALL_BODY = 1024 * 1024;

/** Headers of the SDK's fields; `Metadata` has one for each entry. */
const HEADERS: Readonly<Record<string, string>> = {
  CacheControl: 'cache-control',
  ContentDisposition: 'content-disposition',
  ContentEncoding: 'content-encoding',
  ContentLanguage: 'content-language',
  ContentType: 'content-type',
  WebsiteRedirectLocation: 'x-amz-website-redirect-location',
  Tagging: 'x-amz-tagging',
  GrantFullControl: 'x-amz-grant-full-control',
  GrantRead: 'x-amz-grant-read',
  GrantReadACP: 'x-amz-grant-read-acp',
  GrantWriteACP: 'x-amz-grant-write-acp',
  ServerSideEncryption: 'x-amz-server-side-encryption',
  SSEKMSKeyId: 'x-amz-server-side-encryption-aws-kms-key-id',
  IfNoneMatch: 'if-none-match',
  IfMatch: 'if-match',
  StorageClass: 'x-amz-storage-class',
  ...Object.fromEntries(CHECKSUM_ALGORITHMS.map((algorithm) => [`Checksum${algorithm}`, checksumHeader(algorithm)])),
};
const META = 'x-amz-meta-';

/** Texts that mean the same to whoever signs, sends or reads them. For others see raw-headers and `writtenHeaders`. */
const PLAIN = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
const PLAIN_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;

/** Writes objects: what a restore does most. */
export class ObjectWrites {
  constructor(
    private readonly requests: S3Requests,
    private readonly routes: KnownRoutes,
    private readonly later: AwsLaterWrites,
  ) {}

  async put(options: PutOptions): Promise<Written> {
    const hash = createHash('sha256').update(options.body).digest();
    const fields = {
      ...writeFields(inHeaders(options)),
      ...conditionFields(options),
      // S3 knows more storage classes than the SDK's list at any time.
      StorageClass: options.storageClass as StorageClass | undefined,
      ...checksumFields(options.checksum ?? { algorithm: 'SHA256', value: hash.toString('base64') }),
    };
    // S3 checks the bytes by the signature too. The SDK would compute the hash once more.
    const extra = { ...writtenHeaders(options), 'x-amz-content-sha256': hash.toString('hex') };
    const written = await this.requests.runConditional(options, async (client, owner) => {
      const { bucket, key, body } = options;
      const headers = body.byteLength > MAX_SMALL_BODY ? undefined : plainHeaders(fields, extra, body);
      const first = headers && (await this.routes.attempt({ operation: 'PutObject', bucket, key, headers, body }));
      const plain = first && 'response' in first ? plainlyWritten(first.response) : undefined;
      if (plain) {
        this.requests.wire.count('PutObject');
        return plain;
      }
      const command = new PutObjectCommand({ ...fields, Bucket: bucket, Key: key, Body: body, ...owner });
      addHeaders(command, extra);
      if (options.ifMatch !== undefined) attemptOnce(command);
      if (first) answerFirst(command, 'response' in first ? await readWhole(first.response) : first);
      const output = await client.send(command);
      return { versionId: output.VersionId, etag: unquoted(output.ETag), checksum: checksumOf(output) };
    });
    return this.later.after(options, written, options);
  }
}

/** The headers that the SDK would send; undefined when any is not plain. */
function plainHeaders(
  {
    Metadata = {},
    ...fields
  }: { readonly Metadata?: Readonly<Record<string, string>> } & Readonly<Record<string, unknown>>,
  extra: Readonly<Record<string, string>>,
  body: Uint8Array,
): Record<string, string> | undefined {
  const headers: Record<string, string> = { 'content-length': String(body.byteLength), ...extra };
  for (const [field, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const header = HEADERS[field];
    if (header === undefined || typeof value !== 'string') return undefined;
    headers[header] ??= value;
  }
  for (const [name, value] of Object.entries(Metadata)) {
    if (!PLAIN_NAME.test(name)) return undefined;
    headers[META + name] = value;
  }
  return Object.values(headers).every((value) => PLAIN.test(value)) ? headers : undefined;
}

/** What a plain success says; undefined when the SDK has to read the answer. */
function plainlyWritten({ statusCode, headers, body }: HttpResponse): Written | undefined {
  if (statusCode !== 200 || headers['content-length'] !== '0' || headers.etag === undefined) return undefined;
  // There is nothing in it, but the connection is free only when its end was read.
  (body as Readable).on('error', () => undefined).resume();
  const checksum = checksumOfHeaders(headers);
  return { versionId: headers['x-amz-version-id'], etag: unquoted(headers.etag), checksum };
}
