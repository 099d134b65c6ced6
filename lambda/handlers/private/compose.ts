import type { Context } from 'aws-lambda';
import { DynamoCatalog } from '../../adapters/aws/dynamodb/dynamo-catalog';
import { DynamoChangeLog } from '../../adapters/aws/dynamodb/dynamo-change-log';
import { AwsCaptureControl } from '../../adapters/aws/events/aws-capture-control';
import { EventBridgePublisher } from '../../adapters/aws/events/event-bridge-publisher';
import { SsmBucketClaims } from '../../adapters/aws/events/ssm-bucket-claims';
import { lambdaDeadline } from '../../adapters/aws/runtime/lambda-deadline';
import { PowertoolsLog } from '../../adapters/aws/runtime/powertools-log';
import { PowertoolsMetrics } from '../../adapters/aws/runtime/powertools-metrics';
import { SfnExecutions } from '../../adapters/aws/runtime/sfn-executions';
import { AwsBucketAdmin } from '../../adapters/aws/s3/aws-bucket-admin';
import { AwsObjectStore } from '../../adapters/aws/s3/aws-object-store';
import { TaggedBuckets } from '../../adapters/aws/s3/tagged-buckets';
import { cachedBucketAdmin } from '../../adapters/cached-bucket-admin';
import { steadyPace } from '../../adapters/steady-pace';
import { DEADLINE_MARGIN_MS, Env } from '../../contract/env';
import { BackupPorts, BackupSettings, DEFAULT_SETTINGS, Deployment, type RestorePorts } from '../../usecases/context';
import { Vault } from '../../usecases/vault/vault';
import { Scratch } from '../../usecases/work/turns';

/** What the runtime tells of an invocation. */
export type Invocation = Pick<Context, 'getRemainingTimeInMillis'>;

/** A function has the variables of what it may touch; a use case that asks for more would be refused by IAM anyway. */
const text = (name: string): string => process.env[name] ?? '';
const number = (name: string, otherwise: number): number => {
  const value = process.env[name];
  return value === undefined || value === '' ? otherwise : Number(value);
};

function deployment(): Deployment {
  const vaultArn = text(Env.vaultArn);
  return {
    vaultName: text(Env.vaultName),
    vaultArn,
    vaultBucket: text(Env.vaultBucket),
    scratchBucket: text(Env.scratchBucket),
    accountId: text(Env.accountId),
    region: text('AWS_REGION'),
    partition: vaultArn.split(':')[1] ?? 'aws',
  };
}

const settings = (): BackupSettings => ({
  ...DEFAULT_SETTINGS,
  packThreshold: number(Env.packThreshold, DEFAULT_SETTINGS.packThreshold),
  copyPartSize: number(Env.copyPartSize, DEFAULT_SETTINGS.copyPartSize),
  rangeWeight: number(Env.rangeWeight, DEFAULT_SETTINGS.rangeWeight),
  pageSegments: number(Env.pageSegments, DEFAULT_SETTINGS.pageSegments),
  settleSeconds: number(Env.settleSeconds, DEFAULT_SETTINGS.settleSeconds),
  deliverySeconds: number(Env.deliverySeconds, DEFAULT_SETTINGS.deliverySeconds),
  startSeconds: number(Env.startSeconds, DEFAULT_SETTINGS.startSeconds),
  maxConcurrency: number(Env.maxConcurrency, DEFAULT_SETTINGS.maxConcurrency),
  markerRemoval: text(Env.markerRemoval) === 'true',
  maxSourceRequestsPerSecond: number(Env.maxSourceRequestsPerSecond, Number.NaN) || undefined,
});

const captureControl = (): AwsCaptureControl =>
  new AwsCaptureControl({
    queueUrl: text(Env.captureQueueUrl),
    deadLetterQueueUrl: text(Env.captureDeadLetterQueueUrl),
    queueArn: text(Env.captureQueueArn),
    deadLetterQueueArn: text(Env.captureDeadLetterQueueArn),
    rulePrefix: text(Env.captureRulePrefix),
    accountId: text(Env.accountId),
    vaultName: text(Env.vaultName),
  });

/** Clients live as long as the Lambda's environment: connections are kept between invocations. */
function lasting() {
  const facts = deployment();
  const { accountId, partition, vaultBucket, scratchBucket } = facts;
  const buckets = new AwsBucketAdmin({ accountId, partition });
  const store = (): AwsObjectStore => new AwsObjectStore({ accountId });
  return {
    deployment: facts,
    settings: settings(),
    vault: new Vault(store(), vaultBucket),
    scratch: new Scratch(store(), scratchBucket),
    buckets,
    cachedBuckets: cachedBucketAdmin(buckets),
    catalog: new DynamoCatalog({ tableName: text(Env.catalogTable) }),
    changeLog: new DynamoChangeLog({ tableName: text(Env.changeLogTable) }),
    captureControl: captureControl(),
    claims: new SsmBucketClaims(),
    events: new EventBridgePublisher(),
    executions: new SfnExecutions({ stateMachineArn: text(Env.backupStateMachineArn) }),
    log: new PowertoolsLog(),
    metrics: new PowertoolsMetrics({ vaultName: facts.vaultName, perBucket: text(Env.bucketMetrics) === 'true' }),
    pace: steadyPace,
    protectedBucket: store(),
  };
}
let made: ReturnType<typeof lasting> | undefined;

const deadline = (context: Invocation) => lambdaDeadline(context, number(Env.deadlineMargin, DEADLINE_MARGIN_MS));

/** The ports of a step of the Backup workflow. */
export function backupPorts(context: Invocation): BackupPorts {
  made ??= lasting();
  const { protectedBucket: source, ...ports } = made;
  return { ...ports, source, deadline: deadline(context) };
}

/** The ports of a step of the Restore workflow. */
export function restorePorts(context: Invocation): RestorePorts {
  made ??= lasting();
  const { protectedBucket: destination, ...ports } = made;
  return { ...ports, destination, deadline: deadline(context) };
}

/** The ports of the function that captures changes. It asks of the same few buckets again and again. */
export function capturePorts(context: Invocation) {
  made ??= lasting();
  const {
    protectedBucket: source,
    cachedBuckets: buckets,
    changeLog,
    log,
    metrics,
    vault,
    deployment,
    settings,
  } = made;
  return { source, changeLog, log, metrics, vault, buckets, deployment, settings, deadline: deadline(context) };
}

/** The ports of the function that a schedule starts: it knows no vault. */
export const startPorts = () => ({
  executions: new SfnExecutions({ stateMachineArn: text(Env.backupStateMachineArn) }),
  upkeep: new SfnExecutions({ stateMachineArn: text(Env.upkeepStateMachineArn) }),
  captureControl: captureControl(),
  tags: new TaggedBuckets(),
  log: new PowertoolsLog(),
  ownBuckets: [text(Env.vaultBucket), text(Env.scratchBucket)],
});
