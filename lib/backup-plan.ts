import { Names, Stack, Stage } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { BackupPlanRule } from './backup-plan-rule';
import type { BackupResource, BackupTag } from './backup-resource';
import { BackupSelection, type BackupSelectionOptions } from './backup-selection';
import { BackupVault } from './backup-vault';
import { JobSchedule, ScheduleRole } from './private/events/job-schedule';
import { requirePattern } from './private/props/validation';
import { continuousProblems } from './private/selection/continuous-checks';
import { bucketName, identity, isBucket, knownName, listable } from './private/selection/protected-bucket';

/** Properties of a BackupPlan. */
export interface BackupPlanProps {
  /**
   * Display name of the plan in job records and reports: 1 to 50 letters, digits, `-`, `_` and `.`.
   *
   * @default - the CDK generates a unique name
   */
  readonly backupPlanName?: string;

  /**
   * Vault that stores the recovery points.
   *
   * @default - the plan creates a vault of its own
   */
  readonly backupVault?: BackupVault;

  /**
   * Rules of the plan. Use `addRule()` to add more. Synthesis fails for a plan without rules.
   *
   * @default - no rules
   */
  readonly backupPlanRules?: BackupPlanRule[];
}

/**
 * A backup plan: which buckets are backed up, when, and how long the recovery points are kept.
 *
 * Each rule is one schedule of EventBridge Scheduler. The schedule starts one job for each selected
 * bucket. These jobs start within 15 minutes of each other, or within a quarter of the start window if
 * that is less.
 */
export class BackupPlan extends Construct {
  /**
   * A plan with one daily rule. Its recovery points are kept for 35 days.
   *
   * @param scope parent of the plan
   * @param id ID of the plan
   * @param backupVault vault that stores the recovery points (default: the plan creates its own)
   */
  static daily35DayRetention(scope: Construct, id: string, backupVault?: BackupVault): BackupPlan {
    return new BackupPlan(scope, id, { backupVault, backupPlanRules: [BackupPlanRule.daily()] });
  }

  /**
   * A plan with a daily rule (recovery points kept for 35 days) and a monthly rule (one year).
   *
   * @param scope parent of the plan
   * @param id ID of the plan
   * @param backupVault vault that stores the recovery points (default: the plan creates its own)
   */
  static dailyMonthly1YearRetention(scope: Construct, id: string, backupVault?: BackupVault): BackupPlan {
    return new BackupPlan(scope, id, {
      backupVault,
      backupPlanRules: [BackupPlanRule.daily(), BackupPlanRule.monthly1Year()],
    });
  }

  /**
   * A plan with a daily rule (recovery points kept for 35 days), a weekly rule (90 days) and a monthly
   * rule (five years).
   *
   * @param scope parent of the plan
   * @param id ID of the plan
   * @param backupVault vault that stores the recovery points (default: the plan creates its own)
   */
  static dailyWeeklyMonthly5YearRetention(scope: Construct, id: string, backupVault?: BackupVault): BackupPlan {
    return new BackupPlan(scope, id, {
      backupVault,
      backupPlanRules: [BackupPlanRule.daily(), BackupPlanRule.weekly(), BackupPlanRule.monthly5Year()],
    });
  }

  /**
   * A plan with a daily rule (recovery points kept for 35 days), a weekly rule (90 days) and a monthly
   * rule (seven years).
   *
   * @param scope parent of the plan
   * @param id ID of the plan
   * @param backupVault vault that stores the recovery points (default: the plan creates its own)
   */
  static dailyWeeklyMonthly7YearRetention(scope: Construct, id: string, backupVault?: BackupVault): BackupPlan {
    return new BackupPlan(scope, id, {
      backupVault,
      backupPlanRules: [BackupPlanRule.daily(), BackupPlanRule.weekly(), BackupPlanRule.monthly7Year()],
    });
  }

  /** Display name of the plan. */
  readonly backupPlanName: string;

  /** Vault that stores the recovery points. */
  readonly backupVault: BackupVault;

  /** @internal */
  _isContinuous = false;

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
   * It throws if the plan already has a rule of this name, or already has a continuous rule.
   *
   * @param rule the rule to add
   */
  addRule(rule: BackupPlanRule): void {
    const name = rule.props.ruleName ?? `Rule${this.ruleNames.size}`;
    if (this.ruleNames.has(name)) {
      throw new Error(
        `\`ruleName\` must be unique in its backup plan, got "${name}" twice; give one of the rules another name`,
      );
    }
    if (rule._isContinuous && this._isContinuous) {
      throw new Error(
        `a backup plan may have one continuous rule, got a second one named "${name}"; remove one of them`,
      );
    }
    if (rule._isContinuous) {
      this._isContinuous = true;
      this.backupVault._watchContinuous();
    }
    this.ruleNames.add(name);
    new JobSchedule(this, `Schedule-${name}`, {
      planName: this.backupPlanName,
      ruleName: name,
      rule,
      role: this.scheduleRole,
      buckets: () => this.buckets(),
      tags: () => this.tags(),
      unnamed: () => this.unnamed(),
    });
  }

  /**
   * Adds buckets to the plan.
   *
   * @param id ID of the selection
   * @param options buckets to protect
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

  /** Names of the buckets that only another stack knows: the rules of the vault's stack cannot name them. */
  private unnamed(): string[] {
    const vaultStack = Stack.of(this.backupVault);
    const unlisted = this.resources()
      .filter(isBucket)
      .filter((resource) => !listable(resource, vaultStack));
    return [...new Map(unlisted.map((resource) => [identity(resource), bucketName(resource)])).values()];
  }

  /**
   * Whether rules that are created at run time capture the events of some of its buckets.
   *
   * @internal
   */
  get _findsBuckets(): boolean {
    return this.tags().length > 0 || this.unnamed().length > 0;
  }

  /**
   * Description of what the plan selects, by identity. Equal tags mean equal buckets only within one
   * place: an app often deploys the same stage to several accounts.
   *
   * @internal
   */
  _selected(): ReadonlyMap<string, string> {
    const { account, region } = Stack.of(this.backupVault);
    const place = [Stage.of(this.backupVault)?.node.path, account, region];
    const buckets = this.resources().filter(isBucket);
    return new Map([
      ...buckets.map((resource): [string, string] => [
        identity(resource),
        `bucket ${knownName(resource) ?? resource.bucket?.node.path ?? identity(resource)}`,
      ]),
      ...this.tags().map(({ key, value }): [string, string] => [
        JSON.stringify([...place, key, value]),
        `each bucket with the tag ${key}=${value}`,
      ]),
    ]);
  }

  private resources(): BackupResource[] {
    return this.selections.flatMap(({ resources }) => resources);
  }

  private problems(): string[] {
    const others = this.node.root.node.findAll().filter((node): node is BackupPlan => node instanceof BackupPlan);
    return [
      ...continuousProblems(this, others),
      ...(this.ruleNames.size === 0 ? ['a backup plan must have at least one rule, got none; call addRule()'] : []),
      ...(this.selections.length === 0
        ? ['a backup plan must have at least one selection, got none; call addSelection()']
        : []),
    ];
  }
}
