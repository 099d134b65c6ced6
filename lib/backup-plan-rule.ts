import { Duration, type TimeZone } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { requireHourlyCron } from './private/props/cron';
import { requireTags } from './private/props/tags';
import { requirePattern } from './private/props/validation';
import { requireContinuousWindow, requireRetention, requireSourceAge, requireWindows } from './private/props/windows';

/** Source from which a backup job learns what is in the bucket. */
export enum BackupSource {
  /**
   * The cheapest complete source, chosen by each job in this order:
   *
   * 1. what continuous backup has captured, if that is complete;
   * 2. an S3 Inventory report of this vault's configuration, if one is within `maxSourceAge`;
   * 3. a listing of the bucket.
   *
   * A job that is started by hand lists the bucket.
   */
  AUTO = 'auto',

  /**
   * A listing of all versions. It is strongly consistent and as fresh as the job.
   * It costs $0.005 per million versions.
   */
  LISTING = 'listing',

  /**
   * The newest S3 Inventory report. The job configures a daily report for the vault; other inventory
   * configurations of the bucket stay. It costs $0.0025 per million versions a day and sends no request
   * to the bucket.
   *
   * The recovery point shows the bucket at the start of the report's scan. S3 delivers the first report
   * within 48 hours; until then jobs fail with `NoInventory`. Reports are eventually consistent: a version
   * written shortly before the scan may appear only in the next report.
   */
  INVENTORY = 'inventory',

  /**
   * What continuous backup has captured, with no scan and no request to the bucket. It works only for a
   * bucket that a continuous rule protects. `AUTO` uses it whenever it can.
   *
   * A job fails with `ChangesIncomplete` in each of these cases:
   *
   * - the capture is older than `maxSourceAge` (2 hours);
   * - the dead-letter queue of the capture is not empty;
   * - changes may have been missed;
   * - the last comparison with the bucket is over 7 days old.
   */
  CHANGES = 'changes',
}

/** Object versions that a recovery point holds. */
export enum BackupVersions {
  /**
   * All versions and delete markers. Restores can bring back the history of an object.
   */
  ALL = 'ALL',

  /**
   * The current version of each object. Restores of more than one version are refused.
   */
  CURRENT = 'CURRENT',
}

/** Method by which a job finds tag and ACL changes of versions that the vault already has. */
export enum BackupMetadata {
  /**
   * Tags and ACLs of new versions, and the changes that S3's events report. A job includes the changes
   * captured up to seven minutes before it starts. The job turns on EventBridge for the bucket.
   *
   * Unchanged versions need no request. A million changes cost about $2 (event, queue, function, read).
   */
  EVENTS = 'EVENTS',

  /**
   * All tags and ACLs, read again by each job. It takes two requests for each version in the bucket
   * ($0.80 per million versions).
   */
  FULL = 'FULL',
}

/** Options of a rule, except its schedule. */
export interface BackupPlanRuleOptions {
  /**
   * Display name of the rule in job records and reports: 1 to 50 letters, digits, `-`, `_` and `.`.
   * It must be unique within the plan.
   *
   * @default - the plan generates a name
   */
  readonly ruleName?: string;

  /**
   * Time zone of the schedule. The schedule follows daylight saving time. A job due in an hour that is
   * skipped does not run; a job due in an hour that occurs twice runs once.
   *
   * @default - UTC
   */
  readonly scheduleExpressionTimezone?: TimeZone;

  /**
   * Lifetime of a recovery point, in whole days from its creation.
   *
   * @default - recovery points never expire
   */
  readonly deleteAfter?: Duration;

  /**
   * Time after the scheduled time within which the job must start, 60 minutes or more. If another job
   * holds the bucket, the job waits until this window ends, and then ends as EXPIRED.
   *
   * @default Duration.hours(8)
   */
  readonly startWindow?: Duration;

  /**
   * Time after the end of the start window within which the job must complete. It must be longer than
   * the start window. Both windows together must be 14 days or less, the lifetime of a job's work files.
   *
   * A job that takes longer fails. The next job continues from the last complete one.
   *
   * @default Duration.days(7)
   */
  readonly completionWindow?: Duration;

