import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Env, NODE_OPTIONS } from '../../lambda/contract/env';
import type { FunctionNameValue } from '../../lambda/contract/functions';
import { acknowledgeWildcards } from './nag';

/** Lambda's limit. No unit outlives it: a worker saves its cursor and is called again. */
export const LAMBDA_TIMEOUT = Duration.minutes(15);

/** Memory that gives one vCPU. */
export const ONE_VCPU_MIB = 1769;

export interface RuntimeFunctionProps {
  readonly description: string;
  /** Environment that every function of the vault gets. */
  readonly common: Readonly<Record<string, string>>;
  readonly logRetention: logs.RetentionDays;
  /** @default 512 */
  readonly memoryMiB?: number;
  /** @default LAMBDA_TIMEOUT */
  readonly timeout?: Duration;
  readonly deadLetterQueue?: sqs.IQueue;
}

/** One statement of a function's role. */
export interface Allowance {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Why the resources end in `*`: goes to the record that cdk-nag reads. */
  readonly reason?: string;
}

/**
 * A Lambda function of the runtime: the only place where one is made. It has its own role, which can write its log and
 * nothing else until `allow` says so, and its own log group, which goes with the stack (reports of jobs are in the vault).
 */
export class RuntimeFunction extends Construct {
  readonly function: lambda.Function;
  readonly role: iam.Role;

  constructor(scope: Construct, id: string, name: FunctionNameValue, props: RuntimeFunctionProps) {
    super(scope, id);
    this.role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    const logGroup = new logs.LogGroup(this, 'Logs', {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.allow({
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [logGroup.logGroupArn],
      reason: 'the ARN of a log group ends in :*, which stands for its log streams',
    });
    this.function = new lambda.Function(this, 'Function', {
      description: props.description,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      code: lambda.Code.fromAsset(bundleOf(name)),
      handler: 'index.handler',
      role: this.role,
      logGroup,
      memorySize: props.memoryMiB ?? 512,
      timeout: props.timeout ?? LAMBDA_TIMEOUT,
      deadLetterQueue: props.deadLetterQueue,
      environment: { ...props.common, [Env.accountId]: Stack.of(this).account, NODE_OPTIONS },
    });
  }

  allow(allowance: Allowance): void {
    this.role.addToPrincipalPolicy(
      new iam.PolicyStatement({
        actions: [...allowance.actions],
        resources: [...allowance.resources],
        conditions: allowance.conditions,
      }),
    );
    if (allowance.reason !== undefined) {
      acknowledgeWildcards(this.role, allowance.resources, allowance.reason);
    }
  }

  deny(actions: readonly string[], resources: readonly string[]): void {
    this.role.addToPrincipalPolicy(
      new iam.PolicyStatement({ effect: iam.Effect.DENY, actions: [...actions], resources: [...resources] }),
    );
  }

  setEnv(name: string, value: string): void {
    this.function.addEnvironment(name, value);
  }
}

/** Folder of a function's bundle, beside `lib/` in the repository and in the package. */
function bundleOf(name: FunctionNameValue): string {
  const folder = join(__dirname, '..', '..', 'assets', name);
  if (!existsSync(join(folder, 'index.js'))) {
    throw new Error(`the bundle of the function ${name} is missing: run "npm run build" in cdk-s3-backup`);
  }
  return folder;
}
