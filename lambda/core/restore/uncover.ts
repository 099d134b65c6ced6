import { NULL_VERSION } from '../history/row';
import type { RestoreAction } from './actions';

/** A version of the bucket that is current again as soon as the delete markers on top of it are gone. */
export interface Hidden {
  readonly key: string;
  readonly versionId: string;
  readonly etag?: string;
  /** Version IDs of the markers that were put there after the instant, newest first. */
  readonly markers: readonly string[];
}

/** Why the markers of a key stay. */
export type KeptReason =
  /** Somebody else put an object on top. */
  | 'overwritten'
  /** Somebody else put a delete marker on top. */
  | 'other-marker'
  /** The version that is to be current again is not there any more. */
  | 'version-gone';

export type MarkerCheck =
  /** The version is current: an earlier attempt, or somebody else, was here. */
  | { readonly kind: 'uncovered' }
  /** Remove these, the oldest first: the key is seen again only with the last one. */
  | { readonly kind: 'remove'; readonly markers: readonly string[] }
  | { readonly kind: 'kept'; readonly reason: KeptReason };

/** Most markers of a key that are removed. A key with more gets a copy on top. */
const MAX_MARKERS = 100;

/** What of a key's listing hides the wanted version, as far as it may be removed: only markers, and only ones of after the instant. */
export function removableMarkers(above: readonly BucketVersion[], asOf: number): readonly string[] | undefined {
  const isRemovable = above.every(
    ({ isMarker, versionId, lastModified }) => isMarker && versionId !== NULL_VERSION && lastModified > asOf,
  );
  return isRemovable && above.length > 0 && above.length <= MAX_MARKERS
    ? above.map(({ versionId }) => versionId)
    : undefined;
}

/** The version that an action brings back by removing markers, if that is how. */
export function hiddenOf({ key, ops }: RestoreAction): Hidden | undefined {
  const [op] = ops;
  if (ops.length !== 1 || !op || op.kind === 'marker' || !op.markers || !op.inBucket) return undefined;
  const { versionId, etag } = op.inBucket;
  return { key, versionId, etag, markers: op.markers };
}

/** Compares a key as it is listed now, newest first, with what the plan saw. */
export function checkMarkers(hidden: Hidden, listed: readonly BucketVersion[]): MarkerCheck {
  const first = listed.findIndex((entry) => !entry.isMarker);
  const above = first < 0 ? listed : listed.slice(0, first);
  if (above.some(({ versionId }) => !isPlanned(hidden, versionId))) return { kind: 'kept', reason: 'other-marker' };
  const body = listed[first];
  if (!body || !isWanted(hidden, body)) {
    const isThere = listed.some((entry) => isWanted(hidden, entry));
    return { kind: 'kept', reason: isThere ? 'overwritten' : 'version-gone' };
  }
  if (above.length === 0) return { kind: 'uncovered' };
  return { kind: 'remove', markers: above.map(({ versionId }) => versionId).reverse() };
}

const isPlanned = ({ markers }: Hidden, versionId: string): boolean =>
  versionId !== NULL_VERSION && markers.includes(versionId);

export const isWanted = (
  hidden: Pick<Hidden, 'versionId' | 'etag'>,
  found: { readonly versionId?: string; readonly etag?: string; readonly isMarker?: boolean },
): boolean => found.isMarker !== true && found.versionId === hidden.versionId && found.etag === hidden.etag;

/** A version as the bucket's own listing has it. */
export interface BucketVersion {
  readonly versionId: string;
  readonly isMarker: boolean;
  /** Absent for a delete marker. */
  readonly etag?: string;
  readonly lastModified: number;
  readonly storageClass?: string;
}
