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

interface Letter {
  readonly body: string;
  readonly at: number;
  until?: number;
}

/** A redrive in its course: so many of its letters are moved. */
interface Move {
  readonly startedAt: number;
  readonly perSecond: number;
  readonly letters: readonly Letter[];
  moved: number;
}

/**
 * The capture queue, a standard queue of Amazon SQS with its dead-letter queue. `ApproximateAgeOfOldestMessage` leaves out what was received three
 * times (Amazon SQS Developer Guide, "Available CloudWatch metrics"), and redriven messages are new ones (Developer Guide, "Dead-letter queue
 * redrive"). A redrive moves them at a rate that may be chosen (StartMessageMoveTask, `MaxNumberOfMessagesPerSecond`), and when it ended, nothing
 * tells (ListMessageMoveTasks).
 */
export class MemoryQueue {
  private messages: Message[] = [];
  private letters: Letter[] = [];
  private readonly left: Message[] = [];
  private readonly moves: Move[] = [];
  private sent = 0;

  /** `now` gives epoch seconds. */
  constructor(readonly now: () => number) {}

  send(bodies: readonly string[]): void {
    for (const body of bodies) this.enqueue(body, this.now());
  }

  private enqueue(body: string, sentAt: number): void {
    this.messages.push({ id: `message-${String(++this.sent)}`, body, sentAt, receives: 0, visibleAt: sentAt });
  }

  /** Messages that are visible now. Those that were received as often as they may be go to the dead-letter queue instead. */
  receive(): ReceivedMessage[] {
    this.move();
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

  /** Moves all dead letters back, so many a second. */
  redrive(perSecond = Infinity): void {
    const letters = this.letters.filter(({ until }) => until === undefined);
    this.moves.unshift({ startedAt: this.now(), perSecond, letters, moved: 0 });
    this.move();
  }

  /** What redrives have moved by now. */
  private move(): void {
    for (const move of this.moves) {
      const { startedAt, perSecond, letters } = move;
      for (; move.moved < letters.length; move.moved++) {
        const letter = letters[move.moved];
        const at = startedAt + (move.moved + 1) / perSecond;
        if (!letter || at > this.now()) break;
        letter.until = at;
        this.enqueue(letter.body, at);
      }
    }
  }

  private redrives(): Redrive[] {
    return this.moves.map(({ startedAt, letters, moved }) => ({
      startedAt: Math.floor(startedAt),
      moved,
      ...(moved < letters.length && { isRunning: true }),
    }));
  }

  get size(): number {
    this.move();
    return this.messages.length;
  }

  /** The greatest ApproximateAgeOfOldestMessage since an instant; undefined when SQS has reported none. */
  oldestSince(since: number): number | undefined {
    this.move();
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
    this.move();
    const there = this.letters.filter(({ until = Infinity }) => until >= since);
    const count = this.letters.filter(({ until }) => until === undefined).length;
    return { count, most: there.length, redrives: this.redrives() };
  }

  private remove(message: Message): void {
    message.until ??= this.now();
    this.messages = this.messages.filter((one) => one !== message);
    this.left.push(message);
  }
}
