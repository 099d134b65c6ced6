import { CAPTURE_ATTEMPTS, CAPTURE_VISIBILITY_SECONDS } from '../../contract/change-log-schema';
import type { DeadLetters, Redrive } from '../../core/capture/dead-letters';

/** SQS reports once a minute, */
const PERIOD = 60;
/** and nothing of a queue that had no message for so long. */
const ACTIVE = 6 * 60 * 60;
/** A message that was received so often and not deleted goes to the back of the queue: the age of the oldest leaves it out. */
const RECEIVES_WITH_AGE = 3;

interface Message {
  readonly id: string;
  readonly body: string;
  readonly sentAt: number;
  receives: number;
  visibleAt: number;
  /** Up to when the metric has its age; undefined as long as it does. */
  until?: number;
}

/** A message as SQS hands it to a function. */
interface ReceivedMessage {
  readonly messageId: string;
  readonly body: string;
}

/**
 * The capture queue, a standard queue of Amazon SQS with its dead-letter queue. `ApproximateAgeOfOldestMessage` leaves out what was received three
 * times (Amazon SQS Developer Guide, "Available CloudWatch metrics"), and redriven messages are new ones (Developer Guide, "Dead-letter queue
 * redrive").
 */
export class MemoryQueue {
  private messages: Message[] = [];
  private letters: { readonly body: string; readonly at: number; until?: number }[] = [];
  private readonly left: Message[] = [];
  private readonly redrives: Redrive[] = [];
  private sent = 0;

  /** `now` gives epoch seconds. */
  constructor(readonly now: () => number) {}

  send(bodies: readonly string[]): void {
    const sentAt = this.now();
    for (const body of bodies)
      this.messages.push({ id: `message-${String(++this.sent)}`, body, sentAt, receives: 0, visibleAt: sentAt });
  }

  /** Messages that are visible now. Those that were received as often as they may be go to the dead-letter queue instead. */
  receive(): ReceivedMessage[] {
    const now = this.now();
    const visible = this.messages.filter(({ visibleAt }) => visibleAt <= now);
    for (const message of visible.filter(({ receives }) => receives >= CAPTURE_ATTEMPTS)) {
      this.letters.push({ body: message.body, at: now });
      this.remove(message);
    }
    return visible
      .filter((message) => this.messages.includes(message))
      .map((message) => {
        message.receives++;
        message.visibleAt = now + CAPTURE_VISIBILITY_SECONDS;
        if (message.receives >= RECEIVES_WITH_AGE) message.until ??= now;
        return { messageId: message.id, body: message.body };
      });
  }

  delete(messageIds: readonly string[]): void {
    for (const message of this.messages.filter(({ id }) => messageIds.includes(id))) this.remove(message);
  }

  /** Moves all dead letters back. */
  redrive(): void {
    const now = this.now();
    const moved = this.letters.filter(({ until }) => until === undefined);
    for (const letter of moved) letter.until = now;
    this.redrives.unshift({ startedAt: Math.floor(now), moved: moved.length });
    this.send(moved.map(({ body }) => body));
  }

  get size(): number {
    return this.messages.length;
  }

  /** The greatest ApproximateAgeOfOldestMessage since an instant; undefined when SQS has reported none. */
  oldestSince(since: number): number | undefined {
    const now = this.now();
    const all = [...this.messages, ...this.left];
    const ages = all.flatMap(({ sentAt, until = now }) => {
      const at = Math.floor(Math.min(until, now) / PERIOD) * PERIOD;
      return at >= Math.max(sentAt, since) ? [at - sentAt] : [];
    });
    const isActive = all.some(({ until = now, sentAt }) => Math.max(until, sentAt) >= since - ACTIVE);
    return isActive ? Math.max(0, ...ages) : undefined;
  }

  deadLetters(since: number): DeadLetters {
    const there = this.letters.filter(({ until = Infinity }) => until >= since);
    const count = this.letters.filter(({ until }) => until === undefined).length;
    return { count, most: there.length, redrives: this.redrives };
  }

  private remove(message: Message): void {
    message.until ??= this.now();
    this.messages = this.messages.filter((one) => one !== message);
    this.left.push(message);
  }
}
