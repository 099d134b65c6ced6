import { createHash } from 'node:crypto';
import * as zlib from 'node:zlib';
import { isComposite } from '../../../../core/objects/checksums';
import { CHECKSUM_ALGORITHMS } from '../../../../core/objects/properties';
import { Crc64Nvme } from '../../../../core/values/crc64nvme';
import type { Checksum, ChecksumAlgorithm } from '../../../../ports/object-store';
import { checksumHeader, type HeadFields } from './object-fields';
import type { HttpResponse } from './wire';

/** What a plain success of GetObject says, as the SDK would say it. */
export interface PlainAnswer {
  readonly fields: HeadFields;
  /** Throws when the whole body is not what S3 stored. */
  readonly check: (body: Uint8Array) => void;
}

type Headers = Readonly<Partial<Record<string, string>>>;

/** Node has it since 20.15. */
const { crc32 } = zlib as { readonly crc32?: (data: Uint8Array) => number };

/** Checksums of a whole body that are computed here. */
const DIGESTS: Readonly<Partial<Record<ChecksumAlgorithm, (body: Uint8Array) => string>>> = {
  MD5: (body) => createHash('md5').update(body).digest('base64'),
  SHA512: (body) => createHash('sha512').update(body).digest('base64'),
  SHA256: (body) => createHash('sha256').update(body).digest('base64'),
  SHA1: (body) => createHash('sha1').update(body).digest('base64'),
  CRC64NVME: (body) => new Crc64Nvme().update(body).digest(),
  ...(crc32 && { CRC32: (body: Uint8Array) => bigEndian(crc32(body)) }),
};
const ALGORITHMS: Readonly<Partial<Record<string, ChecksumAlgorithm>>> = Object.fromEntries(
  CHECKSUM_ALGORITHMS.map((algorithm) => [checksumHeader(algorithm), algorithm]),
);
const isChecksum = (name: string): boolean =>
  (name.startsWith('x-amz-checksum-') && name !== 'x-amz-checksum-type') || name === 'content-md5';

const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const WHOLE_NUMBER = /^\d{1,15}$/;

/** Reads the headers of an answer; undefined when they are not plain: the SDK has to read them. */
export function plainAnswer({ statusCode, headers }: HttpResponse, isRange: boolean): PlainAnswer | undefined {
  if ((statusCode !== 200 && statusCode !== 206) || !headers.etag || !hasPlainValues(headers)) return undefined;
  const checksums = Object.keys(headers).filter(isChecksum);
  const [name] = checksums;
  if (name === undefined) return { fields: headFields(headers), check: () => undefined };
  const algorithm = ALGORITHMS[name];
  const value = headers[name];
  if (checksums.length > 1 || isRange || !algorithm || !DIGESTS[algorithm] || !value) return undefined;
  const fields = { ...headFields(headers), [`Checksum${algorithm}`]: value };
  return { fields, check: bodyCheck({ algorithm, value }) };
}

/** Throws when a whole body is not what S3 stored, as far as that can be computed here. The SDK does not look at MD5. */
export const bodyCheck =
  (checksum: Checksum | undefined): PlainAnswer['check'] =>
  (body) => {
    const digest = checksum && !isComposite(checksum) && DIGESTS[checksum.algorithm];
    if (digest && digest(body) !== checksum.value) throw new Error(`the body does not match its ${checksum.algorithm}`);
  };

/** Numbers and the date are as S3 writes them. */
function hasPlainValues(headers: Headers): boolean {
  const numbers = ['content-length', 'x-amz-missing-meta', 'x-amz-tagging-count'].map((name) => headers[name]);
  const modified = headers['last-modified'];
  const arePlain = numbers.every((text) => text === undefined || WHOLE_NUMBER.test(text));
  return arePlain && (modified === undefined || HTTP_DATE.test(modified));
}

function headFields(headers: Headers): HeadFields {
  const modified = headers['last-modified'];
  return {
    VersionId: headers['x-amz-version-id'],
    ETag: headers.etag,
    ContentLength: numberOf(headers['content-length']),
    ContentRange: headers['content-range'],
    LastModified: modified === undefined ? undefined : new Date(modified),
    StorageClass: headers['x-amz-storage-class'],
    MissingMeta: numberOf(headers['x-amz-missing-meta']),
    TagCount: numberOf(headers['x-amz-tagging-count']),
  };
}

const numberOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));

function bigEndian(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString('base64');
}
