import { randomUUID } from 'node:crypto';
import { access, constants, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CliError, Exit } from './errors';
import type { Io } from './io';

/** What is wrong with the path of a file to write, if anything. */
export async function outputFileProblem(option: string, path: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined);
  if (found && !found.isFile())
    return [`${option}: ${JSON.stringify(path)} exists and is not a file; use another path`];
  const folder = dirname(path);
  const isWritable = await access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
  return isWritable
    ? []
    : [`${option}: the folder ${JSON.stringify(folder)} does not exist or is not writable; use another path`];
}

/** Writes a file that is there whole or not at all: it takes its name when the last piece has come. */
export async function writeFileSafely(io: Io, path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  // What a link names is written, not the link.
  const target = await realpath(path).catch(() => path);
  const part = join(dirname(target), `.${basename(target)}.${randomUUID()}.part`);
  const interrupt = new AbortController();
  const stop = io.onInterrupt(() => {
    interrupt.abort();
  });
  try {
    const file = await open(part, 'wx');
    try {
      for await (const piece of pieces) {
        if (interrupt.signal.aborted) throw new CliError('Cancelled', `${path} was not written`, Exit.interrupted);
        await file.writeFile(piece);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, target);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  } finally {
    stop();
  }
}