  /**
   * Source from which a job learns what is in the bucket.
   *
   * @default BackupSource.AUTO
   */
  readonly source?: BackupSource;

  /**
   * Maximum age of the source, for an inventory report counted from the start of its scan. It is
   * 1 minute to 14 days, the lifetime of reports. It has no effect with `BackupSource.LISTING`.
   *
   * @default Duration.hours(2) with BackupSource.AUTO, Duration.hours(36) with BackupSource.INVENTORY
   */
  readonly maxSourceAge?: Duration;

  /**
   * Object versions that a recovery point holds.
   *
   * @default BackupVersions.ALL
   */
  readonly versions?: BackupVersions;

  /**
   * Method by which a job finds tag and ACL changes of versions that the vault already has.
   *
   * @default BackupMetadata.EVENTS
   */
  readonly metadata?: BackupMetadata;

  /**
   * Tags of the recovery points, up to 50 (the limit of AWS Backup).
   *
   * @default - no tags
   */
  readonly recoveryPointTags?: { [key: string]: string };
}

/** Properties of a BackupPlanRule. */
export interface BackupPlanRuleProps extends BackupPlanRuleOptions {
  /**
   * Schedule of the jobs, as a cron expression that fires at most once an hour. Name the minute too:
   * `events.Schedule.cron({ hour: '3' })` fires sixty times, and the rule throws.
   */
  readonly scheduleExpression: events.Schedule;
}

/** Options of a continuous rule. */
export interface ContinuousBackupOptions {
  /**
   * Display name of the rule in job records and reports: 1 to 50 letters, digits, `-`, `_` and `.`.
   * It must be unique within the plan.
   *
   * @default 'Continuous'
   */
  readonly ruleName?: string;

  /**
   * Period within which a bucket can be restored to any second: 1 to 35 whole days, or more with
   * `allowLongRetention`. The vault keeps what was overwritten or deleted in this period, and its storage
   * is billed.
   *
   * @default Duration.days(35)
   */
  readonly deleteAfter?: Duration;

  /**
   * Whether `deleteAfter` may exceed 35 days, the limit of AWS Backup. The limit is then 1,826 days.
   *
   * @default false
   */
  readonly allowLongRetention?: boolean;
}

const DAILY = events.Schedule.cron({ minute: '0', hour: '5' });
const MONTHLY = events.Schedule.cron({ minute: '0', hour: '5', day: '1' });

/**
 * A rule of a backup plan: when jobs run, and how long their recovery points are kept.
 *
 * The ready-made rules have the times and lifetimes of `aws-backup` in aws-cdk-lib. S3 backups have no
 * cold storage.
 */
export class BackupPlanRule {
  /**
   * An hourly rule with a start window of 60 minutes. Recovery points are kept for 35 days.
   *
   * @param options options that differ from the ready-made ones
   */
  static hourly(options: BackupPlanRuleOptions = {}): BackupPlanRule {
    return new BackupPlanRule({
      ruleName: 'Hourly',
      scheduleExpression: events.Schedule.cron({ minute: '0' }),
      startWindow: Duration.minutes(60),
      deleteAfter: Duration.days(35),
      ...options,
    });
  }

  /**
   * A rule for 05:00 and 17:00. Recovery points are kept for 35 days.
   *
   * @param options options that differ from the ready-made ones
   */
  static every12Hours(options: BackupPlanRuleOptions = {}): BackupPlanRule {
    return new BackupPlanRule({
      ruleName: 'Every12Hours',
      scheduleExpression: events.Schedule.cron({ minute: '0', hour: '5,17' }),
      deleteAfter: Duration.days(35),
      ...options,
    });
  }

  /**
   * A daily rule for 05:00. Recovery points are kept for 35 days.
   *
   * @param options options that differ from the ready-made ones
   */
  static daily(options: BackupPlanRuleOptions = {}): BackupPlanRule {
    return new BackupPlanRule({
      ruleName: 'Daily',
      scheduleExpression: DAILY,
      deleteAfter: Duration.days(35),
      ...options,
    });
  }

