import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { clientConfig, type Endpoint } from './aws-env';
import { eventually } from './process-group';

const executionLimitMs = 120_000;

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
    return (await this.history(arn)).filter((type) => type.endsWith('StateEntered')).length;
  }

  /** Types of the events of an execution, oldest first. */
  async history(arn: string): Promise<string[]> {
    const types: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await this.sfn.send(new GetExecutionHistoryCommand({ executionArn: arn, nextToken }));
      types.push(...(page.events ?? []).map(({ type = '' }) => type));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return types;
  }

  destroy(): void {
    this.sfn.destroy();
  }
}
