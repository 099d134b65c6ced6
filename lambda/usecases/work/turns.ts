import { BackupError, ErrorName } from '../../contract/errors';
import { turnKey, unitErrorKey, unitsKey } from '../../contract/layout';
import type { FanOutInput, WorkInput, WorkOutput } from '../../contract/steps';
import { isStoreError, ObjectBody, ObjectStore } from '../../ports/object-store';
import { findObject } from './find-object';
import { decodeLines, encodeLines } from './json-lines';
import { runInOrder } from './pool';

/** Work files of jobs: JSON in the scratch bucket. */
export class Scratch {
  constructor(
    readonly store: ObjectStore,
    readonly bucket: string,
  ) {}

  async read<T>(key: string): Promise<T> {
    return parse(await this.store.get({ bucket: this.bucket, key })) as T;
  }

  async find<T>(key: string): Promise<T | undefined> {
    const found = await findObject(this.store, { bucket: this.bucket, key });
    return found && (parse(found) as T);
  }

  /** Writes a file, whether there is one or not. */
  async replace(key: string, value: unknown): Promise<void> {
    await this.store.put({ bucket: this.bucket, key, body: Buffer.from(JSON.stringify(value), 'utf8') });
  }

  /** Writes a file that must not exist yet. When another attempt was first, its content is the answer: it counts. */
  async create<T>(key: string, value: T): Promise<{ value: T; created: boolean }> {
    const body = Buffer.from(JSON.stringify(value), 'utf8');
    try {
      await this.store.put({ bucket: this.bucket, key, body, ifAbsent: true });
      return { value, created: true };
    } catch (error) {
      if (!isStoreError(error, 'precondition-failed')) throw error;
      return { value: await this.read<T>(key), created: false };
    }
  }
}

const parse = ({ body }: ObjectBody): unknown =>
  JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));

/** What one turn of a unit leaves: its result, and where to go on when there is more to do. */
export interface Turn<Result, Cursor> {
  readonly result: Result;
  readonly cursor?: Cursor;
}

/**
 * Runs one turn of a unit so that it may be repeated, doubled or cut off: the turn's file is put if absent, the first to
 * write it wins, and everyone answers what it says. Commit and Finish read these files only.
 */
export async function runTurn<Job extends { jobId: string }, Unit extends { id: string }, Result, Cursor>(
  scratch: Scratch,
  step: string,
  { job, unit, turn }: WorkInput<Job, Unit>,
  work: (cursor: Cursor | undefined) => Promise<Turn<Result, Cursor>>,
): Promise<WorkOutput> {
  const key = turnKey(job.jobId, step, unit.id, turn);
  const done = await scratch.find<Turn<Result, Cursor>>(key);
  if (done) return answer(done, turn);
  const before =
    turn === 0 ? undefined : await scratch.read<Turn<Result, Cursor>>(turnKey(job.jobId, step, unit.id, turn - 1));
  const { value } = await scratch.create(key, await noted(scratch, job.jobId, () => work(before?.cursor)));
  return answer(value, turn);
}

/** The error of a unit, as the step that records the failure reads it. */
export interface UnitError {
  readonly name: string;
  readonly message: string;
}

/** Leaves a final error where the failed job's record can find it: a Distributed Map does not pass it on. */
async function noted<T>(scratch: Scratch, jobId: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const final = asFinal(error);
    if (final instanceof BackupError) {
      const { name, message } = final;
      await scratch.create<UnitError>(unitErrorKey(jobId), { name, message });
    }
    throw final;
  }
}

/** A refusal that concerns the whole unit is final: trying again would only hide it for a minute. */
function asFinal(error: unknown): unknown {
  if (isStoreError(error, 'access-denied'))
    return new BackupError(ErrorName.accessDenied, `${error.message}: check the policies of the bucket and its key`, {
      cause: error,
    });
  return isStoreError(error, 'no-such-bucket')
    ? new BackupError(ErrorName.bucketNotFound, `${error.message}: the bucket was deleted while the job ran`, {
        cause: error,
      })
    : error;
}

const answer = (turn: Turn<unknown, unknown>, number: number): WorkOutput => ({
  more: turn.cursor !== undefined,
  turn: number + 1,
});

