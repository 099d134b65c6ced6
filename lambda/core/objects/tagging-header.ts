import type { Tags } from './properties';

/** All headers of a request together have at most 8 KB: tags above a half of that are written by a request of their own. */
const MAX_TAGGING_HEADER = 4096;

/** Whether a write can carry the tags in its header. */
export const fitsTaggingHeader = (tags: Tags | undefined): boolean =>
  (taggingHeader(tags)?.length ?? 0) <= MAX_TAGGING_HEADER;

/** The `x-amz-tagging` header; undefined when there are no tags. */
export function taggingHeader(tags: Tags | undefined): string | undefined {
  const pairs = Object.entries(tags ?? {}).map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`);
  return pairs.length > 0 ? pairs.join('&') : undefined;
}

/** Percent-encodes all but the unreserved characters: encodeURIComponent leaves `!'()*` alone, signatures do not. */
export const percentEncode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
