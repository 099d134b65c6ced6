import { Aws, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledgeWildcards } from '../nag';
import type { DocumentedStatement } from './documented-policies';
import { ANY_BUCKET, ANY_OBJECT } from './foreign-access';

/** The statements as AWS documents them: neither merged nor reordered, whatever the app's feature flags say. */
export function documentedDocument(statements: readonly DocumentedStatement[]): iam.PolicyDocument {
  return new iam.PolicyDocument({
    minimize: false,
    statements: statements.map((statement) => iam.PolicyStatement.fromJson(statement)),
  });
}

export interface RolePolicyProps {
  readonly policyName: string;
  readonly statements: readonly DocumentedStatement[];
  readonly roles: iam.IRole[];
  readonly documented: boolean;
  readonly buckets?: s3.IBucket[];
}

/** An inline policy for roles of the user's. */
export function rolePolicy(scope: Construct, props: RolePolicyProps): iam.Policy {
  const document = props.documented ? documentedDocument(props.statements) : scopedDocument(scope, props);
  const policy = new iam.Policy(scope, 'Resource', { policyName: props.policyName, roles: props.roles, document });
  const resources = (document.toJSON() as { Statement: { Resource: string | string[] }[] }).Statement.flatMap(
    ({ Resource }) => Resource,
  );
  acknowledgeWildcards(
    policy,
    resources,
    props.documented
      ? 'the policy that AWS documents, unchanged'
      : 'buckets, their objects and their keys, within the account; the user can narrow them with `buckets`',
  );
  return policy;
}

/**
 * The same rights on buckets, objects and keys in this account (on the given buckets only, if any are), in any
 * partition. Rights on rules, metrics and the list of all buckets are not granted: nothing here uses them.
 */
function scopedDocument(scope: Construct, { statements, buckets }: RolePolicyProps): iam.PolicyDocument {
  const { account, region, urlSuffix } = Stack.of(scope);
  const sameAccount = { StringEquals: { 'aws:ResourceAccount': account } };
  const scopes: Readonly<Record<string, { resources: string[]; conditions: Record<string, Record<string, string>> }>> =
    {
      'arn:aws:s3:::*': { resources: buckets?.map((b) => b.bucketArn) ?? [ANY_BUCKET], conditions: sameAccount },
      'arn:aws:s3:::*/*': {
        resources: buckets?.map((b) => b.arnForObjects('*')) ?? [ANY_OBJECT],
        conditions: sameAccount,
      },
      '*': {
        resources: [`arn:${Aws.PARTITION}:kms:${region}:*:key/*`],
        conditions: { StringEquals: { 'kms:ViaService': `s3.${region}.${urlSuffix}` } },
      },
    };
  const kept = statements.filter(({ Sid }) => /^(S3Bucket|S3Object|KMS|S3KMS)/.test(Sid));
  return new iam.PolicyDocument({
    minimize: false,
    statements: kept.map(({ Sid, Action, Resource }) => {
      const { resources, conditions } = scopes[Resource[0] ?? ''] ?? { resources: [], conditions: {} };
      return new iam.PolicyStatement({ sid: Sid, actions: [...Action], resources, conditions });
    }),
  });
}
