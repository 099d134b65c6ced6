import { InvalidArgumentError, Option } from 'commander';
import { BackupError } from '../../lambda/contract/errors';
import { CliError, Exit } from '../output/errors';

/** An option with a fixed set of values, in any case. The workflow takes the default where the option is absent. */
export const choice = (
  flags: string,
  description: string,
  values: readonly string[],
  byDefault: string | undefined = values[0],
): Option =>
  new Option(
    flags,
    `${description}: ${values.map((value) => `"${value}"${value === byDefault ? ' (default)' : ''}`).join(', ')}`,
  ).argParser(oneOf(values));

/** Parses one of some values, in any case. */
export const oneOf =
  (values: readonly string[]) =>
  (given: string): string => {
    const value = values.find((one) => one.toLowerCase() === given.toLowerCase());
    if (value === undefined) throw new InvalidArgumentError(`It must be ${values.join(' or ')}.`);
    return value;
  };

export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1)
    throw new InvalidArgumentError('It must be a whole number, 1 or more.');
  return Number(text);
}

export const upperCase = (text: string): string => text.toUpperCase();

/** For options that may be given several times. */
export const collect = (text: string, before: readonly string[] = []): string[] => [...before, text];

export function collectTag(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be name=value.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

/** Options by the fields of an execution's input that they set; fields of a field come before it. */
export type FieldOptions = Readonly<Record<string, string>>;

/** Runs the validation that the workflow would do, and says its complaints in terms of the command line. */
export function checkRequest(fields: FieldOptions, parse: () => unknown): void {
  try {
    parse();
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    throw new CliError(error.name, inOptions(fields, error.message), Exit.usage);
  }
}

/** Names that are no plain English are replaced anywhere, the others at the head of a complaint only. */
export function inOptions(fields: FieldOptions, message: string): string {
  return Object.entries(fields).reduce((text, [field, option]) => {
    const pattern = /[A-Z]/.test(field) ? `\\b${field}\\b` : `(?<=^|; )${field}\\b`;
    return text.replace(new RegExp(pattern, 'g'), option);
  }, message);
}

/** Number of versions of a restore. */
export const countOrAll = (text: string): number | 'all' => (text.toLowerCase() === 'all' ? 'all' : wholeNumber(text));
