/** A move of dead letters back into the queue that they come from. */
export interface Redrive {
  readonly startedAt: number;
  readonly moved: number;
  readonly isRunning?: boolean;
}

/** Events that failed for good, as a job finds them. */
export interface DeadLetters {
  readonly count: number;
  /** The greatest number of them since an instant, as far as CloudWatch tells. */
  readonly most: number;
  /** Redrives into the queue that they come from, the last ones. */
  readonly redrives: readonly Redrive[];
}

/** What a commit remembers of them. */
export interface SeenLetters {
  readonly count: number;
  /** When they were counted, epoch seconds. */
  readonly at: number;
  /** Messages that each redrive had moved by then, by its start. */
  readonly moved: Readonly<Record<string, number>>;
}

/**
 * How many went away since they were seen without being redriven: somebody purged or deleted them, or they expired. Those of redrives that began
 * after `since` count from their beginning.
 */
export function lostLetters(
  before: SeenLetters | undefined,
  { count, most, redrives }: DeadLetters,
  since: number,
): number {
  const moved = redrives
    .filter(({ startedAt }) => before !== undefined || startedAt >= since)
    .reduce((sum, redrive) => sum + redrive.moved - (before?.moved[String(redrive.startedAt)] ?? 0), 0);
  return Math.max(0, Math.max(before?.count ?? 0, most) - count - moved);
}

/** What the next job has to know; undefined when there were none. */
export const seenLetters = ({ count, most, redrives }: DeadLetters, at: number): SeenLetters | undefined =>
  count === 0 && most === 0
    ? undefined
    : { count, at, moved: Object.fromEntries(redrives.map(({ startedAt, moved }) => [String(startedAt), moved])) };
