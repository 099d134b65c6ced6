/** Sums of named counts. */
export type Counts = Record<string, number>;

export function addCounts(into: Counts, more: Readonly<Counts>): Counts {
  for (const [name, count] of Object.entries(more)) into[name] = (into[name] ?? 0) + count;
  return into;
}

export const sumCounts = (all: readonly Readonly<Counts>[]): Counts => all.reduce<Counts>(addCounts, {});
export const total = (counts: Readonly<Counts>): number => Object.values(counts).reduce((sum, count) => sum + count, 0);
