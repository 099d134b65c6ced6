import { Row, versionIdentity } from '../history/row';
import type { VersionView } from '../history/view';
import { sizeOf } from './listed';

/** What of an object differs. */
export type ChangedPart = 'body' | 'metadata' | 'tags' | 'acl';

/**
 * What differs between two states of an object. Only what is known of both is compared; but bodies of two versions that nothing proves
 * to be the same count as changed.
 */
export function changedParts(before: VersionView, after: VersionView): ChangedPart[] {
  const parts: ChangedPart[] = [];
  if (versionIdentity(before.row) !== versionIdentity(after.row)) {
    if (!isSameBody(before.row, after.row)) parts.push('body');
    const { headers, userMetadata } = before.row;
    if (differ(headers, after.row.headers) || differ(userMetadata, after.row.userMetadata)) parts.push('metadata');
  }
  if (differ(before.tags, after.tags)) parts.push('tags');
  if (differ(before.acl, after.acl)) parts.push('acl');
  return parts;
}

const differ = (a: string | undefined, b: string | undefined): boolean => a !== undefined && b !== undefined && a !== b;

function isSameBody(a: Row, b: Row): boolean {
  if (sizeOf(a) !== sizeOf(b)) return false;
  const known = new Map(checksumsOf(b));
  for (const [algorithm, value] of checksumsOf(a)) {
    const other = known.get(algorithm);
    if (other !== undefined) return other === value;
  }
  // With other keys of encryption or parts of other sizes, one body has many ETags: only an equal one proves something.
  return a.etag !== undefined && a.etag === b.etag;
}

/** Checksums of a whole body: one of the parts of an upload depends on the parts. */
function checksumsOf({ sha256, file, checksumAlgorithm, checksum }: Row): [algorithm: string, value: string][] {
  if (sha256 !== undefined) return [['SHA256', Buffer.from(sha256, 'hex').toString('base64')]];
  const all: [string, string][] = [];
  const split = file?.checksum.indexOf(':') ?? -1;
  if (file && split > 0) all.push([file.checksum.slice(0, split), file.checksum.slice(split + 1)]);
  if (checksumAlgorithm !== undefined && checksum !== undefined) all.push([checksumAlgorithm, checksum]);
  return all.filter(([, value]) => !value.includes('-'));
}
