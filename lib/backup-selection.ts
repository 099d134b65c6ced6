import { Aspects, Stack } from 'aws-cdk-lib';
import { Construct, type IConstruct } from 'constructs';
import type { BackupPlan } from './backup-plan';
import type { BackupResource } from './backup-resource';
import { bucketProblems, warnAboutBucket } from './private/selection/bucket-checks';
import { isBucket, listable } from './private/selection/protected-bucket';

/** Options of a BackupSelection. */
export interface BackupSelectionOptions {
  /**
   * Buckets to protect, by themselves or by their tags. A bucket that is selected twice in a plan is backed up once.
   */
  readonly resources: BackupResource[];
}

/** Properties of a BackupSelection. */
export interface BackupSelectionProps extends BackupSelectionOptions {
  /**
   * Plan that the buckets are backed up by.
   */
  readonly backupPlan: BackupPlan;
}

/**
 * Buckets that a plan protects.
 *
 * The roles of the vault may read these buckets: up to 20 are named in their policies. Above that, for a tag, or when one
 * of them has a name that only its own stack knows, the policies allow every bucket of the account but the vault's own.
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
        ...(this.resources.length === 0 ? ['a selection needs one resource or more, got none'] : []),
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
