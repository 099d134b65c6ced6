import { CliError, Exit } from '../output/errors';
import type { ExecutionProgress, ExecutionState } from './clients';
import type { Context } from './context';
import type { Phase } from './phases';
import { progressDisplay, ProgressDisplay } from './progress';

/** An execution that a command has started. */
export interface Started {
  readonly executionArn: string;
  /** The bucket under which `jobs` lists it. */
  readonly bucket: string;
  /** What runs, as the subject of a sentence: `the backup`. */
  readonly what: string;
  /** What it does to the bucket: `Backing up`. */
  readonly title: string;
  readonly phases: readonly Phase[];
}

const FIRST_POLL_MS = 500;
/** Step Functions allows 15 DescribeExecution calls a second in all of an account. */
const SLOWEST_POLL_MS = 5_000;
const POLL_GROWTH = 1.3;
/** Failures in a row after which the execution is left alone. The SDK has tried each several times. */
const MAX_FAILURES = 5;

/** Waits for the end of an execution and answers its output. Anything but success is thrown. */
export async function follow(context: Context, started: Started): Promise<unknown> {
  const { io } = context;
  const interrupt = new AbortController();
  const interrupted = new Promise<undefined>((resolve) =>
    interrupt.signal.addEventListener('abort', () => resolve(undefined)),
  );
  const stopListening = io.onInterrupt(() => interrupt.abort());
  const display = progressDisplay(io, `${started.title} ${started.bucket}`, started.phases);
  let state: ExecutionState | undefined;
  try {
    state = await Promise.race([watch(context, started, display, interrupt.signal), interrupted]);
  } finally {
    display.stop();
    stopListening();
  }
  if (!state) throw interruption(context, started);
  return outputOf(state, started);
}

async function watch(
  { io, clients: { executions } }: Context,
  started: Started,
  display: ProgressDisplay,
  signal: AbortSignal,
): Promise<ExecutionState | undefined> {
  let pause = FIRST_POLL_MS;
  let failures = 0;
  let mayLook = true;
  while (!signal.aborted) {
    try {
      const state = await executions.describe(started.executionArn);
      failures = 0;
      if (state.status !== 'RUNNING' && state.status !== 'PENDING_REDRIVE') return state;
      const progress: ExecutionProgress | undefined = mayLook
        ? await executions.progress(started.executionArn).catch(() => undefined)
        : undefined;
      // Who may not read the history is not asked again; the clock still runs.
      mayLook = progress !== undefined;
      display.show(progress ?? {});
    } catch (error) {
      if (++failures >= MAX_FAILURES) throw lostSight(error, started);
    }
    await io.sleep(pause, signal);
    pause = Math.min(pause * POLL_GROWTH, SLOWEST_POLL_MS);
  }
  return undefined;
}

function outputOf({ status, output, error, cause }: ExecutionState, started: Started): unknown {
  const { executionArn, what } = started;
  if (status === 'SUCCEEDED') return JSON.parse(output ?? '{}');
  const details = { executionArn };
  if (status === 'FAILED')
    throw new CliError(
      error ?? 'ExecutionFailed',
      cause ?? `the execution failed without a cause: see execution ${executionArn}`,
      Exit.failed,
      details,
    );
  const isAborted = status === 'ABORTED';
  throw new CliError(
    isAborted ? 'ExecutionAborted' : 'ExecutionTimedOut',
    `${what} ${isAborted ? 'was stopped' : 'timed out'}: see execution ${executionArn}`,
    Exit.failed,
    { ...details, status },
  );
}

const lostSight = (error: unknown, { what, executionArn }: Started): CliError => {
  const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new CliError(
    'ExecutionOutOfSight',
    `${what} continues, but its state cannot be read (${why}): see execution ${executionArn}`,
    Exit.failed,
    {
      executionArn,
      status: 'RUNNING',
    },
  );
};

function interruption({ vaultName }: Context, { what, bucket, executionArn }: Started): CliError {
  const text = [
    `${what} continues without this command`,
    `  see its state: s3-backup --vault ${vaultName} jobs ${bucket}`,
    `  or:            aws stepfunctions describe-execution --execution-arn ${executionArn}`,
    `  stop it:       aws stepfunctions stop-execution --execution-arn ${executionArn}`,
  ];
  return new CliError('Interrupted', text.join('\n'), Exit.interrupted, { executionArn, status: 'RUNNING' });
}
