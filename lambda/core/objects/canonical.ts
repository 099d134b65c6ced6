import type { Acl, Grant, Headers, Tags, UserMetadata } from './properties';

/**
 * Headers, metadata, tags and ACLs are rows' texts: canonical JSON, so that equal values are equal texts (and compress to
 * nothing in a Parquet dictionary).
 */
function sortedJson(entries: readonly (readonly [string, string | undefined])[]): string {
  const known = entries.filter(([, value]) => value !== undefined);
  return JSON.stringify(known.sort(([a], [b]) => (a < b ? -1 : 1)));
}
const fromJson = (text: string): Record<string, string> => {
  const record = Object.create(null) as Record<string, string>;
  for (const [name, value] of JSON.parse(text) as [string, string][]) record[name] = value;
  return record;
};

export const encodeHeaders = (headers: Headers): string => sortedJson(Object.entries(headers));
export const decodeHeaders = (text: string | undefined): Headers => (text === undefined ? {} : fromJson(text));

export const encodeMetadata = (metadata: UserMetadata): string => sortedJson(Object.entries(metadata));
export const decodeMetadata = (text: string | undefined): UserMetadata => (text === undefined ? {} : fromJson(text));

export const encodeTags = (tags: Tags): string => sortedJson(Object.entries(tags));
export const decodeTags = (text: string | undefined): Tags => (text === undefined ? {} : fromJson(text));

const granteeText = (grant: Grant): string =>
  'id' in grant.grantee ? `id ${grant.grantee.id}` : `uri ${grant.grantee.uri}`;

/** Grants in a fixed order: their order in S3's answer says nothing. */
export function encodeAcl(acl: Acl): string {
  const grants = acl.grants.map((grant) => [granteeText(grant), grant.permission] as const);
  grants.sort((a, b) => (a.join(' ') < b.join(' ') ? -1 : 1));
  return JSON.stringify([acl.owner, grants]);
}
export function decodeAcl(text: string): Acl {
  const [owner, grants] = JSON.parse(text) as [string, [string, Grant['permission']][]];
  return {
    owner,
    grants: grants.map(([who, permission]) => {
      const split = who.indexOf(' ');
      const name = who.slice(split + 1);
      return { grantee: who.slice(0, split) === 'id' ? { id: name } : { uri: name }, permission };
    }),
  };
}

/** Grants beyond the owner's full control: what a bucket without ACLs cannot hold. */
export const extraGrants = (acl: Acl): readonly Grant[] =>
  acl.grants.filter(
    (grant) => !('id' in grant.grantee && grant.grantee.id === acl.owner && grant.permission === 'FULL_CONTROL'),
  );
