import { Duration, type TimeZone } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { requireHourlyCron } from './private/props/cron';
import { requireTags } from './private/props/tags';
import { requirePattern } from './private/props/validation';
import { requireContinuousWindow, requireRetention, requireSourceAge, requireWindows } from './private/props/windows';

/** How a backup job finds out what is in the bucket. */
export enum BackupSource {
  /**
   * What continuous backup has captured, if that is complete; else an S3 Inventory report of this vault's configuration, if there is one within `maxSourceAge`, else the listing.
   */
  AUTO = 'auto',

  /**
   * A listing of all versions: strongly consistent, as fresh as the job. Costs $0.005 per million versions.
   */
  LISTING = 'listing',

  /**
   * S3 Inventory: the job has S3 make a daily report for the vault (the bucket's other inventory configurations stay), and
   * reads the newest one. Costs $0.0025 per million versions a day and no request to the bucket. The recovery point
   * shows the bucket at the start of the report's scan; S3 delivers the first report within 48 hours, and until then jobs fail
   * with `NoInventory`. Reports are eventually consistent: a version written shortly before may come with the next.
   */
  INVENTORY = 'inventory',

  /**
   * What continuous backup has captured, with no scan and no request to the bucket: only for a bucket that a continuous rule protects. A
   * job fails with `ChangesIncomplete` when the capture is older than `maxSourceAge` (2 hours), its dead-letter queue is not empty,
   * changes may have gone by unseen, or the last comparison with the bucket is over 7 days ago. `AUTO` uses it whenever it
   * can.
   */
  CHANGES = 'changes',
}

/** Which object versions a recovery point holds. */
export enum BackupVersions {
  /**
   * All versions and delete markers: restores can bring back the history of an object.
   */
  ALL = 'ALL',

  /**
   * The current version of each object. Restores of more than one version are refused.
   */
  CURRENT = 'CURRENT',
}

/** How a job finds changes of tags and ACLs of versions that it has already. */
export enum BackupMetadata {
  /**
   * Tags and ACLs of new versions, and changes that the vault has captured from S3's events by seven minutes before the
   * job. It turns on EventBridge for the bucket. No request for versions that did not change; each change costs about
   * $2 per million (event, queue, function, read).
   */
  EVENTS = 'EVENTS',

  /**
   * All tags and ACLs are read again: two requests for each version in the bucket ($0.80 per million versions).
   */
  FULL = 'FULL',
}

/** Options of a rule that its schedule leaves open. */
export interface BackupPlanRuleOptions {
  /**
   * Display name of the rule, in job records and reports: 1 to 50 letters, digits, `-`, `_` and `.`; one of a kind in its
   * plan.
   *
   * @default - a name made by the plan
   */
  readonly ruleName?: string;

  /**
   * Time zone of the schedule. Daylight saving time is followed: a job at an hour that is skipped does not run, and one
   * at an hour that comes twice runs once.
   *
   * @default - UTC
   */
  readonly scheduleExpressionTimezone?: TimeZone;

  /**
   * Lifetime of a recovery point, in whole days from its creation.
   *
   * @default - recovery points are kept for ever
   */
  readonly deleteAfter?: Duration;

  /**
   * Time after the scheduled time in which the job has to start, 60 minutes or more. A job that finds another job busy
   * with its bucket waits that long, then ends as EXPIRED.
   *
   * @default Duration.hours(8)
   */
  readonly startWindow?: Duration;

  /**
   * Time after the end of the start window in which the job has to be complete; it has to be longer than the start
   * window, and both together at most 14 days, the lifetime of a job's work files. A job that takes longer fails, and
   * the next job goes on from the last complete one.
   *
   * @default Duration.days(7)
   */
  readonly completionWindow?: Duration;

  /**
   * How a job finds out what is in the bucket.
   *
   * @default BackupSource.AUTO
   */
  readonly source?: BackupSource;

  /**
   * Oldest inventory report that a job may read, by the start of its scan: 1 minute to 14 days, as long as reports are
   * kept. Of no effect with `BackupSource.LISTING`.
   *
   * @default Duration.hours(2) with BackupSource.AUTO, Duration.hours(36) with BackupSource.INVENTORY
   */
  readonly maxSourceAge?: Duration;

  /**
   * Which object versions a recovery point holds.
   *
   * @default BackupVersions.ALL
   */
  readonly versions?: BackupVersions;

  /**
   * How a job finds changes of tags and ACLs of versions that it has already.
   *
   * @default BackupMetadata.EVENTS
   */
  readonly metadata?: BackupMetadata;

  /**
   * Tags of the recovery points, up to 50 (as AWS Backup).
   *
   * @default - no tags
   */
  readonly recoveryPointTags?: { [key: string]: string };
}

/** Properties of a BackupPlanRule. */
export interface BackupPlanRuleProps extends BackupPlanRuleOptions {
  /**
   * When jobs are due: a cron expression that fires at most once an hour. `events.Schedule.cron({ hour: '3' })` fires
   * sixty times, so name the minute too.
   */
  readonly scheduleExpression: events.Schedule;
}

/** Options of a continuous rule. */
export interface ContinuousBackupOptions {
  /**
   * Display name of the rule, in job records and reports: 1 to 50 letters, digits, `-`, `_` and `.`; one of a kind in its
   * plan.
   *
   * @default 'Continuous'
   */
  readonly ruleName?: string;

  /**
   * Days that a bucket can be restored to any second of: 1 to 35 whole days, more with `allowLongRetention`. What was overwritten or
   * deleted in that time is kept, and paid for.
   *
   * @default Duration.days(35)
   */
  readonly deleteAfter?: Duration;

  /**
   * Whether `deleteAfter` may be more than 35 days, the limit of AWS Backup: up to 1,826 days.
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
 * The ready-made rules have the times and lifetimes of aws-cdk-lib's `aws-backup`. S3 backups have no cold storage.
 */
export class BackupPlanRule {
  /**
   * Every hour, with a start window of 60 minutes; kept for 35 days.
   *
   * @param options what to change
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
   * Every 12 hours, at 05:00 and 17:00; kept for 35 days.
   *
   * @param options what to change
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
   * Daily at 05:00; kept for 35 days.
   *
   * @param options what to change
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
   * Saturdays at 05:00; kept for 90 days.
   *
   * @param options what to change
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
   * The first of the month at 05:00; kept for 35 days.
   *
   * @param options what to change
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
   * The first of the month at 05:00; kept for a year.
   *
   * @param options what to change
   */
  static monthly1Year(options: BackupPlanRuleOptions = {}): BackupPlanRule {
    return monthlyForYears('Monthly1Year', 1, options);
  }

  /**
   * The first of the month at 05:00; kept for five years.
   *
   * @param options what to change
   */
  static monthly5Year(options: BackupPlanRuleOptions = {}): BackupPlanRule {
    return monthlyForYears('Monthly5Year', 5, options);
  }

  /**
   * The first of the month at 05:00; kept for seven years.
   *
   * @param options what to change
   */
  static monthly7Year(options: BackupPlanRuleOptions = {}): BackupPlanRule {
    return monthlyForYears('Monthly7Year', 7, options);
  }

  /**
   * Continuous backup: new versions are stored within moments of being written, and the bucket can be restored to any second of the last
   * 35 days. Every hour, at a minute that the plan's path decides, a job commits what was captured; once a day it
   * compares that with the bucket. A plan has one such rule at most; a bucket is in one such plan.
   *
   * S3's events, the queue and the function cost about $2.50 for each million versions written, besides the storage.
   *
   * @param options what to change
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
   * Its jobs are of the Upkeep workflow.
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
