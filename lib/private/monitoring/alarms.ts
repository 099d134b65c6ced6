import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { MetricName, type MetricNameValue } from '../../../lambda/contract/metrics';

/** What alarms of a vault look at. */
export interface Watched {
  metric(metricName: MetricNameValue, props: cloudwatch.MetricOptions): cloudwatch.Metric;
  readonly captureQueue: sqs.IQueue;
  readonly captureDeadLetterQueue: sqs.IQueue;
  /** Of the schedules, and of the function that starts jobs. */
  readonly startDeadLetterQueue: sqs.IQueue;
}

interface AlarmSpec {
  readonly id: string;
  /** Meaning of the alarm, in one sentence. The section of the runbook has the ID as its heading. */
  readonly meaning: string;
  readonly metric: cloudwatch.Metric;
  /** Alarms above it. */
  readonly threshold: number;
  /** Periods of the metric in a row. @default 1 */
  readonly periods?: number;
  /**
   * Whether its actions also run when it has no more data. Before the first data it has no state, so no
   * action runs.
   *
   * @default false
   */
  readonly expectsData?: boolean;
}

const QUICK = Duration.minutes(5);
/** Upkeep runs once an hour: within this time every bucket has reported its state. */
const HOURLY = Duration.hours(1);

/** A message that waits longer than S3 takes for its latest events. */
const OLD_MESSAGE = Duration.minutes(15);
/** Captured changes are lost after 14 days. This leaves time to fix what keeps them from being committed. */
const OLD_CHANGE = Duration.days(1);

function specs(watched: Watched): AlarmSpec[] {
  const sum = (name: MetricNameValue): cloudwatch.Metric => watched.metric(name, { statistic: 'Sum', period: QUICK });
  const hourly = (name: MetricNameValue): cloudwatch.Metric =>
    watched.metric(name, { statistic: 'Maximum', period: HOURLY });
  const letters = (queue: sqs.IQueue): cloudwatch.Metric =>
    queue.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum', period: QUICK });
  return [
    {
      id: 'CaptureFailed',
      meaning: 'Events of protected buckets could not be captured and are in the dead-letter queue.',
      metric: letters(watched.captureDeadLetterQueue),
      threshold: 0,
    },
    {
      id: 'CaptureSlow',
      meaning: 'The oldest event of a protected bucket has waited over 15 minutes to be captured.',
      metric: watched.captureQueue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum', period: QUICK }),
      threshold: OLD_MESSAGE.toSeconds(),
    },
    {
      id: 'ChangesUncommitted',
      meaning: 'Captured changes are uncommitted for over a day, or no upkeep job has run for three hours.',
      metric: hourly(MetricName.uncommittedAge),
      threshold: OLD_CHANGE.toSeconds(),
      periods: 3,
      expectsData: true,
    },
    {
      id: 'VersionsLost',
      meaning: 'Object versions were permanently deleted before they could be stored.',
      metric: sum(MetricName.versionsLost),
      threshold: 0,
    },
    {
      id: 'VersionsRefused',
      meaning: 'The vault may not read some object versions, so their bodies are in no backup.',
      metric: hourly(MetricName.versionsRefused),
      threshold: 0,
    },
    {
      id: 'CoverageLost',
      meaning: 'The vault may miss changes of a protected bucket.',
      metric: hourly(MetricName.coverageLost),
      threshold: 0,
    },
    {
      id: 'ReconcileGaps',
      meaning: 'A comparison with a protected bucket found changes that no event had reported.',
      metric: sum(MetricName.reconcileGaps),
      threshold: 0,
    },
    {
      id: 'JobsFailed',
      meaning: 'A backup, upkeep or restore job failed.',
      metric: sum(MetricName.jobsFailed),
      threshold: 0,
    },
    {
      id: 'JobsExpired',
      meaning: 'A job could not start, because another job held its bucket until its start window ended.',
      metric: sum(MetricName.jobsExpired),
      threshold: 0,
    },
    {
      id: 'JobsNotStarted',
      meaning: 'Jobs that were due could not be started; the calls are in the dead-letter queue.',
      metric: letters(watched.startDeadLetterQueue),
      threshold: 0,
    },
  ];
}

/** An alarm, and whether its actions also run when it has no more data. */
export interface WatchingAlarm {
  readonly alarm: cloudwatch.Alarm;
  readonly expectsData: boolean;
}

/** The alarms of a vault that backs buckets up continuously. */
export const createAlarms = (scope: Construct, watched: Watched): WatchingAlarm[] =>
  specs(watched).map(({ id, meaning, metric, threshold, periods = 1, expectsData = false }) => {
    const alarm = new cloudwatch.Alarm(scope, id, {
      alarmDescription: `${meaning} See docs/how-to/runbook.md#${id.toLowerCase()} of cdk-s3-backup.`,
      metric,
      threshold,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: periods,
      treatMissingData: expectsData ? cloudwatch.TreatMissingData.MISSING : cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    return { alarm, expectsData };
  });
