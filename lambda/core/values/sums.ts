import { addCounts, Counts } from './counts';

/** A turn of an earlier release may not have all of it. */
type Summed<Numbers extends string, Named extends string> = Readonly<Partial<Record<Numbers, number>>> &
  Readonly<Partial<Record<Named, Readonly<Counts>>>> & { readonly reports: readonly string[] };

/** Adds results of turns up, one after the other: what it has does not grow with their number, but for the names of their reports. */
export class Sums<Numbers extends string, Named extends string> {
  readonly numbers: Record<Numbers, number>;
  readonly counts: Record<Named, Counts>;
  readonly reports: string[] = [];

  constructor(numbers: readonly Numbers[], counts: readonly Named[]) {
    this.numbers = Object.fromEntries(numbers.map((name) => [name, 0])) as Record<Numbers, number>;
    this.counts = Object.fromEntries(counts.map((name) => [name, {}])) as Record<Named, Counts>;
  }

  add(result: Summed<Numbers, Named>): void {
    for (const name of Object.keys(this.numbers) as Numbers[]) this.numbers[name] += result[name] ?? 0;
    for (const name of Object.keys(this.counts) as Named[]) addCounts(this.counts[name], result[name] ?? {});
    for (const report of result.reports) this.reports.push(report);
  }
}
