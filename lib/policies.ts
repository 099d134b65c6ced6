import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { BACKUP_STATEMENTS, RESTORE_STATEMENTS } from './private/access/documented-policies';
import { documentedDocument, rolePolicy } from './private/access/role-policy';

/** Properties of S3BackupPolicy and S3RestorePolicy. */
export interface S3PolicyProps {
  /**
   * Roles that get the policy, inline. A role may have at most 10,240 characters of inline policies (quota
   * of IAM).
   */
  readonly roles: iam.IRole[];

  /**
   * Whether the policy is exactly the one that AWS documents. It then covers every bucket, in the partition
   * `aws` only, and `buckets` must be omitted.
   *
   * @default false - the scoped policy, for this account and Region and any partition
   */
  readonly documented?: boolean;

  /**
   * Buckets that the scoped policy covers, at least one.
   *
   * @default - every bucket of the account
   */
  readonly buckets?: s3.IBucket[];
}

/**
 * Inline policy `s3-backup-policy`: the permissions that AWS documents for a role that backs up S3.
 *
 * Use it for your own roles, where they must have exactly what the documentation asks for. The vault's
 * roles do not need it: they have narrower policies.
 */
export class S3BackupPolicy extends Construct {
  /** Policy document of AWS's documentation, statement by statement. */
  static documentedPolicy(): iam.PolicyDocument {
    return documentedDocument(BACKUP_STATEMENTS);
  }

  /** The inline policy. */
  readonly policy: iam.Policy;

  constructor(scope: Construct, id: string, props: S3PolicyProps) {
    super(scope, id);
    requireOneScope(props);
    this.policy = rolePolicy(this, {
      policyName: 's3-backup-policy',
      statements: BACKUP_STATEMENTS,
      roles: props.roles,
      documented: props.documented ?? false,
      buckets: props.buckets,
    });
  }
}

/**
 * Inline policy `s3-restore-policy`: the permissions that AWS documents for a role that restores S3
 * backups.
 *
 * Use it for your own roles, where they must have exactly what the documentation asks for. The vault's
 * roles do not need it: they have narrower policies.
 */
export class S3RestorePolicy extends Construct {
  /** Policy document of AWS's documentation, statement by statement. */
  static documentedPolicy(): iam.PolicyDocument {
    return documentedDocument(RESTORE_STATEMENTS);
  }

  /** The inline policy. */
  readonly policy: iam.Policy;

  constructor(scope: Construct, id: string, props: S3PolicyProps) {
    super(scope, id);
    requireOneScope(props);
    this.policy = rolePolicy(this, {
      policyName: 's3-restore-policy',
      statements: RESTORE_STATEMENTS,
      roles: props.roles,
      documented: props.documented ?? false,
      buckets: props.buckets,
    });
  }
}

function requireOneScope({ documented, buckets }: S3PolicyProps): void {
  if (documented && buckets) {
    throw new Error('`buckets` must be omitted with `documented: true`, which covers every bucket; remove one of them');
  }
  if (buckets?.length === 0) {
    throw new Error('`buckets` must have at least one bucket, got none; omit it to cover every bucket of the account');
  }
}
