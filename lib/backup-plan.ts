import { Names } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { BackupPlanRule } from './backup-plan-rule';
import type { BackupResource, BackupTag } from './backup-resource';
import { BackupSelection, type BackupSelectionOptions } from './backup-selection';
import { BackupVault } from './backup-vault';
import { JobSchedule, ScheduleRole } from './private/job-schedule';
import { bucketName, identity, isBucket } from './private/protected-bucket';
import { requirePattern } from './private/validation';

/** Properties of a BackupPlan. */
export interface BackupPlanProps {
  /**
   * Display name of the plan, in job records and reports: 1 to 50 letters, digits, `-`, `_` and `.`
   *
   * @default - a name made by the CDK
   */
  readonly backupPlanName?: string;

  /**
   * Vault that the recovery points go to.
   *
   * @default - a vault of the plan's own
   */
  readonly backupVault?: BackupVault;

  /**
   * Rules of the plan. Use `addRule()` to add more.
   *
   * @default - no rules; the plan needs one
   */
  readonly backupPlanRules?: BackupPlanRule[];
}

/**
 * A backup plan: which buckets are backed up, when, and how long the recovery points are kept.
 *
 * Each rule is one schedule of EventBridge Scheduler, which starts one job for each selected bucket. The jobs of a
 * schedule start within 15 minutes of each other, or within a quarter of the start window if that is less.
 */
export class BackupPlan extends Construct {
  /**
   * A plan of one daily rule; kept for 35 days.
   *
   * @param scope parent of the plan
   * @param id ID of the plan
   * @param backupVault vault that the recovery points go to (default: one of the plan's own)
   */
  static daily35DayRetention(scope: Construct, id: string, backupVault?: BackupVault): BackupPlan {
    return new BackupPlan(scope, id, { backupVault, backupPlanRules: [BackupPlanRule.daily()] });
  }

  /**
   * A plan of a daily rule, kept for 35 days, and a monthly one, kept for a year.
   *
   * @param scope parent of the plan
   * @param id ID of the plan
   * @param backupVault vault that the recovery points go to (default: one of the plan's own)
   */
  static dailyMonthly1YearRetention(scope: Construct, id: string, backupVault?: BackupVault): BackupPlan {
    return new BackupPlan(scope, id, {
      backupVault,
      backupPlanRules: [BackupPlanRule.daily(), BackupPlanRule.monthly1Year()],
    });
  }

  /**
   * A plan of a daily rule, kept for 35 days, a weekly one, kept for 90 days, and a monthly one, kept for five years.
   *
   * @param scope parent of the plan
   * @param id ID of the plan
   * @param backupVault vault that the recovery points go to (default: one of the plan's own)
   */
  static dailyWeeklyMonthly5YearRetention(scope: Construct, id: string, backupVault?: BackupVault): BackupPlan {
    return new BackupPlan(scope, id, {
      backupVault,
      backupPlanRules: [BackupPlanRule.daily(), BackupPlanRule.weekly(), BackupPlanRule.monthly5Year()],
    });
  }

  /**
   * A plan of a daily rule, kept for 35 days, a weekly one, kept for 90 days, and a monthly one, kept for seven years.
   *
   * @param scope parent of the plan
   * @param id ID of the plan
   * @param backupVault vault that the recovery points go to (default: one of the plan's own)
   */
  static dailyWeeklyMonthly7YearRetention(scope: Construct, id: string, backupVault?: BackupVault): BackupPlan {
    return new BackupPlan(scope, id, {
      backupVault,
      backupPlanRules: [BackupPlanRule.daily(), BackupPlanRule.weekly(), BackupPlanRule.monthly7Year()],
    });
  }

  /** Display name of the plan. */
  readonly backupPlanName: string;

  /** Vault that the recovery points go to. */
  readonly backupVault: BackupVault;

  private readonly ruleNames = new Set<string>();
  private readonly selections: BackupSelection[] = [];
  private readonly scheduleRole: ScheduleRole;

  constructor(scope: Construct, id: string, props: BackupPlanProps = {}) {
    super(scope, id);
    requirePattern(
      'backupPlanName',
      props.backupPlanName,
      /^[a-zA-Z0-9_.-]{1,50}$/,
      '1 to 50 letters, digits, -, _ and .',
    );
    this.backupPlanName = props.backupPlanName ?? Names.uniqueResourceName(this, { maxLength: 50, separator: '-' });
    this.backupVault = props.backupVault ?? new BackupVault(this, 'Vault');
    this.scheduleRole = new ScheduleRole(this, 'ScheduleRole', this.backupVault._startJobs);
    for (const rule of props.backupPlanRules ?? []) {
      this.addRule(rule);
    }
    this.node.addValidation({ validate: () => this.problems() });
  }

  /**
   * Adds a rule: one more schedule for all buckets of the plan.
   *
   * @param rule the rule to add
   */
  addRule(rule: BackupPlanRule): void {
    const name = rule.props.ruleName ?? `Rule${this.ruleNames.size}`;
    if (this.ruleNames.has(name)) {
      throw new Error(
        `\`ruleName\` must be one of a kind in its plan, got "${name}" twice; give one of the rules another name`,
      );
    }
    this.ruleNames.add(name);
    new JobSchedule(this, `Schedule-${name}`, {
      planName: this.backupPlanName,
      ruleName: name,
      rule,
      role: this.scheduleRole,
      buckets: () => this.buckets(),
      tags: () => this.tags(),
    });
  }

  /**
   * Adds buckets to the plan.
   *
   * @param id ID of the selection
   * @param options the buckets
   */
  addSelection(id: string, options: BackupSelectionOptions): BackupSelection {
    return new BackupSelection(this, id, { ...options, backupPlan: this });
  }

  /** @internal */
  _addSelection(selection: BackupSelection): void {
    this.selections.push(selection);
  }

  /** Names of the selected buckets, each once. */
  private buckets(): string[] {
    const byIdentity = new Map(
      this.resources()
        .filter(isBucket)
        .map((resource) => [identity(resource), resource]),
    );
    return [...byIdentity.values()].map(bucketName);
  }

  /** Selected tags, each once. */
  private tags(): BackupTag[] {
    const tags = this.resources().flatMap(({ tag }) => (tag ? [tag] : []));
    return [...new Map(tags.map((tag) => [JSON.stringify([tag.key, tag.value]), tag])).values()];
  }

  private resources(): BackupResource[] {
    return this.selections.flatMap(({ resources }) => resources);
  }

  private problems(): string[] {
    return [
      ...(this.ruleNames.size === 0 ? ['a backup plan needs one rule or more, got none; call addRule()'] : []),
      ...(this.selections.length === 0
        ? ['a backup plan needs one selection or more, got none; call addSelection()']
        : []),
    ];
  }
}
