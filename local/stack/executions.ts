import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { clientConfig, type Endpoint } from '../service/aws-env';
import { eventually } from '../service/process-group';
import { inParallel } from '../support/parallel';

const executionLimitMs = 10 * 60_000;
const requestsAtOnce = 8;

/** How an execution ended. */
export interface Ended<Output> {
  readonly arn: string;
  readonly status: string;
  /** Of an execution that succeeded. */
  readonly output?: Output;
  /** Name and sentence of one that failed. */
  readonly error?: string;
  readonly cause?: string;
}

/** A state machine whose executions are jobs. */
export class Workflow<Output> {
  private readonly sfn: SFNClient;

  constructor(
    engine: Endpoint,
    readonly stateMachineArn: string,
  ) {
    this.sfn = new SFNClient(clientConfig(engine));
  }

  async start(input: unknown, name?: string): Promise<string> {
    const { executionArn = '' } = await this.sfn.send(
      new StartExecutionCommand({ stateMachineArn: this.stateMachineArn, name, input: JSON.stringify(input) }),
    );
    return executionArn;
  }

  async ended(arn: string): Promise<Ended<Output>> {
    const describe = () => this.sfn.send(new DescribeExecutionCommand({ executionArn: arn }));
    if (!(await eventually(async () => (await describe()).status !== 'RUNNING', executionLimitMs)))
      throw new Error(`execution ${arn} still runs after ${executionLimitMs / 1000} s`);
    const { status = '', output, error, cause } = await describe();
    return {
      arn,
      status,
      output: status === 'SUCCEEDED' ? (JSON.parse(output ?? 'null') as Output) : undefined,
      error,
      cause,
    };
  }

  async run(input: unknown): Promise<Ended<Output>> {
    return this.ended(await this.start(input));
  }

  /** The output of a job that has to succeed. */
  async succeed(input: unknown): Promise<Output & { readonly executionArn: string }> {
    const { arn, status, output, error = '', cause = '' } = await this.run(input);
    if (output === undefined) throw new Error(`the job ended as ${status}: ${error}: ${cause}`);
    return { ...output, executionArn: arn };
  }

  /** State transitions of an execution, which is what Step Functions charges for. */
  async transitions(arn: string): Promise<number> {
    return (await this.enteredStates(arn)).length;
  }

  /** Names of the states that an execution went through, in order. */
  async enteredStates(arn: string): Promise<string[]> {
    const names: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await this.sfn.send(new GetExecutionHistoryCommand({ executionArn: arn, nextToken }));
      names.push(...(page.events ?? []).flatMap(({ stateEnteredEventDetails: state }) => state?.name ?? []));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return names;
  }

  /** Inputs of all executions so far, newest first. */
  async inputs(): Promise<{ readonly arn: string; readonly input: unknown }[]> {
    const { executions = [] } = await this.sfn.send(
      new ListExecutionsCommand({ stateMachineArn: this.stateMachineArn, maxResults: 1000 }),
    );
    return inParallel(executions, requestsAtOnce, async ({ executionArn: arn = '' }) => {
      const { input } = await this.sfn.send(new DescribeExecutionCommand({ executionArn: arn }));
      return { arn, input: JSON.parse(input ?? 'null') as unknown };
    });
  }

  async stop(arn: string): Promise<void> {
    await this.sfn.send(new StopExecutionCommand({ executionArn: arn }));
  }

  destroy(): void {
    this.sfn.destroy();
  }
}
