import { createHash } from 'node:crypto';
import * as zlib from 'node:zlib';
import { Crc64Nvme } from '../../../../core/values/crc64nvme';
import type { Checksum } from '../../../../ports/object-store';
import type { HeadFields } from './object-fields';
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

/** Checksums of a whole body that are computed here, by their headers. */
const DIGESTS: Readonly<Partial<Record<string, (body: Uint8Array) => string>>> = {
  'x-amz-checksum-sha256': (body) => createHash('sha256').update(body).digest('base64'),
  'x-amz-checksum-sha1': (body) => createHash('sha1').update(body).digest('base64'),
  'x-amz-checksum-crc64nvme': (body) => new Crc64Nvme().update(body).digest(),
  ...(crc32 && { 'x-amz-checksum-crc32': (body: Uint8Array) => bigEndian(crc32(body)) }),
};
const ALGORITHMS: Readonly<Partial<Record<string, Checksum['algorithm']>>> = {
  'x-amz-checksum-sha256': 'SHA256',
  'x-amz-checksum-sha1': 'SHA1',
  'x-amz-checksum-crc64nvme': 'CRC64NVME',
  'x-amz-checksum-crc32': 'CRC32',
};
const isChecksum = (name: string): boolean =>
  (name.startsWith('x-amz-checksum-') && name !== 'x-amz-checksum-type') || name === 'content-md5';

/** `…-3`: a checksum of the checksums of three parts, which says nothing of the body as a whole. */
const OF_PARTS = /-[1-9]\d*$/;
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const WHOLE_NUMBER = /^\d{1,15}$/;

/** Reads the headers of an answer; undefined when they are not plain: the SDK has to read them. */
export function plainAnswer({ statusCode, headers }: HttpResponse, isRange: boolean): PlainAnswer | undefined {
  if ((statusCode !== 200 && statusCode !== 206) || !headers.etag || !hasPlainValues(headers)) return undefined;
  const checksums = Object.keys(headers).filter(isChecksum);
  const [name] = checksums;
  if (name === undefined) return { fields: headFields(headers), check: () => undefined };
  const algorithm = ALGORITHMS[name];
  const digest = DIGESTS[name];
  const value = headers[name];
  if (checksums.length > 1 || isRange || !algorithm || !digest || !value) return undefined;
  const isWhole = !OF_PARTS.test(value);
  return {
    fields: { ...headFields(headers), [`Checksum${algorithm}`]: value },
    check: (body) => {
      if (isWhole && digest(body) !== value) throw new Error(`the body does not match its ${algorithm}`);
    },
  };
}

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
