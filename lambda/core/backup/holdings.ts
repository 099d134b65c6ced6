import { compareTexts, NOT_STORED, Row } from '../history/row';
import type { VersionView } from '../history/view';
import { addCounts, Counts, total } from '../values/counts';
import { LOST, PENDING } from './fold-versions';
import { REFUSED } from './refused';

/** Numbers of what a bucket has. */
export interface Holdings {
  /** Keys with a current object. */
  readonly objects: number;
  readonly versions: number;
  readonly markers: number;
  readonly bytes: number;
  /** Versions whose bodies the vault has not, by reason. Absent where nobody has counted them: in commits of earlier releases. */
  readonly skipped?: Readonly<Counts>;
}
export const NO_HOLDINGS: Holdings = { objects: 0, versions: 0, markers: 0, bytes: 0, skipped: {} };

/** What a key holds in the end, by the versions of a view. */
export function holdingsOf(versions: readonly Pick<VersionView, 'row'>[]): Holdings {
  const puts = versions.filter(({ row }) => row.kind === 'put');
  const skipped = puts.reduce<Counts>((sum, { row }) => addCounts(sum, unstored(row)), {});
  return {
    objects: versions[0]?.row.kind === 'put' ? 1 : 0,
    versions: puts.length,
    markers: versions.length - puts.length,
    bytes: puts.reduce((sum, { row }) => sum + (row.size ?? row.length ?? 0), 0),
    skipped,
  };
}

export const addHoldings = (a: Holdings, b: Holdings, sign: 1 | -1 = 1): Holdings => ({
  objects: a.objects + sign * b.objects,
  versions: a.versions + sign * b.versions,
  markers: a.markers + sign * b.markers,
  bytes: a.bytes + sign * b.bytes,
  ...(a.skipped && b.skipped && { skipped: addSkipped(a.skipped, b.skipped, sign) }),
});

/** The version as one of which the body is missing, for a reason. */
export const unstored = (row: Row, reason = reasonOf(row)): Counts => (row.file ? {} : { [reason]: 1 });

const GONE = 'version-gone';
const PASSING = [`${NOT_STORED}${REFUSED}`, PENDING];
const passing = (reason: string): number => PASSING.indexOf(reason) + 1;

/**
 * The reason among all that jobs have given: always the same one, so that a version that is counted can be counted off. What may end by itself
 * comes after what lasts: a version counts as refused as long as it is tried again.
 */
export function reasonOf({ uncertain }: Row): string {
  const reasons = (uncertain?.split(',') ?? []).filter((reason) => reason.startsWith(NOT_STORED));
  // Whatever kept it from being stored before: that it is gone is final.
  if (reasons.some((reason) => reason === LOST || reason === `${NOT_STORED}${GONE}`)) return GONE;
  const [first = PENDING] = reasons.sort((a, b) => passing(a) - passing(b) || compareTexts(a, b));
  return first.slice(NOT_STORED.length);
}

function addSkipped(a: Readonly<Counts>, b: Readonly<Counts>, sign: 1 | -1): Counts {
  const sum = addCounts(
    { ...a },
    Object.fromEntries(Object.entries(b).map(([reason, count]) => [reason, sign * count])),
  );
  return Object.fromEntries(Object.entries(sum).filter(([, count]) => count !== 0));
}

/**
 * Counts of a commit. Earlier releases counted some versions under other reasons than those that are counted off now: how many they are all
 * together is right.
 */
export function countedSkips(skipped: Readonly<Counts>): Counts {
  let rest = Math.max(0, total(skipped));
  const counted: Counts = {};
  for (const [reason, count] of Object.entries(skipped)) {
    const some = Math.min(Math.max(count, 0), rest);
    if (some > 0) counted[reason] = some;
    rest -= some;
  }
  return counted;
}
