import { afterKey, compareKeys, KeyRange } from '../keys/order';

/**
 * Ranges of near-equal work. Weight 1 is about one small object stored (one GET); a copy of a large object weighs by its
 * bytes; a version that the last commit has already is compared only.
 */
const BYTES_PER_WEIGHT = 4 * 1024 * 1024;
const KNOWN_WEIGHT = 0.02;

/** About 50,000 GETs: minutes of a worker, far below its 15. */
export const DEFAULT_RANGE_WEIGHT = 50_000;

export const versionWeight = (size: number, known: boolean): number =>
  known ? KNOWN_WEIGHT : 1 + size / BYTES_PER_WEIGHT;

/** Work up to and including a key, in key order: what a scan leaves for the partition. */
export interface WeightSample {
  readonly key: string;
  readonly weight: number;
}

/** Collects samples in key order, one each `step` of weight; a key's versions stay in one sample. */
export class WeightSampler {
  readonly samples: WeightSample[] = [];
  private weight = 0;
  private key: string | undefined;
  constructor(private readonly step: number) {}

  add(key: string, weight: number): void {
    if (this.key !== undefined && key !== this.key && this.weight >= this.step) this.close();
    this.key = key;
    this.weight += weight;
  }
  close(): void {
    if (this.key !== undefined) this.samples.push({ key: this.key, weight: this.weight });
    this.key = undefined;
    this.weight = 0;
  }
}

/**
 * Cuts the whole key space into ranges of about `target` weight. A cut lies right after a sampled key, or where a range of the last commit ends
 * (`endOfRange`: of the one that has a key) if that is between two samples: ranges then stay as they are.
 */
export async function cutRanges(
  samples: readonly WeightSample[],
  target: number,
  endOfRange: (key: string) => Promise<string | undefined>,
): Promise<KeyRange[]> {
  const cuts: string[] = [];
  let weight = 0;
  for (const [index, sample] of samples.entries()) {
    weight += sample.weight;
    const next = samples[index + 1];
    if (weight < target || !next) continue;
    const end = await endOfRange(sample.key);
    cuts.push(end !== undefined && compareKeys(end, next.key) <= 0 ? end : afterKey(sample.key));
    weight = 0;
  }
  const starts = ['', ...cuts];
  return starts.map((from, index) => ({ from, to: starts[index + 1] }));
}

/**
 * What a scan found to do: requests to the protected bucket that new versions take at least, and the seconds that all rows take one
 * worker at full speed.
 */
export interface Workload {
  readonly requests: number;
  readonly seconds: number;
}
export const NO_WORK: Workload = { requests: 0, seconds: 0 };
export const addWork = (a: Workload, b: Workload): Workload => ({
  requests: a.requests + b.requests,
  seconds: a.seconds + b.seconds,
});

/**
 * Seconds of a worker for a row, with a margin: of a version that it knows already, one whose body goes through it, and one that S3 copies.
 * Measured are 12 µs, 2 ms and 40 ns a byte, 9 ms and less than 1 ns a byte (npm run bench -- inventory, fan-out).
 */
const KNOWN_SECONDS = 15e-6;
const PACKED = { requests: 1, each: 0.0025, perByte: 4e-8 };
/** A HEAD and a copy at least. */
const COPIED = { requests: 2, each: 0.01, perByte: 1e-9 };

export function workOf(size: number, known: boolean, packThreshold: number): Workload {
  if (known) return { requests: 0, seconds: KNOWN_SECONDS };
  const { requests, each, perByte } = size <= packThreshold ? PACKED : COPIED;
  return { requests, seconds: each + size * perByte };
}

/** Twice the workers that the estimate asks for: some are at the end of their range, and some hold less than others. */
const SPARE_WORKERS = 2;

/**
 * Workers that together use up a rate of requests a second, at most `most`. More of them would wait for their share of the rate, and Lambda
 * bills a wait like work. Undefined work, or work without requests, is not held up by any rate.
 *
 * Where there are more units than workers, all rounds get as many: the few of a last round would leave most of the rate unused.
 */
export function workersFor(
  work: Workload | undefined,
  perSecond: number | undefined,
  most: number,
  units: number,
): number {
  if (!work || work.requests === 0 || perSecond === undefined) return most;
  const wanted = Math.max(1, Math.ceil((SPARE_WORKERS * work.seconds * perSecond) / work.requests));
  const workers = Math.min(most, wanted);
  return units <= workers ? workers : Math.ceil(units / Math.ceil(units / workers));
}

/** A turn's result is one JSON file: samples must not make it large. */
export const SAMPLES_PER_RANGE = 8;
