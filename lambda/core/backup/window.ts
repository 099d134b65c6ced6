import { fromIso } from '../values/instant';
import type { Manifest } from '../history/manifest';

const DAY = 24 * 60 * 60;

/** The oldest instant of a window of so many days that a merge leaves restorable. */
export const windowStart = (asOf: number, days: number): number => asOf - days * DAY;

/** Through when merges may have dropped removed versions. Earlier releases did not say: they may have done so up to their whole window. */
export function droppedThrough({ asOf, continuous }: Pick<Manifest, 'asOf' | 'continuous'>): number | undefined {
  if (!continuous) return undefined;
  const { droppedThrough: said, days } = continuous;
  return said === undefined ? windowStart(fromIso(asOf), days) : fromIso(said);
}
