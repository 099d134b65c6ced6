import type { Manifest } from '../history/manifest';
import { fromIso, toIso } from '../values/instant';

type Continuous = Pick<NonNullable<Manifest['continuous']>, 'reconciledThrough' | 'comparisons'>;

/** When a scan compared all versions of a bucket with what is known, epoch seconds. */
export interface Comparison {
  /** What was there at that instant, it has seen, unless it was deleted before the end. */
  readonly through: number;
  readonly end: number;
}

/** So many tell since when a version may have been there that only its deletion tells of. */
const MOST = 3;
const DAY = 24 * 60 * 60;

/** The last comparisons, newest first. Earlier releases said only through when the last one was: no scan takes longer than a day. */
export function comparisonsOf(continuous: Continuous | undefined): readonly Comparison[] {
  if (!continuous) return [];
  const { comparisons, reconciledThrough } = continuous;
  if (comparisons) return comparisons.map(({ through, end }) => ({ through: fromIso(through), end: fromIso(end) }));
  const through = fromIso(reconciledThrough);
  return [{ through, end: through + DAY }];
}

/** The same with the one of a commit, as its manifest says it. */
export function withComparison(before: Continuous | undefined, own: Comparison | undefined): Continuous['comparisons'] {
  return [...(own ? [own] : []), ...comparisonsOf(before)]
    .sort((a, b) => b.through - a.through)
    .slice(0, MOST)
    .map(({ through, end }) => ({ through: toIso(through), end: toIso(end) }));
}

/** When a comparison had not seen a version that was deleted before an instant; undefined when none is known that would have. */
export const unseenAt = (comparisons: readonly Comparison[], removedBefore: number): number | undefined =>
  comparisons.find(({ end }) => end < removedBefore)?.through;
