import { grantHeader } from '../../../../core/objects/request-headers';
import { taggingHeader } from '../../../../core/objects/tagging-header';
import type {
  Checksum,
  ChecksumAlgorithm,
  Encryption,
  Headers,
  ObjectHead,
  ObjectProperties,
  UserMetadata,
  WriteCondition,
} from '../../../../ports/object-store';
import { CHECKSUM_ALGORITHMS } from '../../../../core/objects/properties';
import { HEADER_NAMES, StoreError } from '../../../../ports/object-store';
import { epochSeconds, quoted, unquoted } from './text';
import type { WireResponse } from './wire';

/** What S3 stores for an object without a type; the SDK would send one of its own. */
const DEFAULT_CONTENT_TYPE = 'binary/octet-stream';
const METADATA_PREFIX = 'x-amz-meta-';

/** The checksums that a request or an answer of the SDK may carry. */
type ChecksumFields = { readonly [Algorithm in ChecksumAlgorithm as `Checksum${Algorithm}`]?: string };

/** An object has one. Of a server that gives more, the strongest comes first. */
const BY_STRENGTH: readonly ChecksumAlgorithm[] = ['SHA512', 'SHA256', 'CRC64NVME', 'SHA1'];
const ANY_ALGORITHM = [...new Set([...BY_STRENGTH, ...CHECKSUM_ALGORITHMS])];

export const checksumHeader = (algorithm: ChecksumAlgorithm): string => `x-amz-checksum-${algorithm.toLowerCase()}`;

/** What a request says of its body's checksum. */
export const checksumFields = (checksum: Checksum | undefined): ChecksumFields =>
  checksum ? { [`Checksum${checksum.algorithm}`]: checksum.value } : {};

export function checksumOf(fields: ChecksumFields): Checksum | undefined {
  for (const algorithm of ANY_ALGORITHM) {
    const value = fields[`Checksum${algorithm}`];
    if (value !== undefined) return { algorithm, value };
  }
  return undefined;
}

/** The same of the headers of an answer. */
export const checksumOfHeaders = (headers: WireResponse['headers']): Checksum | undefined =>
  checksumOf(
    Object.fromEntries(ANY_ALGORITHM.map((algorithm) => [`Checksum${algorithm}`, headers[checksumHeader(algorithm)]])),
  );

/** What the SDK says of an object besides its headers and metadata. */
export interface HeadFields extends ChecksumFields {
  readonly VersionId?: string;
  readonly ETag?: string;
  readonly ContentLength?: number;
  readonly ContentRange?: string;
  readonly LastModified?: Date;
  readonly StorageClass?: string;
  readonly MissingMeta?: number;
  readonly TagCount?: number;
}

/** Headers and metadata come from the wire: the SDK parses dates and loses texts that are none. */
export function headFrom(fields: HeadFields, { headers }: WireResponse): ObjectHead {
  return {
    versionId: fields.VersionId,
    etag: unquoted(fields.ETag),
    size: wholeSize(fields.ContentRange) ?? fields.ContentLength ?? 0,
    lastModified: epochSeconds(fields.LastModified),
    storageClass: fields.StorageClass ?? 'STANDARD',
    headers: keptHeaders(headers),
    userMetadata: metadataOf(headers),
    missingMetadata: fields.MissingMeta ?? 0,
    tagCount: fields.TagCount ?? 0,
    checksum: checksumOf(fields),
    date: dateOf(headers),
  };
}

/** S3's own clock. */
export function dateOf(headers: WireResponse['headers']): number {
  const date = Date.parse(headers.date ?? '');
  if (Number.isNaN(date)) throw new Error('a response of S3 has no Date header');
  return Math.floor(date / 1000);
}

/** What a written object takes from its properties; `expires` goes another way (writtenHeaders). */
export function writeFields(properties: ObjectProperties) {
  const { headers = {}, grants } = properties;
  if (grants?.some(({ permission }) => permission === 'WRITE'))
    throw new StoreError('invalid', 'S3 has no grant header for WRITE, which has no effect on an object');
  return {
    CacheControl: headers['cache-control'],
    ContentDisposition: headers['content-disposition'],
    ContentEncoding: headers['content-encoding'],
    ContentLanguage: headers['content-language'],
    ContentType: headers['content-type'] ?? DEFAULT_CONTENT_TYPE,
    WebsiteRedirectLocation: headers['website-redirect-location'],
    Metadata: properties.userMetadata,
    Tagging: taggingHeader(properties.tags),
    GrantFullControl: grantHeader(grants, 'FULL_CONTROL'),
    GrantRead: grantHeader(grants, 'READ'),
    GrantReadACP: grantHeader(grants, 'READ_ACP'),
    GrantWriteACP: grantHeader(grants, 'WRITE_ACP'),
    ...encryptionFields(properties.encryption),
  };
}

/**
 * Headers that the SDK has no text field for: `expires` may hold any text, and the SDK takes only dates; and those that
 * are empty, which the SDK leaves out.
 */
export const writtenHeaders = ({ headers = {} }: ObjectProperties): Record<string, string> =>
  Object.fromEntries(
    HEADER_NAMES.flatMap((name): [string, string][] => {
      const value = headers[name];
      return value === '' || (value !== undefined && name === 'expires') ? [[WIRE_NAMES[name] ?? name, value]] : [];
    }),
  );

export const conditionFields = (condition: WriteCondition) => ({
  IfNoneMatch: condition.ifAbsent === true ? '*' : undefined,
  IfMatch: condition.ifMatch === undefined ? undefined : quoted(condition.ifMatch),
});

function encryptionFields(encryption: Encryption | undefined) {
  if (!encryption) return {};
  if (encryption.type === 'SSE_S3') return { ServerSideEncryption: 'AES256' } as const;
  return { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: encryption.kmsKeyId } as const;
}

function keptHeaders(headers: WireResponse['headers']): Headers {
  const kept: Partial<Record<(typeof HEADER_NAMES)[number], string>> = {};
  for (const name of HEADER_NAMES) {
    const value = headers[WIRE_NAMES[name] ?? name];
    if (value !== undefined) kept[name] = value;
  }
  // The SDK takes away what is no date and leaves the text here.
  const expires = headers.expiresstring ?? headers.expires;
  return expires === undefined ? kept : { ...kept, expires };
}

const WIRE_NAMES: Partial<Record<(typeof HEADER_NAMES)[number], string>> = {
  'website-redirect-location': 'x-amz-website-redirect-location',
};

const metadataOf = (headers: WireResponse['headers']): UserMetadata =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name.startsWith(METADATA_PREFIX))
      .map(([name, value = '']) => [name.slice(METADATA_PREFIX.length), value]),
  );

/** Size of the whole object, from `bytes 0-9/100`. */
const wholeSize = (contentRange: string | undefined): number | undefined =>
  contentRange === undefined ? undefined : Number(contentRange.slice(contentRange.lastIndexOf('/') + 1));
