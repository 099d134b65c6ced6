import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { setTimeout as wait } from 'node:timers/promises';

/** What commands need of the process that they run in. Tests have their own. */
export interface Io {
  /** The result: stdout. */
  out(text: string): void;
  /**
   * A piece of a result that is too large to be held: resolves when stdout has taken it. Rejects with `ReaderLeft` when nobody reads any
   * more.
   */
  write(piece: string | Uint8Array): Promise<void>;
  /** Everything else: stderr. */
  err(text: string): void;
  /** Whether somebody is there to be asked: stdin and stderr are a terminal. */
  readonly interactive: boolean;
  /** Where progress bars are drawn; absent when stderr is no terminal. */
  readonly bars?: NodeJS.WritableStream;
  /** Columns of the terminal that stdout is; absent when it is none. */
  readonly columns?: number;
  /** A yes-or-no question; anything but yes is no, also Ctrl-C and the end of the input. */
  confirm(question: string): Promise<boolean>;
  readFile(path: string): Promise<Uint8Array>;
  sleep(millis: number, signal: AbortSignal): Promise<void>;
  /** Epoch milliseconds. */
  now(): number;
  /** Calls back at Ctrl-C instead of ending the process, until the returned function is called. */
  onInterrupt(callback: () => void): () => void;
}

/** Whoever read stdout has left, as `head` does. */
export class ReaderLeft extends Error {
  override readonly name = 'ReaderLeft';
}

/** The real process. */
export function processIo({ stdin, stdout, stderr } = process): Io {
  return {
    out: (text) => void stdout.write(`${text}\n`),
    write: (piece) =>
      new Promise((resolve, reject) => {
        stdout.write(piece, (error) => {
          if (!error) resolve();
          else reject(isClosed(error) ? new ReaderLeft('the reader of stdout closed it', { cause: error }) : error);
        });
      }),
    err: (text) => void stderr.write(`${text}\n`),
    interactive: stdin.isTTY && stderr.isTTY,
    ...(stderr.isTTY && { bars: stderr }),
    ...(stdout.isTTY && { columns: stdout.columns }),
    confirm,
    readFile,
    sleep: async (millis, signal) => {
      // Abandoned by an interrupt: the one who waits has what it needs.
      await wait(millis, undefined, { signal }).catch(() => undefined);
    },
    now: Date.now,
    onInterrupt: (callback) => {
      process.once('SIGINT', callback);
      return () => process.removeListener('SIGINT', callback);
    },
  };
}

const isClosed = ({ code }: NodeJS.ErrnoException): boolean => code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED';

async function confirm(question: string): Promise<boolean> {
  let answered = false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const closed = new Promise<string>((resolve) => {
      terminal.once('close', () => {
        // The question's line is still open.
        if (!answered) process.stderr.write('\n');
        resolve('');
      });
    });
    const answer = await Promise.race([terminal.question(`${question} [y/N] `), closed]);
    answered = true;
    return /^\s*y(es)?\s*$/i.test(answer);
  } finally {
    terminal.close();
  }
}
