import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { METRIC_NAMESPACE, MetricDimension, MetricName } from '../lambda/contract/metrics';
import { createAlarms, type Watched, type WatchingAlarm } from './private/monitoring/alarms';
import { alarmRow, dashboardRows } from './private/monitoring/dashboard';

/** Metrics, alarms and dashboard of a BackupVault. It is the base class of BackupVault, not a vault itself. */
export abstract class MonitoredVault extends Construct {
  /** Name of the vault in events, job records and metrics. */
  abstract readonly backupVaultName: string;

  /** Queue of S3's events for the protected buckets. */
  abstract readonly captureQueue: sqs.Queue;

  /**
   * Dead-letter queue of events that could not be captured, which keeps them for 14 days. Backups miss the
   * changes that these events report, until the events are redriven or a backup runs with `metadata: FULL`.
   */
  abstract readonly captureDeadLetterQueue: sqs.Queue;

  /**
   * Alarms of the vault ($0.10 a month each). The list is empty until a plan of the vault has a continuous
   * rule. The description of each alarm states its meaning and names its section of
   * `docs/how-to/runbook.md`.
   *
   * Alarms only change their state until `addAlarmAction()` is called.
   */
  readonly alarms: cloudwatch.Alarm[] = [];

  private readonly watching: WatchingAlarm[] = [];
  private readonly alarmActions: cloudwatch.IAlarmAction[] = [];
  private shown?: cloudwatch.Dashboard;

  /** @internal */
  protected abstract get _startDeadLetterQueue(): sqs.IQueue;

  /**
   * Dashboard of the vault's metrics and alarms. The first use of this property creates it. It costs $3 a
   * month if the account already has three dashboards.
   */
  get dashboard(): cloudwatch.Dashboard {
    if (!this.shown) {
      this.shown = new cloudwatch.Dashboard(this, 'Dashboard', { widgets: dashboardRows(this.watched()) });
      this.showAlarms();
    }
    return this.shown;
  }

  /**
   * Adds actions to all alarms of the vault, such as a message to an SNS topic. Alarms that are created
   * later get them too.
   *
   * `ChangesUncommitted` also runs them when it has no more data. This happens when upkeep jobs have run
   * before, and then none for three hours.
   *
   * @param actions actions of an alarm that goes off
   */
  addAlarmAction(...actions: cloudwatch.IAlarmAction[]): void {
    this.alarmActions.push(...actions);
    this.watching.forEach((watching) => act(watching, actions));
  }

  /**
   * A metric of the vault, for all its buckets together. If the vault has `bucketMetrics`,
   * `dimensionsMap: { Bucket: 'my-bucket' }` selects one bucket.
   *
   * @param metricName name of the metric
   * @param props options of the metric (default: the sum over five minutes)
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
   * Number of versions that were stored within moments of being written.
   *
   * @param props options of the metric (default: the sum over five minutes)
   */
  metricVersionsCaptured(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.versionsCaptured, props);
  }

  /**
   * Number of versions that were permanently deleted before they could be stored.
   *
   * @param props options of the metric (default: the sum over five minutes)
   */
  metricVersionsLost(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.versionsLost, props);
  }

  /**
   * Number of versions that the vault may not read. They are tried again by each upkeep job.
   *
   * @param props options of the metric (default: the maximum over five minutes)
   */
  metricVersionsRefused(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.versionsRefused, { statistic: 'Maximum', ...props });
  }

  /**
   * Number of events whose key was URL-encoded. Their versions were found under the decoded key.
   *
   * @param props options of the metric (default: the sum over five minutes)
   */
  metricKeysDecoded(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.keysDecoded, props);
  }

  /**
   * Time from the event of a change to its entry in the change log, in seconds.
   *
   * @param props options of the metric (default: the maximum over five minutes)
   */
  metricCaptureLag(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.captureLag, { statistic: 'Maximum', ...props });
  }

  /**
   * Age of the oldest captured change that no job has committed, in seconds. Changes older than 14 days
   * are lost.
   *
   * @param props options of the metric (default: the maximum over five minutes)
   */
  metricUncommittedAge(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.uncommittedAge, { statistic: 'Maximum', ...props });
  }

  /**
   * Number of changes that a comparison with a bucket found and no event had reported.
   *
   * @param props options of the metric (default: the sum over five minutes)
   */
  metricReconcileGaps(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.reconcileGaps, props);
  }

  /**
   * Number of jobs that found that changes of their bucket may be missed.
   *
   * @param props options of the metric (default: the sum over five minutes)
   */
  metricCoverageLost(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.coverageLost, props);
  }

  /**
   * Number of jobs that completed everything.
   *
   * @param props options of the metric (default: the sum over five minutes)
   */
  metricJobsCompleted(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.jobsCompleted, props);
  }

  /**
   * Number of jobs that ended as PARTIAL. Their reports list what they had to skip.
   *
   * @param props options of the metric (default: the sum over five minutes)
   */
  metricJobsPartial(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.jobsPartial, props);
  }

  /**
   * Number of jobs that failed.
   *
   * @param props options of the metric (default: the sum over five minutes)
   */
  metricJobsFailed(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.jobsFailed, props);
  }

  /**
   * Number of jobs whose bucket stayed busy until their start window ended.
   *
   * @param props options of the metric (default: the sum over five minutes)
   */
  metricJobsExpired(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MetricName.jobsExpired, props);
  }

  /**
   * Creates the alarms, once.
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
