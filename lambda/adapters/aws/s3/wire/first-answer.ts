import type { $Command, ServiceOutputTypes } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import type { FirstAttempt } from './known-routes';
import type { HttpResponse } from './wire';

/**
 * Gives a command what an attempt brought that was made already, as if the SDK had made it: it reads the answer, names the error, and
 * decides whether, when and how often to try again. Below all other middleware, so that the attempt is counted like any other.
 */
export function answerFirst<Input extends object, Output extends ServiceOutputTypes>(
  command: Pick<$Command<Input, Output, unknown>, 'middlewareStack'>,
  attempt: FirstAttempt,
): void {
  let pending: FirstAttempt | undefined = attempt;
  command.middlewareStack.add(
    (next) => (args) => {
      const first = pending;
      pending = undefined;
      if (!first) return next(args);
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what was thrown is thrown again, whatever it was
      if ('failure' in first) return Promise.reject(first.failure);
      return Promise.resolve({ response: first.response, output: undefined as never });
    },
    { step: 'deserialize', name: 'firstAnswer', priority: 'low' },
  );
}

/** Reads an answer at once: nobody would notice later that the connection was closed meanwhile. */
export async function readWhole(response: HttpResponse): Promise<FirstAttempt> {
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of response.body as Readable) pieces.push(piece as Uint8Array);
  } catch (failure) {
    return { failure };
  }
  return { response: Object.assign(response, { body: Readable.from(pieces) }) };
}
