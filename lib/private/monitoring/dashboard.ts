import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { MetricName, type MetricNameValue } from '../../../lambda/contract/metrics';
import type { Watched } from './alarms';

/** CloudWatch's grid is 24 wide: three graphs a row. */
const WIDTH = 8;

const PERIOD = Duration.minutes(5);

/** Graphs of a vault: a row for the capture, a row for the queues, a row for the jobs. */
export function dashboardRows(watched: Watched): cloudwatch.IWidget[][] {
  const counts = (title: string, ...names: MetricNameValue[]): cloudwatch.IWidget =>
    graph(
      title,
      names.map((name) => watched.metric(name, { statistic: 'Sum', period: PERIOD })),
    );
  const greatest = (title: string, name: MetricNameValue): cloudwatch.IWidget =>
    graph(title, [watched.metric(name, { statistic: 'Maximum', period: PERIOD })]);
  const { captureQueue, captureDeadLetterQueue, startDeadLetterQueue } = watched;
  const of = { statistic: 'Maximum', period: PERIOD };
  return [
    [
      counts(
        'Versions captured and lost, and keys decoded',
        MetricName.versionsCaptured,
        MetricName.versionsLost,
        MetricName.keysDecoded,
      ),
      greatest('From event to change log (seconds)', MetricName.captureLag),
      greatest('Oldest change that is not committed (seconds)', MetricName.uncommittedAge),
    ],
    [
      graph('Events that wait', [
        captureQueue.metricApproximateNumberOfMessagesVisible({ ...of, label: 'waiting' }),
        captureQueue.metricApproximateNumberOfMessagesNotVisible({ ...of, label: 'being captured' }),
      ]),
      graph('Oldest event that waits (seconds)', [
        captureQueue.metricApproximateAgeOfOldestMessage({ ...of, label: 'age' }),
      ]),
      graph('Dead letters', [
        captureDeadLetterQueue.metricApproximateNumberOfMessagesVisible({ ...of, label: 'events' }),
        startDeadLetterQueue.metricApproximateNumberOfMessagesVisible({ ...of, label: 'starts of jobs' }),
      ]),
    ],
    [
      counts('Jobs', MetricName.jobsCompleted, MetricName.jobsPartial),
      counts('Jobs that failed or expired', MetricName.jobsFailed, MetricName.jobsExpired),
      graph('Gaps, and versions that the vault may not read', [
        watched.metric(MetricName.reconcileGaps, { statistic: 'Sum', period: PERIOD }),
        watched.metric(MetricName.coverageLost, { statistic: 'Sum', period: PERIOD }),
        watched.metric(MetricName.versionsRefused, { statistic: 'Maximum', period: PERIOD }),
      ]),
    ],
  ];
}

export const alarmRow = (alarms: cloudwatch.IAlarm[]): cloudwatch.IWidget =>
  new cloudwatch.AlarmStatusWidget({ title: 'Alarms', alarms, width: 3 * WIDTH, height: 3 });

const graph = (title: string, left: cloudwatch.IMetric[]): cloudwatch.IWidget =>
  new cloudwatch.GraphWidget({ title, left, width: WIDTH, leftYAxis: { min: 0 } });
