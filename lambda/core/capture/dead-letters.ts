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
  /** When each redrive was last found to move messages. Earlier releases have not noted it. */
  readonly movedAt?: Readonly<Record<string, number>>;
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

/**
 * By when a redrive may have moved messages, at most: a slow one moves them for hours, and SQS does not say when it ended. It moves, or has moved
 * some since they were seen, unless there are as many of them as then.
 */
export function movedUntil(
  { startedAt, moved, isRunning }: Redrive,
  before: SeenLetters | undefined,
  now: number,
): number {
  const start = String(startedAt);
  if (isRunning === true || before?.moved[start] !== moved) return now;
  return before.movedAt?.[start] ?? before.at;
}

/** What the next job has to know; undefined when there were neither letters nor redrives. */
export function seenLetters(
  { count, most, redrives }: DeadLetters,
  at: number,
  before: SeenLetters | undefined,
): SeenLetters | undefined {
  if (count === 0 && most === 0 && redrives.length === 0) return undefined;
  const byStart = (of: (redrive: Redrive) => number): Record<string, number> =>
    Object.fromEntries(redrives.map((redrive) => [String(redrive.startedAt), of(redrive)]));
  const movedAt = byStart((redrive) => movedUntil(redrive, before, at));
  return { count, at, moved: byStart(({ moved }) => moved), movedAt };
}
