import { KeyGroup, mergeGroups, nextOf } from '../../../core/history/groups';
import type { Manifest } from '../../../core/history/manifest';
import type { Row } from '../../../core/history/row';
import { viewAt, type ViewOptions } from '../../../core/history/view';
import { KeyRange, lesserKey } from '../../../core/keys/order';
import type { RestoreJob } from '../../../core/restore/job';
import { isVersionOf, RollbackKey } from '../../../core/restore/rollback';
import type { RestorePorts } from '../../context';
import { HistoryAt, rowsOf, viewOptions } from '../../history/at';
import { VersionListing } from '../existing/version-listing';

/** What a rollback goes back to, and what is known by now. One and the same for a point in time. */
interface Histories {
  readonly then: HistoryAt;
  readonly thenManifest: Manifest | undefined;
  readonly now: HistoryAt;
  readonly nowManifest: Manifest | undefined;
}

export async function rollbackHistories({ scratch, vault }: RestorePorts, job: RestoreJob): Promise<Histories> {
  const then = await scratch.read<HistoryAt>(job.history);
  const now = job.historyNow === undefined ? then : await scratch.read<HistoryAt>(job.historyNow);
  const thenManifest = await vault.readBase(job.sourceBucket, then.point);
  const nowManifest = now === then ? thenManifest : await vault.readBase(job.sourceBucket, now.point);
  return { then, thenManifest, now, nowManifest };
}

/** All keys of an interval that were there at the instant or that the bucket has now, in key order. */
export async function* rollbackKeys(
  ports: RestorePorts,
  job: RestoreJob,
  histories: Histories,
  range: KeyRange,
): AsyncGenerator<RollbackKey> {
  const listing = new VersionListing(ports.destination, job.destination.bucket, range);
  const options = viewOptions(job, histories.thenManifest);
  const groups = rowsOfBoth(ports, histories, range);
  let group = await nextOf(groups);
  for (;;) {
    const key = lesserKey(group?.key, await listing.peek());
    if (key === undefined) return;
    const isHere = group?.key === key;
    const found = await rollbackKey(
      { asOf: job.asOf, options },
      key,
      isHere && group ? group : { then: [], now: [] },
      listing,
    );
    // What came and went is of no interest.
    if (found.then.versions.length + found.then.uncertain.length > 0 || found.current) yield found;
    if (isHere) group = await nextOf(groups);
  }
}

interface BothRows {
  readonly then: readonly Row[];
  readonly now: readonly Row[];
}

async function rollbackKey(
  { asOf, options }: { readonly asOf: number; readonly options: ViewOptions },
  key: string,
  rows: BothRows,
  listing: VersionListing,
): Promise<RollbackKey> {
  const then = viewAt(key, rows.then, asOf, options);
  const now = viewAt(key, rows.now, Number.MAX_SAFE_INTEGER);
  const wanted = then.versions[0]?.row;
  const { current, found, above } = await listing.take(
    key,
    (version) => wanted !== undefined && isVersionOf(version, wanted),
  );
  return { key, then, now, known: rows.now, current, kept: found, above };
}

async function* rowsOfBoth(
  ports: RestorePorts,
  { then, thenManifest, now, nowManifest }: Histories,
  range: KeyRange,
): AsyncGenerator<BothRows & { readonly key: string }> {
  const newest = rowsOf(ports, now, nowManifest, range);
  if (now === then) {
    for await (const { key, rows } of newest) yield { key, then: rows, now: rows };
    return;
  }
  const sources: AsyncIterator<KeyGroup>[] = [rowsOf(ports, then, thenManifest, range), newest];
  for await (const { key, parts } of mergeGroups(sources)) yield { key, then: parts[0] ?? [], now: parts[1] ?? [] };
}
