import type { BackupJob } from '../../../core/backup/job';
import { grouped } from '../../../core/history/groups';
import { removalsIn } from '../../../core/history/removals';
import { isSighting, isVersion, NULL_VERSION, Row, versionIdentity } from '../../../core/history/row';
import { newestFirst } from '../../../core/history/view';
import { inventoryInvalid } from '../../../core/inventory/manifest';
import type { ObjectStore } from '../../../ports/object-store';
import { versionsOfKey } from '../../versions/key-versions';
import type { ScannedKey } from './with-history';

/**
 * Makes what a report says of a key as good as a listing: refuses what cannot be, asks S3 for the order of versions of one
 * second, and keeps only the current version where the job wants no other.
 */
export class ScannedKeys {
  constructor(
    private readonly source: ObjectStore,
    private readonly job: BackupJob,
  ) {}

  /** `leftOut`: versions with a body that are gone by the history, or that a job of CURRENT versions does not keep. */
  async complete(
    { key, scanned: reported, history }: ScannedKey,
    current?: string,
  ): Promise<{ rows: readonly Row[]; leftOut: number; isAsked: boolean }> {
    if (this.job.source !== 'inventory' || reported.length === 0) return { rows: reported, leftOut: 0, isAsked: false };
    this.refuseTwice(reported);
    const scanned = this.withoutGone(reported, history);
    const stale = bodiesOf(reported) - bodiesOf(scanned);
    if (scanned.length === 0) return { rows: [], leftOut: stale, isAsked: false };
    const tied = this.tiedSeconds(scanned, history);
    const isAsked = tied.size > 0;
    const rows = isAsked ? await this.ordered(key, scanned, { tied, history }) : inKnownOrder(scanned, history);
    if (this.job.versions === 'ALL') return { rows, leftOut: stale, isAsked };
    const kept = rows.find((row) => versionIdentity(row) === current) ?? rows[0];
    return { rows: kept ? [kept] : [], leftOut: stale + bodiesOf(rows.filter((row) => row !== kept)), isAsked };
  }

  /** Reports may still have what was deleted before them. S3 has said that it is gone, and no ID comes back. */
  private withoutGone(reported: readonly Row[], history: readonly Row[]): readonly Row[] {
    const removals = history.filter((row) => row.kind === 'removed' && (row.removedAfter ?? 0) < this.job.asOf);
    if (removals.length === 0) return reported;
    // The ID of null versions does: gone are those that the history knows, and whose deletion it knows too.
    const removalsOf = removalsIn([...removals, ...history.filter(isSighting)]);
    const named = removals.filter((row) => row.versionId !== NULL_VERSION && removalsOf(row).includes(row));
    const gone = new Set(named.map(({ versionId }) => versionId));
    for (const row of history)
      if (isVersion(row) && row.versionId === NULL_VERSION && removalsOf(row).length > 0)
        gone.add(versionIdentity(row));
    return reported.filter((row) => !gone.has(versionIdentity(row)));
  }

  private refuseTwice(scanned: readonly Row[]): void {
    if (new Set(scanned.map((row) => row.versionId)).size === scanned.length) return;
    throw inventoryInvalid(
      `inventory report ${this.job.report?.manifest ?? ''}`,
      'has two records for one object version',
    );
  }

  /** Seconds with several versions whose order is not known yet. */
  private tiedSeconds(scanned: readonly Row[], history: readonly Row[]): Set<number> {
    // A key may have had several null versions.
    const known = new Map(history.filter(isVersion).map((row) => [versionIdentity(row), row]));
    const bySecond = new Map<number, Set<string>>();
    for (const row of [...scanned, ...known.values()]) {
      const ids = bySecond.get(row.lastModified) ?? new Set<string>();
      bySecond.set(row.lastModified, ids.add(versionIdentity(row)));
    }
    const current = scanned[0]?.lastModified;
    const isOpen = (row: Row): boolean =>
      (bySecond.get(row.lastModified)?.size ?? 0) > 1 &&
      (this.job.versions === 'CURRENT' ? row.lastModified === current : !known.has(versionIdentity(row)));
    return new Set(scanned.filter(isOpen).map((row) => row.lastModified));
  }

  /** The rows in S3's own order, which a listing gives, with the links that record it. */
  private async ordered(
    key: string,
    scanned: readonly Row[],
    { tied, history }: { readonly tied: ReadonlySet<number>; readonly history: readonly Row[] },
  ): Promise<readonly Row[]> {
    const listed = await versionsOfKey(this.source, { bucket: this.job.bucket, key });
    const place = new Map(listed.map((entry, index) => [entry.versionId, index]));
    const bySecond = grouped(listed, ({ lastModified }) => lastModified);
    const linked = scanned.map((row): Row => {
      const own = place.get(row.versionId);
      if (!tied.has(row.lastModified) || own === undefined) return row;
      const beside = bySecond.get(row.lastModified) ?? [];
      const older = beside.filter(({ versionId }) => (place.get(versionId) ?? -1) > own);
      const links = this.job.versions === 'ALL' ? older.slice(0, 1) : older;
      return links.length > 0 ? { ...row, newerThan: links.map((entry) => entry.versionId).join(',') } : row;
    });
    // One that is gone by now may have been the newest of its second: what is not known counts against the backup. But a marker
    // that is gone hides nothing any more, and must not stand for an object that is there, unless the history knows that it did.
    const placeOfGone = (row: Row): number =>
      row.kind === 'marker' ? (knownPlace(row, history, place) ?? listed.length) : -1;
    const placeOf = (row: Row): number => place.get(row.versionId) ?? placeOfGone(row);
    return linked.sort((a, b) => b.lastModified - a.lastModified || placeOf(a) - placeOf(b));
  }
}

/** The place of a version that is gone, right above the next older one of its second that is there, by the order that an earlier job has seen. */
function knownPlace(gone: Row, history: readonly Row[], places: ReadonlyMap<string, number>): number | undefined {
  const { ordered, tied } = newestFirst(history.filter(isVersion));
  const index = ordered.findIndex((row) => versionIdentity(row) === versionIdentity(gone));
  if (index < 0 || tied.has(gone.lastModified)) return undefined;
  const next = ordered.slice(index + 1).find((row) => places.has(row.versionId));
  return next?.lastModified === gone.lastModified ? (places.get(next.versionId) ?? 0) - 0.5 : undefined;
}

const bodiesOf = (rows: readonly Row[]): number => rows.filter(({ kind }) => kind === 'put').length;

/** Versions of one second as the history orders them. */
function inKnownOrder(scanned: readonly Row[], history: readonly Row[]): readonly Row[] {
  const { ordered } = newestFirst(history.filter(isVersion));
  const place = new Map(ordered.map((row, index) => [versionIdentity(row), index]));
  const placeOf = (row: Row): number => place.get(versionIdentity(row)) ?? -1;
  return [...scanned].sort((a, b) => b.lastModified - a.lastModified || placeOf(a) - placeOf(b));
}
