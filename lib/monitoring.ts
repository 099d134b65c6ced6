import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { METRIC_NAMESPACE, MetricDimension, MetricName } from '../lambda/contract/metrics';
import { createAlarms, type Watched, type WatchingAlarm } from './private/monitoring/alarms';
import { alarmRow, dashboardRows } from './private/monitoring/dashboard';

/** What a BackupVault tells of itself: metrics, alarms and a dashboard. It is no vault of its own. */
export abstract class MonitoredVault extends Construct {
  /** Name of the vault in events, job records and metrics. */
  abstract readonly backupVaultName: string;

  /** Queue of S3's events about the protected buckets. */
  abstract readonly captureQueue: sqs.Queue;

  /**
   * Events that could not be captured, kept for 14 days. What they tell of is missing in backups until they are redriven, or until
   * a backup with `metadata: FULL`.
   */
  abstract readonly captureDeadLetterQueue: sqs.Queue;

  /**
   * Alarms of the vault ($0.10 a month each). There are none until a plan of the vault has a continuous rule. Each says
   * what it means, and which section of `docs/how-to/runbook.md` says what to do.
   *
   * They do nothing but show until `addAlarmAction()` is called.
   */
  readonly alarms: cloudwatch.Alarm[] = [];

  private readonly watching: WatchingAlarm[] = [];
  private readonly alarmActions: cloudwatch.IAlarmAction[] = [];
  private shown?: cloudwatch.Dashboard;

  /** @internal */
  protected abstract get _startDeadLetterQueue(): sqs.IQueue;

  /**
   * A dashboard of the vault's metrics and alarms. It is made when it is first asked for, and costs $3 a month in an account that has
   * three already.
   */
  get dashboard(): cloudwatch.Dashboard {
    if (!this.shown) {
      this.shown = new cloudwatch.Dashboard(this, 'Dashboard', { widgets: dashboardRows(this.watched()) });
      this.showAlarms();
    }
    return this.shown;
  }

  /**
   * Has all alarms of the vault, those of now and those to come, do something when they go off, such as telling an SNS
   * topic. `ChangesUncommitted` does it as well when no upkeep job has run for three hours, after one has: it then has no data.
   *
   * @param actions what to do
   */
  addAlarmAction(...actions: cloudwatch.IAlarmAction[]): void {
    this.alarmActions.push(...actions);
    this.watching.forEach((watching) => act(watching, actions));
  }

  /**
   * A metric of the vault: of all its buckets together, or of one with `dimensionsMap: { Bucket: 'my-bucket' }` if the vault has
   * `bucketMetrics`.
   *
   * @param metricName name of the metric
   * @param props what to make of it
   */
  metric(metricName: string, props: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: METRIC_NAMESPACE,
      metricName,
      statistic: 'Sum',
      ...props,
      dimensionsMap: { [MetricDimension.vault]: this.backupVaultName, ...props.dimensionsMap },
    }).attachTo(this);
  }

  /**
   * Versions that were stored within moments of being written. Count.
   *
   * @param props what to make of it (default: the sum over five minutes)
   */
  metricVersionsCaptured(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.versionsCaptured, props);
  }

  /**
   * Versions that were gone before they could be stored. Count.
   *
   * @param props what to make of it (default: the sum over five minutes)
   */
  metricVersionsLost(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.versionsLost, props);
  }

  /**
   * Time from the event of a change to its place in the change log. Seconds.
   *
   * @param props what to make of it (default: the maximum over five minutes)
   */
  metricCaptureLag(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.captureLag, { statistic: 'Maximum', ...props });
  }

  /**
   * Age of the oldest captured change that no job has committed. Seconds. Changes are lost when it reaches 14 days.
   *
   * @param props what to make of it (default: the maximum over five minutes)
   */
  metricUncommittedAge(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.uncommittedAge, { statistic: 'Maximum', ...props });
  }

  /**
   * Changes that a comparison with a bucket found, and no event had told of. Count.
   *
   * @param props what to make of it (default: the sum over five minutes)
   */
  metricReconcileGaps(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.reconcileGaps, props);
  }

  /**
   * Jobs that found that changes of their bucket may go by unseen. Count.
   *
   * @param props what to make of it (default: the sum over five minutes)
   */
  metricCoverageLost(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.coverageLost, props);
  }

  /**
   * Jobs that did all they had to. Count.
   *
   * @param props what to make of it (default: the sum over five minutes)
   */
  metricJobsCompleted(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.jobsCompleted, props);
  }

  /**
   * Jobs that had to leave something out, as their reports say. Count.
   *
   * @param props what to make of it (default: the sum over five minutes)
   */
  metricJobsPartial(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.jobsPartial, props);
  }

  /**
   * Jobs that failed. Count.
   *
   * @param props what to make of it (default: the sum over five minutes)
   */
  metricJobsFailed(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.jobsFailed, props);
  }

  /**
   * Jobs that found their bucket busy until their start window had ended. Count.
   *
   * @param props what to make of it (default: the sum over five minutes)
   */
  metricJobsExpired(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.jobsExpired, props);
  }

  /**
   * Makes the alarms, once.
   *
   * @internal
   */
  _watchContinuous(): void {
    if (this.alarms.length > 0) {
      return;
    }
    this.watching.push(...createAlarms(new Construct(this, 'Alarms'), this.watched()));
    this.alarms.push(...this.watching.map(({ alarm }) => alarm));
    this.watching.forEach((watching) => act(watching, this.alarmActions));
    this.showAlarms();
  }

  private showAlarms(): void {
    if (this.shown && this.alarms.length > 0) {
      this.shown.addWidgets(alarmRow(this.alarms));
    }
  }

  private watched(): Watched {
    return {
      metric: (name, props) => this.metric(name, props),
      captureQueue: this.captureQueue,
      captureDeadLetterQueue: this.captureDeadLetterQueue,
      startDeadLetterQueue: this._startDeadLetterQueue,
    };
  }
}

function act({ alarm, expectsData }: WatchingAlarm, actions: readonly cloudwatch.IAlarmAction[]): void {
  alarm.addAlarmAction(...actions);
  if (expectsData) {
    alarm.addInsufficientDataAction(...actions);
  }
}
