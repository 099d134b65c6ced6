import { Metrics as Powertools, MetricUnit } from '@aws-lambda-powertools/metrics';
import { METRIC_NAMESPACE, METRIC_UNITS, MetricDimension, type MetricNameValue } from '../../contract/metrics';
import type { Metrics } from '../../ports/runtime';

/**
 * Metrics in CloudWatch's embedded format: lines of the function's log, which cost no request and need no permission. Alarms look at all
 * buckets of a vault together, so what is said of a bucket is said of its vault as well.
 */
export class PowertoolsMetrics implements Metrics {
  constructor(private readonly vaultName: string) {}

  put(name: MetricNameValue, value: number, bucket?: string): void {
    const vault = { [MetricDimension.vault]: this.vaultName };
    this.write(name, value, vault);
    if (bucket !== undefined) this.write(name, value, { ...vault, [MetricDimension.bucket]: bucket });
  }

  /** A line of its own for each, so that it is out whatever becomes of the invocation. */
  private write(name: MetricNameValue, value: number, dimensions: Readonly<Record<string, string>>): void {
    const metrics = new Powertools({ namespace: METRIC_NAMESPACE, singleMetric: true });
    // Powertools' own dimension, `service`, would make other metrics of these.
    metrics.clearDefaultDimensions();
    for (const [dimension, text] of Object.entries(dimensions)) metrics.addDimension(dimension, text);
    metrics.addMetric(name, METRIC_UNITS[name] === 'Seconds' ? MetricUnit.Seconds : MetricUnit.Count, value);
  }
}
