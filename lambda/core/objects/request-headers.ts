import type { Grant, ObjectProperties, Permission } from './properties';
import { fitsTaggingHeader, taggingHeader } from './tagging-header';

/** S3's limit of all headers of a request together. */
const MAX_REQUEST_HEADERS = 8192;
/**
 * What every write has besides the object's properties: a session token (up to 1,500 bytes), the signature with the names of all headers
 * (600), the SDK's name (250), host, date, checksums, encryption and conditions (350).
 */
const FIXED_HEADERS = 2700;
/** Room for the properties of an object, and for the source of a copy. */
export const HEADER_ROOM = MAX_REQUEST_HEADERS - FIXED_HEADERS;

/** Colon, space and line end. */
const PER_HEADER = 4;
const META = 'x-amz-meta-';
const GRANT = 'x-amz-grant-full-control';
const PERMISSIONS: readonly Permission[] = ['FULL_CONTROL', 'READ', 'READ_ACP', 'WRITE_ACP'];

/** The value of one `x-amz-grant-*` header; undefined when nobody gets this permission. */
export function grantHeader(grants: readonly Grant[] | undefined, permission: Permission): string | undefined {
  const grantees = (grants ?? [])
    .filter((grant) => grant.permission === permission)
    .map(({ grantee }) => ('id' in grantee ? `id="${grantee.id}"` : `uri="${grantee.uri}"`));
  return grantees.length > 0 ? grantees.join(', ') : undefined;
}

/** Bytes of the headers that carry an object's properties. */
export function headerBytes({ headers = {}, userMetadata = {}, tags, grants }: ObjectProperties): number {
  const sizeOf = (name: string, value: string | undefined): number =>
    value === undefined ? 0 : name.length + Buffer.byteLength(value) + PER_HEADER;
  let bytes = sizeOf('x-amz-tagging', taggingHeader(tags));
  for (const [name, value] of Object.entries(headers)) bytes += sizeOf(name, value);
  for (const [name, value] of Object.entries(userMetadata)) bytes += sizeOf(META + name, value);
  for (const permission of PERMISSIONS) bytes += sizeOf(GRANT, grantHeader(grants, permission));
  return bytes;
}

/** Whether the ACL has to follow the object by a request of its own. `others`: bytes of the source of a copy. */
export const aclComesLater = (properties: ObjectProperties, others = 0): boolean =>
  (properties.grants?.length ?? 0) > 0 && headerBytes({ ...properties, tags: undefined }) + others > HEADER_ROOM;

/** The same of the tags, once it is known of the ACL. */
export const tagsComeLater = (properties: ObjectProperties, others = 0): boolean =>
  properties.tags !== undefined &&
  Object.keys(properties.tags).length > 0 &&
  (!fitsTaggingHeader(properties.tags) || headerBytes(withoutLaterAcl(properties, others)) + others > HEADER_ROOM);

const withoutLaterAcl = <Properties extends ObjectProperties>(properties: Properties, others: number): Properties =>
  aclComesLater(properties, others) ? { ...properties, grants: undefined } : properties;

/** Properties without the tags and the ACL that have no room in the headers. */
export const inHeaders = <Properties extends ObjectProperties>(properties: Properties, others = 0): Properties => {
  const left = withoutLaterAcl(properties, others);
  return tagsComeLater(properties, others) ? { ...left, tags: undefined } : left;
};