/** Results of all turns of a unit, oldest first. */
async function unitResults<Result>(scratch: Scratch, jobId: string, step: string, unit: string): Promise<Result[]> {
  const results: Result[] = [];
  for (let turn = 0; ; turn++) {
    const { result, cursor } = await scratch.read<Turn<Result, unknown>>(turnKey(jobId, step, unit, turn));
    results.push(result);
    if (cursor === undefined) return results;
  }
}

/** Results of the turns of a unit before this one, oldest first. */
export async function earlierResults<Result>(
  scratch: Scratch,
  step: string,
  { job, unit, turn }: WorkInput<{ jobId: string }, { id: string }>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let earlier = 0; earlier < turn; earlier++)
    results.push((await scratch.read<Turn<Result, unknown>>(turnKey(job.jobId, step, unit.id, earlier))).result);
  return results;
}

/** Result files of a step that are read at a time: as many as the client has connections. Of very many the step between two fan-outs waits for nothing else. */
export const RESULTS_AT_A_TIME = 64;
const UNITS_AT_A_TIME = 256;

/** Results of all turns of all units of a step, in the order of the units. */
export async function stepResults<Result>(scratch: Scratch, jobId: string, step: string): Promise<Result[]> {
  const found: Result[] = [];
  for await (const { results } of resultsByUnit<Result>(scratch, jobId, step)) found.push(...results);
  return found;
}

/** A unit of a step, with the results of its turns, oldest first. */
interface UnitResults<Unit, Result> {
  readonly unit: Unit;
  readonly results: readonly Result[];
}

/** Each unit of a step with its results, in order. Memory is that of some units, and of the bytes of the list of all of them. */
export async function* resultsByUnit<Result, Unit extends { id: string } = { id: string }>(
  scratch: Scratch,
  jobId: string,
  step: string,
): AsyncGenerator<UnitResults<Unit, Result>> {
  const read = async (unit: Unit) => ({ unit, results: await unitResults<Result>(scratch, jobId, step, unit.id) });
  let some: Unit[] = [];
  const readSome = () => runInOrder(some, RESULTS_AT_A_TIME, () => true, read);
  for (const unit of decodeLines<Unit>(await unitLines(scratch, jobId, step))) {
    some.push(unit);
    if (some.length < UNITS_AT_A_TIME) continue;
    yield* await readSome();
    some = [];
  }
  yield* await readSome();
}

interface Adds<Result> {
  add(result: Result): void;
}

/** Adds up the results of all turns of a step, in the order of the units. */
export async function addResults<Result, Into extends Adds<Result>>(
  scratch: Scratch,
  jobId: string,
  step: string,
  into: Into,
): Promise<Into> {
  for await (const { results } of resultsByUnit<Result>(scratch, jobId, step))
    for (const result of results) into.add(result);
  return into;
}

/**
 * Writes the list of units that a fan-out runs over, one JSON line each, and answers the fan-out's input. `concurrency`: workers that run at
 * a time, where the fan-out takes that from its input.
 */
export async function writeUnits<Job extends { jobId: string }, Unit>(
  scratch: Scratch,
  step: string,
  job: Job,
  units: readonly Unit[],
  concurrency?: number,
): Promise<FanOutInput<Job, Unit>> {
  const key = unitsKey(job.jobId, step);
  try {
    await scratch.store.put({ bucket: scratch.bucket, key, body: encodeLines(units), ifAbsent: true });
  } catch (error) {
    // A repeated step: its units come from the same immutable files, so they are the same.
    if (!isStoreError(error, 'precondition-failed')) throw error;
  }
  const only = units.length === 1 ? units[0] : undefined;
  return { job, units: { count: units.length, key, concurrency }, unit: only ?? {}, work: { turn: 0 } };
}

export const readUnits = async <Unit>(scratch: Scratch, jobId: string, step: string): Promise<Unit[]> => [
  ...decodeLines<Unit>(await unitLines(scratch, jobId, step)),
];

const unitLines = async ({ store, bucket }: Scratch, jobId: string, step: string): Promise<Uint8Array> =>
  (await store.get({ bucket, key: unitsKey(jobId, step) })).body;
