import {
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  InvalidArn,
  SFNClient,
  type SFNClientConfig,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { Executions } from '../../../ports/runtime';

const RUNNING: readonly string[] = ['RUNNING', 'PENDING_REDRIVE'];

export interface SfnExecutionsOptions {
  /** The state machine that `start` runs; not needed to ask about executions. */
  readonly stateMachineArn?: string;
  readonly client?: SFNClientConfig;
}

export class SfnExecutions implements Executions {
  private readonly client: SFNClient;
  private readonly stateMachineArn: string | undefined;

  constructor({ stateMachineArn, client = {} }: SfnExecutionsOptions = {}) {
    this.client = new SFNClient(client);
    this.stateMachineArn = stateMachineArn;
  }

  async isRunning(executionArn: string): Promise<boolean> {
    return RUNNING.includes((await this.describe(executionArn))?.status ?? '');
  }

  async inputOf(executionArn: string): Promise<unknown> {
    const input = (await this.describe(executionArn))?.input;
    return input === undefined ? undefined : (JSON.parse(input) as unknown);
  }

  async start({ name, input }: { name: string; input: unknown }): Promise<{ executionArn: string }> {
    const { stateMachineArn } = this;
    if (stateMachineArn === undefined)
      throw new Error('no state machine is configured for this function, so no execution can be started');
    try {
      const command = new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) });
      const { executionArn = '' } = await this.client.send(command);
      return { executionArn };
    } catch (error) {
      if (!(error instanceof ExecutionAlreadyExists)) throw error;
      return { executionArn: `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}` };
    }
  }

  private async describe(executionArn: string): Promise<DescribeExecutionOutput | undefined> {
    try {
      return await this.client.send(new DescribeExecutionCommand({ executionArn }));
    } catch (error) {
      // Step Functions forgets executions after 90 days.
      if (error instanceof ExecutionDoesNotExist || error instanceof InvalidArn) return undefined;
      throw error;
    }
  }
}
