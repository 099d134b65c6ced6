import { CommanderError } from 'commander';
import { printable } from './format';
import { type Io, ReaderLeft } from './io';

export const Exit = { done: 0, failed: 1, usage: 2, partial: 3, interrupted: 130, readerLeft: 141 } as const;

/** A command's failure: a name that scripts can match, a sentence for people, and the exit code. */
export class CliError extends Error {
  constructor(
    name: string,
    message: string,
    readonly exitCode: number = Exit.failed,
    /** More fields of the JSON document. */
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = name;
  }
}

export const usageError = (message: string): CliError => new CliError('UsageError', message, Exit.usage);

/** A failure after a part of the result was written: no second document may follow it. */
export class CutOff extends Error {
  constructor(override readonly cause: unknown) {
    super('the result was cut off', { cause });
    this.name = 'CutOff';
  }
}

/** Says on stderr, and with `json` in the one document on stdout, what went wrong; answers the exit code. */
export function reportError(error: unknown, io: Io, json: boolean): number {
  if (error instanceof CutOff) {
    const exitCode = reportError(error.cause, io, false);
    if (exitCode !== Exit.readerLeft) io.err('The result on stdout is incomplete.');
    return exitCode;
  }
  // Nobody is there who could be told.
  if (error instanceof ReaderLeft) return Exit.readerLeft;
  const failure = error instanceof CommanderError ? fromCommander(error) : fromError(error);
  if (failure.exitCode === Exit.done) return Exit.done;
  // Commander has printed its own errors already.
  if (!(error instanceof CommanderError)) io.err(printable(`${failure.name}: ${failure.message}`));
  if (json) {
    const document = { status: 'FAILED', error: failure.name, cause: failure.message, ...failure.details };
    io.out(JSON.stringify(document, undefined, 2));
  }
  return failure.exitCode;
}

function fromCommander(error: CommanderError): CliError {
  const message = error.message.replace(/^error: /, '');
  // Help that was asked for is no error.
  return new CliError('UsageError', message, error.exitCode === 0 ? Exit.done : Exit.usage);
}

function fromError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (!(error instanceof Error)) return new CliError('Error', String(error));
  return new CliError(error.name, (error.message || codeOf(error)) + hint(error));
}

/** What to do about failures that every user of AWS meets once. */
function hint(error: Error): string {
  if (error.name === 'CredentialsProviderError')
    return ': set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';
  if (/^Region is missing/.test(error.message)) return ': set AWS_REGION, or a region in your profile';
  if (/^Expired/.test(error.name)) return ': renew your credentials';
  return '';
}

/** Errors of several connection attempts have no message of their own. */
const codeOf = (error: Error): string => {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? `${code}: cannot reach AWS` : 'the error has no message';
};
