import { Aspects, Duration, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct, type IConstruct } from 'constructs';
import { CAPTURE_TIMEOUT_SECONDS } from '../../lambda/contract/change-log-schema';
import { Env } from '../../lambda/contract/env';
import { CHANGE_EVENTS } from '../../lambda/contract/events';
import { FunctionName } from '../../lambda/contract/functions';
import { workflowFunction, type WorkflowContext } from '../workflows/workflow';
import { deadLetterQueue, MESSAGES_KEPT } from './dead-letter-queue';

/**
 * A pattern has at most 2,048 characters (quota of EventBridge). All but the names takes 200 of them, a name at most
 * 63 + 3, so 28 would fit.
 */
const BUCKETS_PER_RULE = 25;

const TIMEOUT = Duration.seconds(CAPTURE_TIMEOUT_SECONDS);
/** AWS asks for six times the function's timeout, and the batch window. */
const VISIBILITY = Duration.seconds(6 * CAPTURE_TIMEOUT_SECONDS + 60);

/**
 * Events have whole seconds. A read that comes this much later comes after the last change of the event's second, so that
 * all events of one second tell the same.
 */
const DELIVERY_DELAY = Duration.seconds(5);

/** Lambda's limits of the concurrency of a queue. */
const LEAST_CONCURRENCY = 2;
const MOST_CONCURRENCY = 1_000;

/** Events of protected buckets about tags and ACLs → queue → function → change log. The next backup takes them from there. */
export class Capture extends Construct {
  readonly queue: sqs.Queue;
  /** Events that could not be delivered, and those that failed five times: what they tell of is missing in backups until redriven. */
  readonly deadLetterQueue: sqs.Queue;

  private readonly names = new Set<string>();
  private unlisted = false;
  private written = false;

  constructor(
    scope: Construct,
    id: string,
    private readonly context: WorkflowContext,
  ) {
    super(scope, id);
    const encryption = this.encryption();
    this.deadLetterQueue = deadLetterQueue(this, 'rules and a queue', encryption);
    this.queue = new sqs.Queue(this, 'Queue', {
      ...encryption,
      enforceSSL: true,
      retentionPeriod: MESSAGES_KEPT,
      visibilityTimeout: VISIBILITY,
      deliveryDelay: DELIVERY_DELAY,
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: 5 },
    });
    for (const queue of [this.queue, this.deadLetterQueue]) {
      queue.addToResourcePolicy(
        new iam.PolicyStatement({ ...this.byRules(), actions: ['sqs:SendMessage'], resources: [queue.queueArn] }),
      );
    }
    this.createFunction();
    Aspects.of(this).add({ visit: (node: IConstruct) => node === this && this.writeRules() });
  }

  /** A protected bucket; without a name when the vault's stack cannot know it. */
  add(bucketName: string | undefined): void {
    if (bucketName === undefined) {
      this.unlisted = true;
    } else {
      this.names.add(bucketName);
    }
  }

  /** The vault's key, if its policy lets EventBridge use it: where that cannot be had, events would be lost. */
  private encryption(): sqs.QueueProps {
    const { encryptionKey } = this.context.storage;
    const { statementAdded } = encryptionKey.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'CaptureEvents',
        ...this.byRules(),
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
      }),
    );
    return statementAdded
      ? { encryption: sqs.QueueEncryption.KMS, encryptionMasterKey: encryptionKey, dataKeyReuse: Duration.hours(1) }
      : { encryption: sqs.QueueEncryption.SQS_MANAGED };
  }

  private byRules(): { principals: iam.IPrincipal[]; conditions: Record<string, Record<string, string>> } {
    return {
      principals: [new iam.ServicePrincipal('events.amazonaws.com')],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
    };
  }

  private createFunction(): void {
    const { context } = this;
    const fn = workflowFunction(this, 'Handler', FunctionName.captureChanges, context, {
      description: 'Reads tags and ACLs that changed, and logs them',
      timeout: TIMEOUT,
    });
    context.sources.readObjects(fn);
    context.vault.writeChanges(fn);
    fn.function.addEventSource(
      new SqsEventSource(this.queue, {
        batchSize: 100,
        maxBatchingWindow: Duration.seconds(30),
        reportBatchItemFailures: true,
        maxConcurrency: Math.min(Math.max(context.maxConcurrency, LEAST_CONCURRENCY), MOST_CONCURRENCY),
      }),
    );
  }

  /** When the app is synthesized: until then plans may still add selections. */
  private writeRules(): void {
    if (this.written) {
      return;
    }
    this.written = true;
    const { vaultBucket, scratchBucket } = this.context.storage;
    const names = [...this.names];
    if (this.unlisted) {
      this.rule('AllBuckets', [{ 'anything-but': [vaultBucket.bucketName, scratchBucket.bucketName] }]);
      return;
    }
    for (let at = 0; at < names.length; at += BUCKETS_PER_RULE) {
      this.rule(`Buckets${at / BUCKETS_PER_RULE}`, names.slice(at, at + BUCKETS_PER_RULE));
    }
  }

  private rule(id: string, names: readonly unknown[]): void {
    new events.CfnRule(this, id, {
      description: `Tag and ACL changes for the backup vault ${this.context.commonEnv[Env.vaultName] ?? ''}`,
      eventPattern: {
        source: ['aws.s3'],
        account: [Stack.of(this).account],
        'detail-type': Object.keys(CHANGE_EVENTS),
        detail: { bucket: { name: names } },
      },
      state: 'ENABLED',
      targets: [
        {
          id: 'Queue',
          arn: this.queue.queueArn,
          deadLetterConfig: { arn: this.deadLetterQueue.queueArn },
        },
      ],
    });
  }
}
