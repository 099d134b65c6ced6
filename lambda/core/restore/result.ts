import type { Counts } from '../values/counts';
import { Sums } from '../values/sums';

/** What one turn of planning found. Sums of these are the plan. */
export interface PlanResult {
  /** Scratch files with actions, each with the number of keys in it. */
  readonly files: readonly { readonly key: string; readonly weight: number }[];
  readonly objects: number;
  readonly versions: number;
  readonly markers: number;
  /** Those of the delete markers that hide an object of the bucket: of a rollback or an undo. */
  readonly deletes: number;
  /** Keys that come back by removing delete markers. */
  readonly uncovered: number;
  readonly bytes: number;
  readonly conflicts: number;
  /** Keys whose order of versions within a second is not certain. */
  readonly uncertain: number;
  /** Keys in doubt of a point in time, by reason. */
  readonly doubts: Counts;
  /** Numbers of the selected intervals that the recovery point has keys of. */
  readonly matched: readonly number[];
  /** The same of the keys, and of the prefixes, that were named inside of a selected prefix. */
  readonly matchedKeys: readonly number[];
  readonly matchedPrefixes: readonly number[];
  readonly skipped: Counts;
  /** Objects that an undo could not bring back, by reason. */
  readonly notUndoable: Counts;
  /** Of an undo: versions that have to be thawed first. */
  readonly archived: number;
  /** Requests that carrying the plan out will take. */
  readonly estimated: Counts;
  readonly requests: Counts;
  /** Scratch files that list what is left out. */
  readonly reports: readonly string[];
}

/** The plan as the output shows it. */
export interface PlanSummary {
  readonly objects: number;
  readonly versions: number;
  readonly markers: number;
  /** Objects that a rollback or an undo hides by delete markers. */
  readonly deletes?: number;
  /** Those of the objects that come back by removing delete markers: nothing is written for them. */
  readonly uncovered?: number;
  /** Objects of a rollback or an undo that an undo could not bring back: they stay as noncurrent versions. */
  readonly notUndoable?: Counts;
  /** Versions of an undo that S3 does not copy before they are thawed. */
  readonly archived?: number;
  readonly bytes: number;
  readonly conflicts: number;
  readonly skipped: Counts;
  readonly requests: Counts;
  /** US dollars, us-east-1 prices, without storage and transfer. */
  readonly estimatedCost: number;
}

/** What one turn of restoring did. */
export interface RestoreResult {
  readonly restored: number;
  /** Those of the restored that removing delete markers brought back. */
  readonly uncovered: number;
  readonly markers: number;
  /** Delete markers of a rollback or an undo that were not written, as somebody else had written the key. */
  readonly lostDeletes: number;
  readonly failed: number;
  readonly bytes: number;
  readonly verifiedByReading: number;
  readonly skipped: Counts;
  readonly requests: Counts;
  readonly reports: readonly string[];
}

/** What one turn of removing delete markers did. */
export interface MarkerResult {
  /** Markers that are gone. */
  readonly removed: number;
  /** Keys whose markers stay, by reason. */
  readonly kept: Counts;
  readonly requests: Counts;
  readonly reports: readonly string[];
}

const PLAN_NUMBERS = [
  'objects',
  'versions',
  'markers',
  'deletes',
  'uncovered',
  'bytes',
  'conflicts',
  'uncertain',
  'archived',
] as const;
const PLAN_COUNTS = ['doubts', 'skipped', 'notUndoable', 'estimated', 'requests'] as const;

/** The plan as a whole, added up result by result. */
export class PlanSums extends Sums<(typeof PLAN_NUMBERS)[number], (typeof PLAN_COUNTS)[number]> {
  readonly matched = new Set<number>();
  readonly matchedKeys = new Set<number>();
  readonly matchedPrefixes = new Set<number>();

  constructor() {
    super(PLAN_NUMBERS, PLAN_COUNTS);
  }

  override add(result: PlanResult): void {
    super.add(result);
    for (const name of ['matched', 'matchedKeys', 'matchedPrefixes'] as const)
      for (const item of result[name]) this[name].add(item);
  }
}

/** What was done as a whole. */
export const restoreSums = () =>
  new Sums(
    ['restored', 'uncovered', 'markers', 'lostDeletes', 'failed', 'bytes', 'verifiedByReading'],
    ['skipped', 'requests'],
  );
export const markerSums = () => new Sums([], ['kept', 'requests']);
