import { isStoreError, StoreError } from '../../../../ports/object-store';
import { statusOf } from './store-errors';

/** Answers to HEAD have no body: a clock that is wrong, a token that has expired and a refusal look alike. */
export const isUnexplained = (error: unknown): error is StoreError =>
  isStoreError(error) && [400, 403].includes(statusOf(error.cause) ?? 0);

/**
 * What a HEAD failed for, by a request for the same thing whose answer has a body. If that request is answered, so would the HEAD be by now:
 * whatever it failed for is over, and another attempt is due.
 */
export async function explained(error: StoreError, ask: () => Promise<unknown>): Promise<unknown> {
  try {
    await ask();
  } catch (explanation) {
    if (!isStoreError(explanation)) return explanation;
    // The object may be read: what HEAD needs, it has. An empty object has no byte to read.
    if (explanation.code !== 'archived' && statusOf(explanation.cause) !== 416) return explanation;
  }
  return new StoreError('unavailable', `${error.message}: another request was answered`, { cause: error.cause });
}
