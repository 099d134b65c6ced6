import { estimateCost } from '../../lambda/core/values/cost';
import { Counts, total } from '../../lambda/core/values/counts';

export const number = (value: number): string => value.toLocaleString('en-US');

/** `1 object`, `2 objects`. */
export const plural = (count: number, noun: string): string => `${number(count)} ${noun}${count === 1 ? '' : 's'}`;

export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const power = value < 1 ? 0 : Math.min(Math.floor(Math.log2(value) / 10), units.length - 1);
  const scaled = value / 1024 ** power;
  return `${power === 0 ? number(scaled) : scaled.toFixed(1)} ${units[power] ?? ''}`;
}

/** `1:02:03`, `0:07`. */
export function duration(millis: number): string {
  const seconds = Math.max(0, Math.round(millis / 1000));
  const two = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${String(minutes)}:${two(seconds % 60)}`;
  return `${String(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/** Requests are cheap: cents have decimals of their own. */
export function dollars(value: number): string {
  if (value === 0) return '$0';
  if (value < 0.0001) return 'less than $0.0001';
  return `about $${value.toFixed(value < 0.1 ? 4 : 2)}`;
}

/** `12 (GetObject 10, ListObjectVersions 2), about $0.0001`. */
export function requests(counts: Readonly<Counts>): string {
  const sum = total(counts);
  if (sum === 0) return 'none';
  const parts = byCount(counts).map(([name, count]) => `${name} ${number(count)}`);
  return `${number(sum)} (${parts.join(', ')}), ${dollars(estimateCost(counts))}`;
}

export const byCount = (counts: Readonly<Counts>): [string, number][] =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a);

/** Text of others without what a terminal would obey. */
export const printable = (text: string): string =>
  text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, (character) => JSON.stringify(character).slice(1, -1));

/** Characters that a terminal would obey, or that would make two lines or another order of one. */
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\p{Cs}]/gu;

/** A key as one line, and as lists of items have it: as it is, or as JSON text where it has odd characters or looks like JSON. */
export function oneLine(key: string): string {
  if (key.search(UNSEEN) < 0 && !/^["{]/.test(key)) return key;
  return JSON.stringify(key).replace(UNSEEN, (odd) => `\\u${odd.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Rows of a heading and its values, indented, the values in one column. */
export function facts(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([heading]) => heading.length));
  return rows.map(([heading, value]) => `  ${heading.padEnd(width)}  ${printable(value)}`.trimEnd()).join('\n');
}

export interface Column<T> {
  readonly heading: string;
  readonly value: (row: T) => string;
  readonly right?: boolean;
}

/** A table; its lines are cut at the width of the terminal, if there is one. */
export function table<T>(columns: readonly Column<T>[], rows: readonly T[], width = Infinity): string {
  const cells = rows.map((row) => columns.map(({ value }) => printable(value(row)).replaceAll('\n', ' ')));
  const lines = [columns.map(({ heading }) => heading), ...cells];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  const pad = (cell: string, index: number): string =>
    columns[index]?.right ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0);
  return lines.map((line) => cut(line.map(pad).join('  ').trimEnd(), width)).join('\n');
}

const cut = (line: string, width: number): string => (line.length <= width ? line : `${line.slice(0, width - 1)}…`);
