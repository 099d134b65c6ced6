import type { MetricNameValue } from '../../contract/metrics';
import type { Metrics } from '../../ports/runtime';

/** Remembers every value. */
export class MemoryMetrics implements Metrics {
  readonly values: { readonly name: MetricNameValue; readonly value: number; readonly bucket?: string }[] = [];

  put(name: MetricNameValue, value: number, bucket?: string): void {
    this.values.push({ name, value, bucket });
  }

  /** Values of one metric, oldest first. */
  of(name: MetricNameValue): number[] {
    return this.values.filter((each) => each.name === name).map(({ value }) => value);
  }
}
