import { ArnFormat, Aws, Fn, Names, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { acknowledge, acknowledgeWildcards } from '../../private/nag';
import type { RuntimeFunction } from '../../private/runtime-function';
import type { VaultStorage } from '../../private/vault-storage';

export interface WorkflowStateMachineProps {
  /** Shown by the console where an execution is started: documents the input. */
  readonly comment: string;
  readonly definition: sfn.IChainable;
  readonly functions: readonly RuntimeFunction[];
  /** Labels of the maps, which are part of the names of their children. */
  readonly mapLabels: readonly string[];
  readonly storage: VaultStorage;
  readonly logRetention: logs.RetentionDays;
}

/** The state machine of a workflow, with its log and the permissions that its maps need. */
export function workflowStateMachine(scope: Construct, props: WorkflowStateMachineProps): sfn.StateMachine {
  const stateMachine = new sfn.StateMachine(scope, 'StateMachine', {
    comment: props.comment,
    definitionBody: sfn.DefinitionBody.fromChainable(props.definition),
    stateMachineType: sfn.StateMachineType.STANDARD,
    tracingEnabled: true,
    logs: {
      level: sfn.LogLevel.ERROR,
      destination: new logs.LogGroup(scope, 'Logs', {
        // Log groups under this prefix share one entry of the account's log policy, whose size is limited.
        logGroupName: `/aws/vendedlogs/states/${Names.uniqueResourceName(scope, { maxLength: 100 })}`,
        retention: props.logRetention,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
    },
  });
  // The CDK gives the map's reader and writer the bucket, but not its key (aws-cdk issue 32144).
  props.storage.encryptionKey.grant(stateMachine, 'kms:Decrypt', 'kms:GenerateDataKey');

  acknowledge(
    stateMachine,
    'AwsSolutions-SF1',
    'the execution history has every event; logging all of them would bill each unit of a large job twice',
  );
  acknowledgeGrants(stateMachine, props);
  return stateMachine;
}

/** What the CDK gives a state machine for its tasks and maps. */
function acknowledgeGrants(stateMachine: sfn.StateMachine, props: WorkflowStateMachineProps): void {
  acknowledgeWildcards(
    stateMachine,
    props.functions.map((fn) => `${fn.function.functionArn}:*`),
    'versions of a function of the vault, which the CDK grants with the function',
  );
  acknowledgeWildcards(
    stateMachine,
    [
      `arn:${Aws.PARTITION}:s3:::${props.storage.scratchBucket.bucketName}/*`,
      props.storage.scratchBucket.arnForObjects('*'),
    ],
    'each job has its own folder for lists of units and results of maps, which is not known in advance',
  );
  const executions = Stack.of(stateMachine).formatArn({
    service: 'states',
    resource: 'execution',
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    resourceName: Fn.select(6, Fn.split(':', stateMachine.stateMachineArn)),
  });
  acknowledgeWildcards(
    stateMachine,
    [`${executions}:*`, ...props.mapLabels.map((label) => `${executions}/${label}:*`)],
    'the children of the maps of this one state machine',
  );
  acknowledgeWildcards(stateMachine, ['*'], 'X-Ray and log delivery have no resource-level permissions');
}

/** ARN pattern of all executions of a state machine. */
export const executionsOf = (stateMachine: sfn.StateMachine): string =>
  Stack.of(stateMachine).formatArn({
    service: 'states',
    resource: 'execution',
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    resourceName: `${stateMachine.stateMachineName}:*`,
  });

/**
 * Lets a step ask whether an execution of the state machine still runs. A policy of its own, because the state machine needs the
 * function, and the function waits for the policies of its role.
 */
export function letSeeExecutions(scope: Construct, stateMachine: sfn.StateMachine, fn: RuntimeFunction): void {
  const executions = executionsOf(stateMachine);
  const policy = new iam.Policy(scope, 'DescribeExecutions', {
    statements: [new iam.PolicyStatement({ actions: ['states:DescribeExecution'], resources: [executions] })],
    roles: [fn.role],
  });
  acknowledgeWildcards(policy, [executions], 'executions of this one state machine');
}
