import type { Duration } from 'aws-cdk-lib';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { Env } from '../../lambda/contract/env';
import type { FunctionNameValue } from '../../lambda/contract/functions';
import type { DestinationAccess } from '../private/access/foreign-access';
import type { SourceAccess } from '../private/access/source-access';
import type { VaultAccess } from '../private/access/vault-access';
import { RuntimeFunction } from '../private/runtime-function';
import type { VaultStorage } from '../private/vault-storage';

/** A workflow of a backup vault. */
export interface IWorkflow {
  /**
   * State machine of the workflow. Each execution is a job. The comment of its definition, which the
   * console shows, documents the input.
   */
  readonly stateMachine: sfn.StateMachine;
}

/** What a vault gives its workflows. */
export interface WorkflowContext {
  readonly storage: VaultStorage;
  readonly vault: VaultAccess;
  readonly sources: SourceAccess;
  readonly destinations: DestinationAccess;
  readonly maxConcurrency: number;
  readonly maxSourceRequestsPerSecond: number;
  readonly packThresholdBytes: number;
  /** Whether a rollback may permanently remove delete markers. */
  readonly allowMarkerRemoval: boolean;
  readonly logRetention: logs.RetentionDays;
  readonly commonEnv: Readonly<Record<string, string>>;
  /** Gets every function, so that the vault knows its own roles. */
  readonly register: (fn: RuntimeFunction) => void;
}

export interface WorkflowFunctionProps {
  readonly description: string;
  readonly memoryMiB?: number;
  readonly timeout?: Duration;
  readonly deadLetterQueue?: sqs.IQueue;
}

/** A function of a workflow, with what all of them have in common. */
export function workflowFunction(
  scope: Construct,
  id: string,
  name: FunctionNameValue,
  context: WorkflowContext,
  props: WorkflowFunctionProps,
): RuntimeFunction {
  const fn = new RuntimeFunction(scope, id, name, {
    ...props,
    common: {
      ...context.commonEnv,
      [Env.vaultBucket]: context.storage.vaultBucket.bucketName,
      [Env.scratchBucket]: context.storage.scratchBucket.bucketName,
    },
    logRetention: context.logRetention,
  });
  context.register(fn);
  return fn;
}
