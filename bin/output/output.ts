import { CutOff } from './errors';
import type { Io } from './io';

/** Characters that are written at once. */
const PIECE = 64 * 1024;

/** A result that comes line by line, in constant memory: it waits for whoever reads it. */
export class Output {
  private waiting: string[] = [];
  private length = 0;
  private begun = false;

  constructor(private readonly io: Io) {}

  get hasBegun(): boolean {
    return this.begun;
  }

  async line(text: string): Promise<void> {
    this.waiting.push(text, '\n');
    this.length += text.length;
    if (this.length >= PIECE) await this.flush();
  }

  async bytes(piece: Uint8Array): Promise<void> {
    await this.flush();
    this.begun = true;
    await this.io.write(piece);
  }

  async flush(): Promise<void> {
    if (this.waiting.length === 0) return;
    this.begun = true;
    const piece = this.waiting.join('');
    this.waiting = [];
    this.length = 0;
    await this.io.write(piece);
  }
}

/** What a command runs with, as far as its result is concerned. */
interface To {
  readonly io: Io;
  readonly json: boolean;
}

/** Writes a result through an Output. When it fails half-way, stdout ends there. */
export async function streamed<T>({ io }: Pick<To, 'io'>, write: (output: Output) => Promise<T>): Promise<T> {
  const output = new Output(io);
  try {
    const answer = await write(output);
    await output.flush();
    return answer;
  } catch (error) {
    throw output.hasBegun ? new CutOff(error) : error;
  }
}

/** Elements of a JSON array, one a line. */
export class JsonLines {
  private count = 0;
  constructor(
    private readonly output: Output,
    private readonly before = '[',
  ) {}

  async add(element: unknown): Promise<void> {
    await this.output.line(`${this.count++ === 0 ? this.before : ','}${JSON.stringify(element)}`);
  }

  async end(after = ']'): Promise<void> {
    await this.output.line(this.count === 0 ? `${this.before}${after}` : after);
  }
}

export interface Listing<T> {
  readonly limit?: number;
  readonly text: (entry: T) => string;
  readonly json: (entry: T) => unknown;
  /** Told of each entry that is written. */
  readonly seen?: (entry: T) => void;
}

/** Lines for people, or elements of the one JSON document; stops at the limit, and says so. Answers how many there were. */
export async function listed<T>(context: To, entries: AsyncIterable<T>, listing: Listing<T>): Promise<number> {
  const { limit = Infinity, text, json, seen } = listing;
  let count = 0;
  const isCut = await streamed(context, async (output): Promise<boolean> => {
    const array = context.json ? new JsonLines(output) : undefined;
    const write = async (): Promise<boolean> => {
      for await (const entry of entries) {
        if (count === limit) return true;
        count++;
        seen?.(entry);
        await (array?.add(json(entry)) ?? output.line(text(entry)));
      }
      return false;
    };
    const answer = await write();
    await array?.end();
    return answer;
  });
  if (isCut) context.io.err(`there are more than ${limit}: raise --limit to see them`);
  return count;
}
