import { grouped } from './groups';
import { NULL_VERSION, Row } from './row';
import { compareSequencers } from './sequencers';

/**
 * Topological order of the versions of one second, newest first: by `newerThan` links, and by sequencers of the versions that have one. Where
 * that leaves a choice, what a later scan saw first is newer; versions that no scan saw first cannot be told apart, and the order is not certain.
 */
export function byChain(tied: readonly Row[]): { rows: Row[]; certain: boolean } {
  const older = olderRows(tied);
  const newer = new Map(tied.map((row) => [row, 0]));
  for (const below of older.values()) for (const row of below) newer.set(row, (newer.get(row) ?? 0) + 1);
  const waiting = new Set(tied);
  const heads = new Choice(tied.filter((row) => newer.get(row) === 0));
  const rows: Row[] = [];
  let certain = true;
  while (waiting.size > 0) {
    // Links in a circle contradict each other: take any, and say so.
    const isCircle = heads.size === 0;
    const [first, second] = isCircle ? [leastOf(waiting)] : heads.take();
    if (isCircle || (second && !isSeenLater(first, second))) certain = false;
    rows.push(first);
    waiting.delete(first);
    for (const row of older.get(first) ?? []) {
      const left = (newer.get(row) ?? 0) - 1;
      newer.set(row, left);
      if (left === 0 && waiting.has(row)) heads.add(row);
    }
  }
  return { rows, certain };
}

/** Version IDs that a row's links say to be older. */
export const olderVersions = (row: Row): string[] =>
  (row.newerThan ?? '').split(',').filter((id) => id !== '' && id !== row.versionId);

export const isSameSequencer = ({ sequencer: a }: Row, b: Row | undefined): boolean =>
  a !== undefined && b?.sequencer !== undefined && compareSequencers(a, b.sequencer) === 0;

/** Rows to choose from, the one that a later scan saw first in front. Each is added and taken once, and looked at a few times. */
class Choice {
  /** The first one is the last. */
  private readonly rows: Row[];
  constructor(rows: readonly Row[]) {
    this.rows = [...rows].sort((a, b) => laterSeenFirst(b, a));
  }

  get size(): number {
    return this.rows.length;
  }

  /** Takes the first one; answers with it the one that is the first now. */
  take(): readonly [Row, Row?] {
    const first = this.rows.pop();
    if (!first) throw new Error('there is nothing to choose from');
    return [first, this.rows.at(-1)];
  }

  add(row: Row): void {
    let [from, to] = [0, this.rows.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      const other = this.rows[middle];
      if (other && laterSeenFirst(other, row) > 0) from = middle + 1;
      else to = middle;
    }
    this.rows.splice(from, 0, row);
  }
}

/** The rows of which each row says that they are older. */
function olderRows(tied: readonly Row[]): ReadonlyMap<Row, ReadonlySet<Row>> {
  const byId = grouped(tied, ({ versionId }) => versionId);
  const bySequencer = olderBySequencer(tied);
  return new Map(
    tied.map((row) => {
      const linked = olderVersions(row).flatMap((id) => byId.get(id) ?? []);
      return [row, new Set([...linked, ...(bySequencer.get(row) ?? [])])];
    }),
  );
}

/** The next older versions of each that has a sequencer: one, unless several had the same. */
function olderBySequencer(tied: readonly Row[]): ReadonlyMap<Row, readonly Row[]> {
  const known = tied
    .filter((row) => row.sequencer !== undefined)
    .sort((a, b) => compareSequencers(b.sequencer ?? '', a.sequencer ?? ''));
  const steps: Row[][] = [];
  for (const row of known) {
    const last = steps.at(-1);
    if (last?.[0] && isSameSequencer(last[0], row)) last.push(row);
    else steps.push([row]);
  }
  return new Map(steps.flatMap((step, index) => step.map((row) => [row, steps[index + 1] ?? []] as const)));
}

/** Whether a listing that showed the one did not show the other yet. That a report leaves a version out proves nothing. */
const isSeenLater = (a: Row, b: Row): boolean =>
  b.source === 'listing' && a.observedAt !== undefined && b.observedAt !== undefined && a.observedAt > b.observedAt;

const laterSeenFirst = (a: Row, b: Row): number =>
  (b.observedAt ?? 0) - (a.observedAt ?? 0) ||
  Number(a.versionId === NULL_VERSION) - Number(b.versionId === NULL_VERSION) ||
  (a.versionId < b.versionId ? -1 : 1);

function leastOf(rows: Iterable<Row>): Row {
  const [least] = [...rows].sort(laterSeenFirst);
  if (!least) throw new Error('there is nothing to choose from');
  return least;
}
