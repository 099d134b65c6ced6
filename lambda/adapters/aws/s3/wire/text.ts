import { percentEncode } from '../../../../core/objects/tagging-header';

/** How S3 wants texts in headers and queries, and how it writes them in listings. */

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

export const quoted = (etag: string): string => `"${etag}"`;
export const unquoted = (etag: string | undefined): string => (etag ?? '').replaceAll('"', '');

export const epochSeconds = (date: Date | undefined): number => Math.floor((date?.getTime() ?? 0) / 1000);
