import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { BACKUP_STATEMENTS, RESTORE_STATEMENTS } from './private/access/documented-policies';
import { documentedDocument, rolePolicy } from './private/access/role-policy';

/** Properties of S3BackupPolicy and S3RestorePolicy. */
export interface S3PolicyProps {
  /**
   * Roles that get the policy, inline. A role may have 10,240 characters of inline policies (quota of IAM).
   */
  readonly roles: iam.IRole[];

  /**
   * Exactly the policy that AWS documents: every bucket, in the partition `aws` only. Excludes `buckets`.
   *
   * @default false - the scoped policy: this account and Region, any partition
   */
  readonly documented?: boolean;

  /**
   * Buckets that the scoped policy is for.
   *
   * @default - every bucket of the account
   */
  readonly buckets?: s3.IBucket[];
}

/**
 * The permissions that AWS documents for a role that backs S3 up, as the inline policy `s3-backup-policy`.
 *
 * The vault's own roles do not need it: they have narrower ones. It is for roles of yours that are to have what the
 * documentation asks for.
 */
export class S3BackupPolicy extends Construct {
  /** The policy document of AWS's documentation, statement by statement. */
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
 * The permissions that AWS documents for a role that restores S3 backups, as the inline policy `s3-restore-policy`.
 *
 * The vault's own roles do not need it: they have narrower ones. It is for roles of yours that are to have what the
 * documentation asks for.
 */
export class S3RestorePolicy extends Construct {
  /** The policy document of AWS's documentation, statement by statement. */
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
    throw new Error(
      '`buckets` must not be given with `documented: true`, which is for every bucket; leave one of them out',
    );
  }
  if (buckets?.length === 0) {
    throw new Error('`buckets` must name one bucket or more, got none; leave it out for every bucket of the account');
  }
}
