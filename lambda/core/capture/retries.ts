import { CAPTURE_VISIBILITY_SECONDS } from '../../contract/change-log-schema';
import { movedUntil, type Redrive, type SeenLetters } from './dead-letters';

/**
 * Amazon SQS moves a message that was received three times and not deleted to the back of its queue, and leaves it out of
 * `ApproximateAgeOfOldestMessage` (Amazon SQS Developer Guide, "Available CloudWatch metrics"). Until its third delivery, after two visibility
 * timeouts, the metric had its age. SQS reports once a minute: this leaves two points.
 */
export const RETRY_SIGN_SECONDS = 2 * CAPTURE_VISIBILITY_SECONDS - 2 * 60;

/**
 * A message that is left out waits for two more deliveries and for its move to the dead-letter queue: each takes a visibility timeout, and as long
 * as other messages wait, which is less than such a sign. 3 × (780 + 1,440) s are 111 minutes.
 */
export const RETRY_WINDOW_SECONDS = 2 * 60 * 60;

/** What tells of messages whose age SQS does not report. */
export interface RetryFacts {
  /** Greatest age that a message of the queue had in the last RETRY_WINDOW_SECONDS. */
  readonly recentSeconds: number | undefined;
  /** Redriven messages are new ones to SQS, whatever the age of their events. */
  readonly redrives: readonly Redrive[];
  /** What the last commit has seen of them. */
  readonly before: SeenLetters | undefined;
  /** Epoch seconds. */
  readonly now: number;
}

/** Whether an event may be in the queue that is older than what SQS says of the queue. */
export const mayHideEvents = ({ recentSeconds = 0, redrives, before, now }: RetryFacts): boolean =>
  recentSeconds >= RETRY_SIGN_SECONDS ||
  redrives.some(
    (redrive) => Math.max(redrive.startedAt, movedUntil(redrive, before, now)) > now - RETRY_WINDOW_SECONDS,
  );
