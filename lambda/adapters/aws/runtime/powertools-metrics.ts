import { Metrics as Powertools, MetricUnit } from '@aws-lambda-powertools/metrics';
import { METRIC_NAMESPACE, METRIC_UNITS, MetricDimension, type MetricNameValue } from '../../../contract/metrics';
import type { Metrics } from '../../../ports/runtime';

export interface PowertoolsMetricsOptions {
  readonly vaultName: string;
  /** Whether what is said of a bucket makes a metric of its own as well. @default false */
  readonly perBucket?: boolean;
}

/**
 * Metrics in CloudWatch's embedded format: lines of the function's log, which cost no request and need no permission. Alarms look at all
 * buckets of a vault together. A line says which bucket it is of, be it a dimension or not.
 */
export class PowertoolsMetrics implements Metrics {
  private readonly lines = new Powertools({ namespace: METRIC_NAMESPACE });

  constructor(private readonly options: PowertoolsMetricsOptions) {
    // Powertools' own dimension, `service`, would make other metrics of these.
    this.lines.clearDefaultDimensions();
    this.lines.setDefaultDimensions({ [MetricDimension.vault]: options.vaultName });
  }

  put(name: MetricNameValue, value: number, bucket?: string): void {
    if (bucket !== undefined && this.options.perBucket) {
      // Two sets: the vault alone, and the vault with the bucket.
      this.lines.addDimensions({});
      this.lines.addDimensions({ [MetricDimension.bucket]: bucket });
    } else if (bucket !== undefined) this.lines.addMetadata(MetricDimension.bucket, bucket);
    this.lines.addMetric(name, METRIC_UNITS[name] === 'Seconds' ? MetricUnit.Seconds : MetricUnit.Count, value);
    // A line of its own for each, so that it is out whatever becomes of the invocation.
    this.lines.publishStoredMetrics();
  }
}