  /**
   * A weekly rule for Saturday at 05:00. Recovery points are kept for 90 days.
   *
   * @param options options that differ from the ready-made ones
   */
  static weekly(options: BackupPlanRuleOptions = {}): BackupPlanRule {
    return new BackupPlanRule({
      ruleName: 'Weekly',
      scheduleExpression: events.Schedule.cron({ minute: '0', hour: '5', weekDay: 'SAT' }),
      deleteAfter: Duration.days(90),
      ...options,
    });
  }

  /**
   * A rule for the first of the month at 05:00. Recovery points are kept for 35 days.
   *
   * @param options options that differ from the ready-made ones
   */
  static monthly(options: BackupPlanRuleOptions = {}): BackupPlanRule {
    return new BackupPlanRule({
      ruleName: 'Monthly',
      scheduleExpression: MONTHLY,
      deleteAfter: Duration.days(35),
      ...options,
    });
  }

  /**
   * A rule for the first of the month at 05:00. Recovery points are kept for one year.
   *
   * @param options options that differ from the ready-made ones
   */
  static monthly1Year(options: BackupPlanRuleOptions = {}): BackupPlanRule {
    return monthlyForYears('Monthly1Year', 1, options);
  }

  /**
   * A rule for the first of the month at 05:00. Recovery points are kept for five years.
   *
   * @param options options that differ from the ready-made ones
   */
  static monthly5Year(options: BackupPlanRuleOptions = {}): BackupPlanRule {
    return monthlyForYears('Monthly5Year', 5, options);
  }

  /**
   * A rule for the first of the month at 05:00. Recovery points are kept for seven years.
   *
   * @param options options that differ from the ready-made ones
   */
  static monthly7Year(options: BackupPlanRuleOptions = {}): BackupPlanRule {
    return monthlyForYears('Monthly7Year', 7, options);
  }

  /**
   * A rule of continuous backup. New versions are stored within moments of being written. The bucket can
   * be restored to any second of the last 35 days.
   *
   * Every hour, a job commits what was captured; the path of the plan determines the minute. Once a day,
   * the job also compares the capture with the bucket. A plan may have one continuous rule, and a bucket
   * may be in one plan with such a rule.
   *
   * S3's events, the queue and the function cost about $2.50 per million versions written. Storage is
   * extra.
   *
   * @param options options that differ from the ready-made ones
   */
  static continuous(options: ContinuousBackupOptions = {}): BackupPlanRule {
    const deleteAfter = options.deleteAfter ?? Duration.days(35);
    requireContinuousWindow('deleteAfter', deleteAfter, options.allowLongRetention ?? false);
    const rule = new BackupPlanRule({
      ruleName: options.ruleName ?? 'Continuous',
      scheduleExpression: events.Schedule.cron({ minute: '0' }),
      startWindow: Duration.minutes(60),
      completionWindow: Duration.days(1),
      deleteAfter,
    });
    rule._isContinuous = true;
    return rule;
  }

  /**
   * Whether its jobs run in the Upkeep workflow.
   *
   * @internal
   */
  _isContinuous = false;

  /** Properties of the rule. */
  readonly props: BackupPlanRuleProps;

  /** @param props properties of the rule */
  constructor(props: BackupPlanRuleProps) {
    requirePattern('ruleName', props.ruleName, /^[a-zA-Z0-9_.-]{1,50}$/, '1 to 50 letters, digits, -, _ and .');
    requireHourlyCron('scheduleExpression', props.scheduleExpression.expressionString);
    requireRetention('deleteAfter', props.deleteAfter);
    requireTags('recoveryPointTags', props.recoveryPointTags);
    requireSourceAge('maxSourceAge', props.maxSourceAge);
    requireWindows(props.startWindow, props.completionWindow);
    this.props = props;
  }
}

function monthlyForYears(ruleName: string, years: number, options: BackupPlanRuleOptions): BackupPlanRule {
  return new BackupPlanRule({
    ruleName,
    scheduleExpression: MONTHLY,
    deleteAfter: Duration.days(365 * years),
    ...options,
  });
}
