import { Aspects, Stack } from 'aws-cdk-lib';
import { Construct, type IConstruct } from 'constructs';
import type { BackupPlan } from './backup-plan';
import type { BackupResource } from './backup-resource';
import { bucketProblems, warnAboutBucket } from './private/selection/bucket-checks';
import { isBucket, listable } from './private/selection/protected-bucket';

/** Options of a BackupSelection. */
export interface BackupSelectionOptions {
  /**
   * Buckets to protect, each by itself or by a tag. A bucket that a plan selects twice is backed up once.
   */
  readonly resources: BackupResource[];
}

/** Properties of a BackupSelection. */
export interface BackupSelectionProps extends BackupSelectionOptions {
  /**
   * Plan that backs the buckets up.
   */
  readonly backupPlan: BackupPlan;
}

/**
 * Buckets that a plan protects.
 *
 * The roles of the vault may read these buckets. Their policies name up to 20 buckets. In each of these
 * cases they allow every bucket of the account instead, except the vault's own:
 *
 * - the plans of the vault select more than 20 buckets;
 * - a plan selects buckets by tag;
 * - only another stack knows the name of a selected bucket.
 */
export class BackupSelection extends Construct {
  /** Buckets that the selection adds to its plan. */
  readonly resources: BackupResource[];

  constructor(scope: Construct, id: string, props: BackupSelectionProps) {
    super(scope, id);
    this.resources = [...props.resources];
    const { backupPlan } = props;
    backupPlan._addSelection(this);
    for (const resource of this.resources) {
      backupPlan.backupVault._addSource(
        listable(resource, Stack.of(backupPlan.backupVault)),
        () => backupPlan._isContinuous,
      );
    }
    this.node.addValidation({
      validate: () => [
        ...(this.resources.length === 0
          ? ['a selection must have at least one resource, got none; add one to `resources`']
          : []),
        ...this.resources.filter(isBucket).flatMap((resource) => bucketProblems(resource, backupPlan.backupVault)),
      ],
    });
    Aspects.of(this).add({ visit: (node: IConstruct) => node === this && this.warn() });
  }

  private warn(): void {
    for (const resource of this.resources.filter(isBucket)) {
      warnAboutBucket(this, resource);
    }
  }
}
