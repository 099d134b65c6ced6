import type { $Command, ServiceOutputTypes } from '@aws-sdk/client-s3';
import { isStoreError } from '../../../../ports/object-store';
import { isErrorLike, storeError } from './store-errors';

/** A request that may have had its effect. It has no cause: the SDK would look there for a reason to make the request again. */
class UnknownOutcome extends Error {
  constructor(error: unknown) {
    super(isErrorLike(error) ? `${error.name}: ${error.message}` : 'no answer');
    this.name = 'UnknownOutcome';
  }
}

/**
 * Keeps the SDK from repeating a write whose second attempt would do the same once more: a delete marker on top of a marker, or an object over
 * one with the same ETag. Whoever asked for it has to look. What S3 refused for its rate was not done, and is repeated.
 */
export function attemptOnce<Input extends object, Output extends ServiceOutputTypes>(
  command: Pick<$Command<Input, Output, unknown>, 'middlewareStack'>,
): void {
  command.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        throw isStoreError(storeError(error, ''), 'unavailable') ? new UnknownOutcome(error) : error;
      }
    },
    { step: 'finalizeRequest', name: 'attemptOnce', priority: 'low' },
  );
}
