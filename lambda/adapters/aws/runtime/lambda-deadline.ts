import type { Deadline } from '../../../ports/runtime';

/** The time left of a Lambda invocation, less what the worker needs to write its results. */
export const lambdaDeadline = (context: { getRemainingTimeInMillis(): number }, marginMillis: number): Deadline => ({
  remainingMillis: () => context.getRemainingTimeInMillis() - marginMillis,
});
