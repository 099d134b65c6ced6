import { Aspects, Aws, Duration, Fn, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct, type IConstruct } from 'constructs';
import {
  CAPTURE_ATTEMPTS,
  CAPTURE_TIMEOUT_SECONDS,
  CAPTURE_VISIBILITY_SECONDS,
} from '../../../lambda/contract/change-log-schema';
import { Env } from '../../../lambda/contract/env';
import { BUCKETS_PER_RULE, capturePattern, CHANGE_EVENTS, CONTINUOUS_EVENTS } from '../../../lambda/contract/events';
import { FunctionName } from '../../../lambda/contract/functions';
import { workflowFunction, type WorkflowContext } from '../../workflows/workflow';
import { VaultPart } from '../access/vault-access';
import type { RuntimeFunction } from '../runtime-function';
import { deadLetterQueue, MESSAGES_KEPT } from './dead-letter-queue';

const TIMEOUT = Duration.seconds(CAPTURE_TIMEOUT_SECONDS);
const VISIBILITY = Duration.seconds(CAPTURE_VISIBILITY_SECONDS);

/**
 * Events have whole seconds. A read that comes this much later comes after the last change of the event's second, so that
 * all events of one second tell the same.
 */
const DELIVERY_DELAY = Duration.seconds(5);

/** Lambda's limits of the concurrency of a queue. */
const LEAST_CONCURRENCY = 2;
const MOST_CONCURRENCY = 1_000;

/** A function that packs small objects holds some batches of them. */
const CAPTURE_MEMORY_MIB = 1_024;

/** Buckets with a rule of their own that a rule for all buckets can leave out, within the limit of a pattern. */
const MAX_LEFT_OUT = 20;

/** Beginning of the names of rules that are made at run time, after that of all rules of the vault. */
const FOUND = 'found-';

interface CapturedBucket {
  /** Undefined when the vault's stack cannot know it. */
  readonly name: string | undefined;
  /** Asked when the app is synthesized: until then its plan may still get rules. */
  readonly isContinuous: () => boolean;
}

/**
 * Events of protected buckets → queue → function → change log: about tags and ACLs, and, for continuous backup, about versions. The next
 * backup takes them from there.
 */
export class Capture extends Construct {
  readonly queue: sqs.Queue;
  /** Events that could not be delivered or failed five times. Backups miss what they report until they are redriven. */
  readonly deadLetterQueue: sqs.Queue;

  private readonly buckets: CapturedBucket[] = [];
  /** Names of the rules of this vault: of one stack, and of one vault in it. */
  private readonly rulePrefix: string;
  private written = false;

