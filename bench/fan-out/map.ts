import { QUOTAS } from './quotas';

/** What one turn of a worker may do: seconds of work at full speed that its unit still has, and what slows it down. */
export interface MapRun {
  readonly units: number;
  /** Seconds of a worker that a unit takes at full speed, its turns put together. */
  readonly secondsPerUnit: number;
  /** Share of full speed that a worker has while so many others work, at an instant of the run: 1 is full speed. */
  readonly speed: (workers: number, second: number) => number;
  /** Seconds of a turn in which nothing of the unit gets done: what a worker reads first, and its answer. */
  readonly overheadSeconds: number;
  /** Seconds after which a turn starts nothing more. */
  readonly turnSeconds: number;
  readonly concurrency: number;
  /** Children that are started in a second at most. */
  readonly startsPerSecond?: number;
}

/** What a map run took. Times are seconds. */
export interface MapRunResult {
  readonly seconds: number;
  readonly turns: number;
  /** Lambda time of all workers together. */
  readonly workerSeconds: number;
  readonly mostWorkers: number;
  readonly mostTurnsOfUnit: number;
  /** Highest number of state transitions in one second. */
  readonly mostTransitions: number;
  /** Calls that had to wait for a new environment. */
  readonly waitedForLambda: number;
}

/** Task and choice: states that a turn enters. */
export const STATES_PER_TURN = 2;
/** The child's last state. */
export const STATES_PER_UNIT = 1;
const COLD_START_SECONDS = 1;

/**
 * Runs a distributed map as events in time: children start at the rate of Step Functions as places get free, each is turns of a worker,
 * and new environments come at the rate of Lambda. Nothing is random: the same run gives the same result.
 */
export function simulateMap(run: MapRun): MapRunResult {
  const { units, concurrency, secondsPerUnit, turnSeconds, overheadSeconds } = run;
  const places = Math.min(concurrency, units, QUOTAS.lambdaConcurrency.value, QUOTAS.mapConcurrency.value);
  const startsPerSecond = run.startsPerSecond ?? QUOTAS.childStarts.value;
  const perSecond = new Map<number, number>();
  const ends = new Heap();
  let [seconds, turns, workerSeconds, running, mostWorkers, mostTurns, environments, waited] = [0, 0, 0, 0, 0, 0, 0, 0];
  let started = 0;
  let nextStart = 0;
  const note = (at: number, states: number): void => {
    const second = Math.floor(at);
    perSecond.set(second, (perSecond.get(second) ?? 0) + states);
  };
  const begin = (at: number, left: number, turn: number): void => {
    // A turn that follows another one finds its environment warm.
    const isNew = running > environments;
    const ready = Math.floor(environments / QUOTAS.lambdaScaling.value) * 10;
    const start = isNew ? Math.max(at, ready) + COLD_START_SECONDS : at;
    if (isNew) environments++;
    if (isNew && ready > at) waited++;
    const speed = Math.max(1e-9, run.speed(places, start));
    const most = turnSeconds - overheadSeconds;
    const needed = left / speed;
    const spent = Math.min(needed, most);
    const rest = needed > most ? left - spent * speed : 0;
    const end = start + overheadSeconds + spent;
    turns++;
    workerSeconds += end - start + (isNew ? COLD_START_SECONDS : 0);
    mostTurns = Math.max(mostTurns, turn);
    note(at, STATES_PER_TURN);
    ends.push({ at: end, left: rest, turn });
  };
  const startUnits = (now: number): void => {
    while (started < units && running < places) {
      const at = Math.max(now, nextStart);
      nextStart = at + 1 / startsPerSecond;
      started++;
      running++;
      mostWorkers = Math.max(mostWorkers, running);
      begin(at, secondsPerUnit, 1);
    }
  };
  startUnits(0);
  for (let end = ends.pop(); end; end = ends.pop()) {
    seconds = end.at;
    if (end.left > 0) {
      begin(end.at, end.left, end.turn + 1);
      continue;
    }
    note(end.at, STATES_PER_UNIT);
    running--;
    startUnits(end.at);
  }
  const mostTransitions = [...perSecond.values()].reduce((most, states) => Math.max(most, states), 0);
  return {
    seconds,
    turns,
    workerSeconds,
    mostWorkers,
    mostTurnsOfUnit: mostTurns,
    mostTransitions,
    waitedForLambda: waited,
  };
}

interface TurnEnd {
  readonly at: number;
  readonly left: number;
  readonly turn: number;
}

/** Ends of turns, the next one first; of one instant, in the order in which they were put. */
class Heap {
  private readonly items: (TurnEnd & { readonly number: number })[] = [];
  private count = 0;

  push(end: TurnEnd): void {
    const { items } = this;
    items.push({ ...end, number: this.count++ });
    for (let at = items.length - 1; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!this.isBefore(at, parent)) break;
      this.swap(at, parent);
      at = parent;
    }
  }

  pop(): TurnEnd | undefined {
    const { items } = this;
    const first = items[0];
    const last = items.pop();
    if (!first || !last || items.length === 0) return first;
    items[0] = last;
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const child = right < items.length && this.isBefore(right, left) ? right : left;
      if (child >= items.length || !this.isBefore(child, at)) return first;
      this.swap(at, child);
      at = child;
    }
  }

  private isBefore(a: number, b: number): boolean {
    const [x, y] = [this.items[a], this.items[b]];
    return x !== undefined && y !== undefined && (x.at - y.at || x.number - y.number) < 0;
  }

  private swap(a: number, b: number): void {
    const [x, y] = [this.items[a], this.items[b]];
    if (x && y) [this.items[a], this.items[b]] = [y, x];
  }
}
