import type { Grant, Permission, Tags } from '../../ports/object-store';

/** How S3 wants texts in headers and queries, and how it writes them in listings. */

/** Percent-encodes all but the unreserved characters: encodeURIComponent leaves `!'()*` alone, signatures do not. */
const percentEncode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** The `x-amz-copy-source` header. The SDK sends it as it is, so the key has to be encoded here, its slashes kept. */
export function copySource(source: { bucket: string; key: string; versionId?: string }): string {
  const path = source.key.split('/').map(percentEncode).join('/');
  const version = source.versionId === undefined ? '' : `?versionId=${percentEncode(source.versionId)}`;
  return `${source.bucket}/${path}${version}`;
}

/**
 * Undoes `encoding-type=url` of a listing. S3 encodes as forms do: a space is `+`, a literal plus is `%2B`. What the
 * response does not declare as encoded stays as it is.
 */
export const decodeListed = (text: string, encodingType: string | undefined): string =>
  encodingType === 'url' ? decodeURIComponent(text.replaceAll('+', ' ')) : text;

/** All headers of a request together have at most 8 KB: tags above a half of that are written by a request of their own. */
const MAX_TAGGING_HEADER = 4096;
export const fitsTaggingHeader = (tags: Tags | undefined): boolean =>
  (taggingHeader(tags)?.length ?? 0) <= MAX_TAGGING_HEADER;

/** The `x-amz-tagging` header; undefined when there are no tags. */
export function taggingHeader(tags: Tags | undefined): string | undefined {
  const pairs = Object.entries(tags ?? {}).map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`);
  return pairs.length > 0 ? pairs.join('&') : undefined;
}

/** The value of one `x-amz-grant-*` header; undefined when nobody gets this permission. */
export function grantHeader(grants: readonly Grant[] | undefined, permission: Permission): string | undefined {
  const grantees = (grants ?? [])
    .filter((grant) => grant.permission === permission)
    .map(({ grantee }) => ('id' in grantee ? `id="${grantee.id}"` : `uri="${grantee.uri}"`));
  return grantees.length > 0 ? grantees.join(', ') : undefined;
}

export const quoted = (etag: string): string => `"${etag}"`;
export const unquoted = (etag: string | undefined): string => (etag ?? '').replaceAll('"', '');

export const epochSeconds = (date: Date | undefined): number => Math.floor((date?.getTime() ?? 0) / 1000);