  constructor(
    scope: Construct,
    id: string,
    private readonly context: WorkflowContext,
  ) {
    super(scope, id);
    const stackHash = Fn.select(0, Fn.split('-', Fn.select(2, Fn.split('/', Aws.STACK_ID))));
    this.rulePrefix = `s3-backup-${stackHash}-${this.node.addr.slice(-8)}-`;
    const encryption = this.encryption();
    this.deadLetterQueue = deadLetterQueue(this, 'rules and a queue', encryption);
    this.queue = new sqs.Queue(this, 'Queue', {
      ...encryption,
      enforceSSL: true,
      retentionPeriod: MESSAGES_KEPT,
      visibilityTimeout: VISIBILITY,
      deliveryDelay: DELIVERY_DELAY,
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: CAPTURE_ATTEMPTS },
    });
    for (const queue of [this.queue, this.deadLetterQueue]) {
      queue.addToResourcePolicy(
        new iam.PolicyStatement({ ...this.byRules(), actions: ['sqs:SendMessage'], resources: [queue.queueArn] }),
      );
    }
    this.createFunction();
    Aspects.of(this).add({ visit: (node: IConstruct) => node === this && this.writeRules() });
  }

  add(bucket: CapturedBucket): void {
    this.buckets.push(bucket);
  }

  /** Lets a function see how far the capture lags, and whether its rules are there. */
  letSeeHealth(fn: RuntimeFunction): void {
    fn.setEnv(Env.captureQueueUrl, this.queue.queueUrl);
    fn.setEnv(Env.captureDeadLetterQueueUrl, this.deadLetterQueue.queueUrl);
    fn.setEnv(Env.captureQueueArn, this.queue.queueArn);
    fn.setEnv(Env.captureDeadLetterQueueArn, this.deadLetterQueue.queueArn);
    fn.setEnv(Env.captureRulePrefix, this.rulePrefix);
    fn.allow({
      actions: ['sqs:GetQueueAttributes'],
      resources: [this.queue.queueArn, this.deadLetterQueue.queueArn],
    });
    fn.allow({ actions: ['sqs:ListMessageMoveTasks'], resources: [this.deadLetterQueue.queueArn] });
    fn.allow({
      actions: ['cloudwatch:GetMetricStatistics'],
      resources: ['*'],
      reason: 'CloudWatch has no resource-level permissions for reading metrics',
    });
    this.letListRules(fn);
  }

  /** Lets a function make rules for buckets that the template cannot name. */
  letMakeRules(fn: RuntimeFunction): void {
    fn.setEnv(Env.captureQueueArn, this.queue.queueArn);
    fn.setEnv(Env.captureDeadLetterQueueArn, this.deadLetterQueue.queueArn);
    fn.setEnv(Env.captureRulePrefix, `${this.rulePrefix}${FOUND}`);
    fn.allow({
      actions: [
        'events:DeleteRule',
        'events:ListTargetsByRule',
        'events:PutRule',
        'events:PutTargets',
        'events:RemoveTargets',
      ],
      resources: [
        Stack.of(this).formatArn({
          service: 'events',
          resource: 'rule',
          resourceName: `${this.rulePrefix}${FOUND}*`,
        }),
      ],
      reason: 'rules that are created at run time, for buckets that are not known in advance',
    });
    this.letListRules(fn);
  }

  private letListRules(fn: RuntimeFunction): void {
    fn.allow({
      actions: ['events:ListRules'],
      resources: ['*'],
      reason: 'EventBridge has no resource-level permissions for listing rules',
    });
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
      description: 'Stores new versions, reads changed tags and ACLs, and records them in the change log',
      memoryMiB: CAPTURE_MEMORY_MIB,
      timeout: TIMEOUT,
    });
    context.sources.readObjects(fn);
    context.sources.describe(fn);
    context.vault.readVault(fn, VaultPart.objects);
    context.vault.writeVault(fn, VaultPart.packs, VaultPart.objects);
    context.vault.writeChanges(fn);
    fn.setEnv(Env.packThreshold, String(context.packThresholdBytes));
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
    const continuous = this.buckets.filter(({ isContinuous }) => isContinuous());
    const named = namesOf(continuous);
    inRules(named, (names, n) => {
      this.rule(`Continuous${n}`, CONTINUOUS_EVENTS, names, `${this.rulePrefix}named-${n}`);
    });
    const periodic = this.buckets.filter((bucket) => !continuous.includes(bucket));
    if (periodic.some(({ name }) => name === undefined)) {
      // An event that two rules match is captured once.
      const leftOut = named.length <= MAX_LEFT_OUT ? named : [];
      const others = [vaultBucket.bucketName, scratchBucket.bucketName, ...leftOut];
      this.rule('AllBuckets', Object.keys(CHANGE_EVENTS), [{ 'anything-but': others }]);
      return;
    }
    inRules(
      namesOf(periodic).filter((name) => !named.includes(name)),
      (names, n) => this.rule(`Buckets${n}`, Object.keys(CHANGE_EVENTS), names),
    );
  }

  private rule(id: string, detailTypes: readonly string[], names: readonly unknown[], ruleName?: string): void {
    new events.CfnRule(this, id, {
      name: ruleName,
      description: `Forwards bucket changes to the backup vault ${this.context.commonEnv[Env.vaultName] ?? ''}`,
      eventPattern: capturePattern(Stack.of(this).account, detailTypes, names),
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

/** Names of buckets, each once. */
const namesOf = (buckets: readonly CapturedBucket[]): string[] => [
  ...new Set(buckets.flatMap(({ name }) => (name === undefined ? [] : [name]))),
];

function inRules(names: readonly string[], write: (some: readonly string[], number: number) => void): void {
  for (let at = 0; at < names.length; at += BUCKETS_PER_RULE) {
    write(names.slice(at, at + BUCKETS_PER_RULE), at / BUCKETS_PER_RULE);
  }
}
