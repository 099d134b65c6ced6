import type { Executions } from '../../ports/runtime';

const STATE_MACHINE = 'arn:aws:states:us-east-1:111111111111:execution:backup';

/** Executions that only remember what was started and which of them still run. */
export class MemoryExecutions implements Executions {
  /** ARNs of executions that still run; tests add and delete. */
  readonly running = new Set<string>();
  readonly started: { readonly name: string; readonly input: unknown; readonly executionArn: string }[] = [];

  isRunning(executionArn: string): Promise<boolean> {
    return Promise.resolve(this.running.has(executionArn));
  }

  inputOf(executionArn: string): Promise<unknown> {
    return Promise.resolve(this.started.find((execution) => execution.executionArn === executionArn)?.input);
  }

  start({ name, input }: { name: string; input: unknown }): Promise<{ executionArn: string }> {
    const executionArn = `${STATE_MACHINE}:${name}`;
    if (!this.started.some((execution) => execution.name === name)) {
      this.started.push({ name, input, executionArn });
      this.running.add(executionArn);
    }
    return Promise.resolve({ executionArn });
  }
}
