import type { GetObjectAclCommandOutput, Grant as S3Grant } from '@aws-sdk/client-s3';
import { isPermission } from '../../../../core/objects/properties';
import { type Acl, type Grant, StoreError } from '../../../../ports/object-store';

export function aclFrom(output: Pick<GetObjectAclCommandOutput, 'Owner' | 'Grants'>): Acl {
  return {
    owner: output.Owner?.ID ?? '',
    grants: (output.Grants ?? []).map(grantFrom),
  };
}

export const grantsTo = (grants: readonly Grant[]): S3Grant[] =>
  grants.map(({ grantee, permission }) => ({
    Grantee: 'id' in grantee ? { Type: 'CanonicalUser', ID: grantee.id } : { Type: 'Group', URI: grantee.uri },
    Permission: permission,
  }));

function grantFrom({ Grantee, Permission: permission }: S3Grant): Grant {
  const grantee = Grantee?.ID === undefined ? uriOf(Grantee?.URI) : { id: Grantee.ID };
  if (!grantee || !isPermission(permission)) {
    throw new StoreError(
      'invalid',
      `an ACL has a grant of an unknown form: ${JSON.stringify({ Grantee, permission })}`,
    );
  }
  return { grantee, permission };
}

const uriOf = (uri: string | undefined): { uri: string } | undefined => (uri === undefined ? undefined : { uri });
