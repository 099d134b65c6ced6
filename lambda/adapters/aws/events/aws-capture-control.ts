import { CloudWatchClient, type CloudWatchClientConfig, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import type { EventBridgeClientConfig } from '@aws-sdk/client-eventbridge';
import {
  GetQueueAttributesCommand,
  ListMessageMoveTasksCommand,
  type QueueAttributeName,
  SQSClient,
  type SQSClientConfig,
} from '@aws-sdk/client-sqs';
import type { DeadLetters } from '../../../core/capture/dead-letters';
import { RETRY_WINDOW_SECONDS } from '../../../core/capture/retries';
import { planCaptureRules, sinceOf, whatDisables } from '../../../core/capture/rules';
import type { CaptureControl, CaptureHealth } from '../../../ports/capture-control';
import { CaptureRules } from './capture-rules';

export interface AwsCaptureControlOptions {
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  /** Only for rules that are made at run time. */
  readonly queueArn: string;
  readonly deadLetterQueueArn: string;
  /** Beginning of the names of the rules that are looked at, or made. */
  readonly rulePrefix: string;
  readonly accountId: string;
  readonly vaultName: string;
  /** Epoch seconds. @default the clock of this machine */
  readonly now?: () => number;
  readonly client?: SQSClientConfig & CloudWatchClientConfig & EventBridgeClientConfig;
}

/** All messages of a queue: those that wait, are being worked on, or are held back. */
const COUNTS: QueueAttributeName[] = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
];

/** Amazon SQS reports once a minute, */
const PERIOD_SECONDS = 60;
/** remembers so many redrives, */
const MOST_TASKS = 10;
const UNKNOWN_ACTION: ReadonlySet<string> = new Set([
  'InvalidAction',
  'UnsupportedOperation',
  'UnknownOperationException',
]);
/** and CloudWatch answers so many points at most. */
const MOST_POINTS = 1_440;

/** The capture as AWS knows it: Amazon SQS its queues, CloudWatch the age of their messages, EventBridge its rules. */
export class AwsCaptureControl implements CaptureControl {
  private readonly sqs: SQSClient;
  private readonly cloudWatch: CloudWatchClient;
  private readonly rules: CaptureRules;

  constructor(private readonly options: AwsCaptureControlOptions) {
    const { client = {} } = options;
    this.sqs = new SQSClient(client);
    this.cloudWatch = new CloudWatchClient(client);
    this.rules = new CaptureRules(options);
  }

  /** Closes the connections. */
  destroy(): void {
    this.sqs.destroy();
    this.cloudWatch.destroy();
    this.rules.destroy();
  }

  async health(since: number, bucket: string): Promise<CaptureHealth> {
    const { queueUrl, rulePrefix } = this.options;
    const [queued, oldestSeconds, recentSeconds, rules] = await Promise.all([
      this.messagesOf(queueUrl),
      this.greatest(queueUrl, 'ApproximateAgeOfOldestMessage', since),
      this.greatest(queueUrl, 'ApproximateAgeOfOldestMessage', this.now() - RETRY_WINDOW_SECONDS),
      this.rules.list(rulePrefix),
    ]);
    const enabled = rules.filter((rule) => rule.enabled);
    // Rules of the template have no dates: CloudFormation makes them, and nobody makes them again on the quiet.
    const dated = sinceOf(enabled, bucket);
    return {
      queued,
      oldestSeconds,
      recentSeconds,
      disabledRules: whatDisables(rules, bucket),
      capturedSince: dated === 0 ? undefined : dated,
    };
  }

  async deadLetters(since: number): Promise<DeadLetters> {
    const { deadLetterQueueUrl } = this.options;
    const [count, most = 0, redrives] = await Promise.all([
      this.messagesOf(deadLetterQueueUrl),
      // What there was before the next whole minute, the look before has seen.
      this.greatest(deadLetterQueueUrl, 'ApproximateNumberOfMessagesVisible', since + PERIOD_SECONDS - 1),
      // Also without any letters: what was redriven may still be in the queue.
      this.redrives(),
    ]);
    return { count, most, redrives };
  }

  /** Redrives to another queue than ours are as good as none. */
  private async redrives(): Promise<DeadLetters['redrives']> {
    const { queueArn, deadLetterQueueArn } = this.options;
    const { Results = [] } = await this.sqs
      .send(new ListMessageMoveTasksCommand({ SourceArn: deadLetterQueueArn, MaxResults: MOST_TASKS }))
      .catch((error: unknown) => {
        // Where SQS does not know of redrives, what went away was deleted.
        if (error instanceof Error && UNKNOWN_ACTION.has(error.name)) return { Results: [] };
        throw error;
      });
    return Results.filter(({ DestinationArn = queueArn }) => DestinationArn === queueArn).map(
      ({ StartedTimestamp = 0, ApproximateNumberOfMessagesMoved: moved = 0, Status }) => ({
        startedAt: Math.floor(StartedTimestamp / 1_000),
        moved,
        ...(Status === 'RUNNING' && { isRunning: true }),
      }),
    );
  }

  async ensureRules(buckets: readonly string[]): Promise<{ readonly changed: number }> {
    const { rulePrefix } = this.options;
    const existing = await this.rules.list(rulePrefix);
    const { rules, surplus } = planCaptureRules(rulePrefix, existing, buckets);
    let changed = 0;
    const now = Math.floor(this.now());
    for (const rule of rules) if (await this.rules.ensure(rule, existing, now)) changed++;
    for (const name of surplus) await this.rules.remove(name);
    return { changed: changed + surplus.length };
  }

  private now(): number {
    return this.options.now?.() ?? Date.now() / 1_000;
  }

  private async messagesOf(QueueUrl: string): Promise<number> {
    const { Attributes = {} } = await this.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: COUNTS }),
    );
    return COUNTS.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
  }

  /** The greatest value of a metric of a queue since an instant; undefined when CloudWatch has none. */
  private async greatest(queueUrl: string, MetricName: string, since: number): Promise<number | undefined> {
    const end = this.now();
    // Whole minutes: CloudWatch looks for points at the beginnings of periods.
    const start = Math.floor(Math.min(since, end - PERIOD_SECONDS) / PERIOD_SECONDS) * PERIOD_SECONDS;
    const { Datapoints = [] } = await this.cloudWatch.send(
      new GetMetricStatisticsCommand({
        Namespace: 'AWS/SQS',
        MetricName,
        Dimensions: [{ Name: 'QueueName', Value: queueUrl.slice(queueUrl.lastIndexOf('/') + 1) }],
        StartTime: new Date(start * 1_000),
        EndTime: new Date(end * 1_000),
        Period: Math.ceil((end - start) / PERIOD_SECONDS / (MOST_POINTS - 1)) * PERIOD_SECONDS,
        Statistics: ['Maximum'],
      }),
    );
    const values = Datapoints.map(({ Maximum = 0 }) => Maximum);
    return values.length > 0 ? Math.max(...values) : undefined;
  }
}
