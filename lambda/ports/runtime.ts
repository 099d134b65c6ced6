import type { MetricNameValue } from '../contract/metrics';

/** The rest of what use cases need of the world around them. */

/** Facts about executions of our state machines. */
export interface Executions {
  /** Whether the execution still runs (RUNNING or PENDING_REDRIVE); false for one that ended or is unknown. */
  isRunning(executionArn: string): Promise<boolean>;
  /** The execution's input; undefined for one that is unknown. */
  inputOf(executionArn: string): Promise<unknown>;
  /** Starts an execution; one of the same name that exists already is success. */
  start(options: { name: string; input: unknown }): Promise<{ executionArn: string }>;
}

/** Finds buckets of the account and Region by a tag. */
export interface BucketTags {
  bucketsWith(tag: { readonly key: string; readonly value: string }): Promise<string[]>;
}

export interface PublishedEvent {
  readonly detailType: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}
export interface EventPublisher {
  publish(event: PublishedEvent): Promise<void>;
}

/** Lets requests through no faster than at some rate. */
export interface Pace {
  /** Waits until the next request may be made. */
  turn(): Promise<void>;
}

/** How much time this invocation has left. Workers start only what fits. */
export interface Deadline {
  remainingMillis(): number;
}

export interface Log {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** S3 requests made so far through a store, by operation name. */
export type RequestCounts = Record<string, number>;
export interface RequestCounter {
  counts(): RequestCounts;
}

/** Metrics of the vault, and of one of its buckets where that is named. */
export interface Metrics {
  put(name: MetricNameValue, value: number, bucket?: string): void;
}
