import { decodeAcl, decodeHeaders, decodeMetadata, decodeTags } from '../objects/canonical';
import type { ObjectProperties } from '../objects/properties';
import { aclComesLater, tagsComeLater } from '../objects/request-headers';
import { percentEncode } from '../objects/tagging-header';
import type { CopyOp, PutOp } from './outcome';

type BodyOp = Pick<PutOp | CopyOp, 'kind' | 'headers' | 'userMetadata' | 'tags' | 'acl' | 'storageClass' | 'inBucket'>;

/** Bucket, version ID and the names of the vault's files in the header that says what is copied. */
const COPY_SOURCE = 320;
const copySourceBytes = ({ inBucket }: Pick<BodyOp, 'inBucket'>): number =>
  COPY_SOURCE + percentEncode(inBucket?.key ?? '').length;

/** What an object is restored with, besides its encryption. */
export const bodyProperties = (op: BodyOp): ObjectProperties => ({
  headers: decodeHeaders(op.headers),
  userMetadata: decodeMetadata(op.userMetadata),
  tags: op.tags === undefined ? undefined : decodeTags(op.tags),
  grants: op.acl === undefined ? undefined : decodeAcl(op.acl).grants,
  storageClass: op.storageClass,
});

/** Whether the tags may follow the object by a request of their own. */
export const mayLackTags = (op: BodyOp): boolean => tagsComeLater(bodyProperties(op), copySourceBytes(op));

/** The same of the ACL. */
export const mayLackAcl = (op: BodyOp): boolean => aclComesLater(bodyProperties(op), copySourceBytes(op));
