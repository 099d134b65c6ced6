import type { RequestCounter } from './runtime';

/**
 * Removes delete markers for good: the one way to delete a version by its ID, apart from the object store, so that only the function that
 * is given it can. Who calls it has made sure that the version is a delete marker.
 */
export interface MarkerRemoval extends RequestCounter {
  /**
   * Succeeds also when the marker is gone already. A null marker is refused (`invalid`): where versioning was suspended meanwhile a
   * writer may have put an object in its place, under the same ID.
   */
  remove(marker: { readonly bucket: string; readonly key: string; readonly versionId: string }): Promise<void>;
}
