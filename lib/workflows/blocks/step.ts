import { Duration } from 'aws-cdk-lib';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as tasks from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import { FINAL_ERRORS } from '../../../lambda/contract/errors';
import { LAMBDA_TIMEOUT, type RuntimeFunction } from '../../private/runtime-function';

export interface StepProps {
  readonly comment: string;
  readonly payload: Record<string, unknown>;
  /** Where the answer goes. @default - it replaces the state */
  readonly resultPath?: string;
  /**
   * Whether a call must be over before it is tried again: a write that lands late, of a call whose answer got lost, would undo what
   * its successor has done since.
   *
   * @default false
   */
  readonly oneAtATime?: boolean;
}

/** The function was not called: the account's concurrency is used up, and frees up again. */
const NOT_CALLED = 'Lambda.TooManyRequestsException';
/** Faults of the Lambda service, not of our code. The call may run all the same, up to its timeout. */
const ANSWER_LOST = [
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
];

const BACK_OFF = { backoffRate: 2, jitterStrategy: sfn.JitterType.FULL, maxAttempts: 6 };

/** A step of a workflow: one call of a function of the runtime. Every step may run twice. */
export function step(scope: Construct, name: string, fn: RuntimeFunction, props: StepProps): tasks.LambdaInvoke {
  const task = new tasks.LambdaInvoke(scope, name, {
    comment: props.comment,
    lambdaFunction: fn.function,
    payload: sfn.TaskInput.fromObject(props.payload),
    payloadResponseOnly: true,
    retryOnServiceExceptions: false,
    resultPath: props.resultPath,
    // A call whose answer got lost would otherwise hold the execution for ever.
    taskTimeout: sfn.Timeout.duration(LAMBDA_TIMEOUT.plus(Duration.minutes(1))),
  });
  task.addRetry({ errors: [...FINAL_ERRORS], maxAttempts: 0 });
  const soon = { interval: Duration.seconds(2), maxDelay: Duration.minutes(2), ...BACK_OFF };
  if (props.oneAtATime) {
    task.addRetry({ errors: [NOT_CALLED], ...soon });
    task.addRetry({ errors: ANSWER_LOST, interval: LAMBDA_TIMEOUT, backoffRate: 1, maxAttempts: 3 });
  } else {
    task.addRetry({ errors: [...ANSWER_LOST, NOT_CALLED], ...soon });
  }
  task.addRetry({
    errors: [sfn.Errors.ALL],
    interval: Duration.seconds(1),
    maxDelay: Duration.minutes(1),
    ...BACK_OFF,
  });
  return task;
}

/** The execution's input as it was given, and the execution itself (StartInput of the contract). */
export const START_INPUT = {
  input: sfn.JsonPath.objectAt('$$.Execution.Input'),
  execution: {
    arn: sfn.JsonPath.stringAt('$$.Execution.Id'),
    name: sfn.JsonPath.stringAt('$$.Execution.Name'),
    startTime: sfn.JsonPath.stringAt('$$.Execution.StartTime'),
  },
};

/** All that a step between two fan-outs gets: everything that grows is in the scratch bucket. */
export const JOB_INPUT = { job: sfn.JsonPath.objectAt('$.job') };
