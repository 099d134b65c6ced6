import { MemoryQueue, type MemoryVersion } from '../../../../../lambda/adapters/memory';
import { StoreError } from '../../../../../lambda/ports/object-store';
import type { LiveBucket } from '../../../../support/live-bucket';
import type { Rig } from '../../../support/rig';
import type { Dice } from './model-dice';
import { isReadable, type Reasons } from './reasons';

const HOUR = 3600;
const BATCH = 10;
/** An event comes within this time, unless it is late. */
export const DELIVERY = 120;

/** An event of S3, on its way. */
interface Told {
  readonly key: string;
  readonly at: number;
  /** The version that it tells of, where it is a new one. */
  readonly created?: MemoryVersion;
  /** When it is in the queue; never where it is lost. */
  readonly arrives: number;
  /** Since when it is in the change log. */
  captured?: number;
}

/**
 * The way of events from S3 through the queue into the change log: they come late, twice, in any order, or never, and capture fails at times, of some
 * keys for hours, until they are in the dead-letter queue.
 */
export class Deliveries {
  readonly queue: MemoryQueue;
  readonly told: Told[] = [];
  private readonly byBody = new Map<string, Told>();
  private waiting: { readonly body: string; readonly due: number }[] = [];
  private readonly failing = new Map<string, number>();
  private outage = 0;
  private redriven = 0;
  /** When all versions were listed last. */
  listed = 0;

  constructor(
    private readonly rig: Rig,
    private readonly client: LiveBucket,
    private readonly dice: Dice,
    private readonly reasons: Reasons,
  ) {
    this.queue = new MemoryQueue(() => rig.s3.now);
    rig.captureControl.queue = this.queue;
    rig.captureSource.calls.beforeCall = ({ key = '' }) => {
      const fails = (this.failing.get(key) ?? 0) > rig.s3.now || dice.chance(this.outage > rig.s3.now ? 0.3 : 0.001);
      if (fails) throw new StoreError('unavailable', 'S3 does not answer');
    };
    const append = rig.changeLog.append.bind(rig.changeLog);
    rig.changeLog.append = async (changes) => {
      if (dice.chance(0.002)) throw new Error('the table does not answer');
      await append(changes);
      if (dice.chance(0.002)) throw new Error('the answer is lost');
    };
  }

  /** Sends the events of an operation, or loses them, which it answers. */
  send(key: string, { mayBeLost, created }: { mayBeLost: boolean; created?: MemoryVersion }): 'sent' | 'lost' {
    const { dice, rig } = this;
    const isLost = mayBeLost && dice.chance(0.005);
    for (const { body } of this.client.take()) {
      const late = 6 + (dice.chance(0.02) ? dice.upTo(3 * HOUR) : dice.upTo(20));
      const arrives = isLost ? Infinity : rig.s3.now + late;
      const told = { key, at: rig.s3.now, created, arrives };
      this.told.push(told);
      this.byBody.set(body, told);
      if (isLost) continue;
      this.waiting.push({ body, due: arrives });
      if (dice.chance(0.05)) this.waiting.push({ body, due: rig.s3.now + 6 + dice.upTo(2 * HOUR) });
    }
    return isLost ? 'lost' : 'sent';
  }

  /** Begins with some trouble now and then. */
  disturb(keys: readonly string[]): void {
    const { dice, rig } = this;
    if (dice.chance(0.002)) this.outage = rig.s3.now + dice.upTo(600);
    if (dice.chance(0.004)) this.failing.set(keys[dice.upTo(keys.length)] ?? '', rig.s3.now + dice.upTo(2 * HOUR));
  }

  async deliver(): Promise<void> {
    const { rig, queue, dice } = this;
    const due = this.waiting.filter((one) => one.due <= rig.s3.now);
    this.waiting = this.waiting.filter((one) => one.due > rig.s3.now);
    queue.send(due.map(({ body }) => body));
    if (this.letters > 0 && this.redriven + 3 * HOUR < rig.s3.now) {
      this.redriven = rig.s3.now;
      queue.redrive();
    }
    const batch = dice.shuffle(queue.receive());
    for (let at = 0; at < batch.length; at += BATCH) {
      const messages = batch.slice(at, at + BATCH);
      const failed = new Set(await rig.capture(messages));
      const done = messages.filter((message) => !failed.has(message));
      queue.delete(done.map(({ messageId }) => messageId));
      for (const { body } of done) this.noteCaptured(body);
    }
  }

  private noteCaptured(body: string): void {
    const told = this.byBody.get(body);
    if (!told) throw new Error(`nobody sent ${body}`);
    told.captured ??= this.rig.s3.now;
    const { created, key } = told;
    const isThere = created && this.rig.s3.history('src', key).includes(created);
    if (!isThere || !isReadable(created)) return;
    this.reasons.stored.add(created);
    this.reasons.captured.set(created, told.captured);
  }

  get letters(): number {
    return this.queue.deadLetters(this.rig.s3.now).count;
  }

  get isEmpty(): boolean {
    return this.waiting.length === 0 && this.queue.size === 0 && this.letters === 0;
  }

  /**
   * Keys of which a point of changes may not know all: AWS promises no time for events, and the product waits for so long. What waits in a queue
   * is no such excuse.
   */
  behind(asOf: number): Set<string> {
    const settled = this.rig.s3.now - this.rig.ports.settings.settleSeconds - 300;
    const keys = this.told
      .filter(({ at }) => at <= asOf)
      .filter(
        ({ at, arrives, captured = Infinity }) =>
          (arrives === Infinity && at >= this.listed) || (arrives - at > DELIVERY && captured > settled),
      );
    return new Set(keys.map(({ key }) => key));
  }
}
