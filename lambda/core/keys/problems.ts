import { keyBytes, MAX_KEY_BYTES } from './order';

/** Why no key can have these characters; empty when one can. */
export function charactersProblem(text: string): string[] {
  if (!text.isWellFormed()) return ['has half of a surrogate pair, which no key can have'];
  return text.includes('\0') ? ['has the character U+0000, which no key can have'] : [];
}

/** Why no key can have so many bytes; empty when one can. */
export const lengthProblem = (text: string): string[] =>
  keyBytes(text) > MAX_KEY_BYTES
    ? [`has ${String(keyBytes(text))} bytes, but a key has at most ${String(MAX_KEY_BYTES)}`]
    : [];

/** What is wrong with a key or a prefix. */
export const itemProblems = (text: string): string[] => [...charactersProblem(text), ...lengthProblem(text)];
