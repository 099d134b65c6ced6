import { BackupError, ErrorName } from '../../contract/errors';
import type { BackupCounts, Manifest } from '../history/manifest';
import { type Counts, total } from '../values/counts';
import { addHoldings, countedSkips, type Holdings, NO_HOLDINGS } from './holdings';
import type { BackupJob } from './job';
import type { RangeResult } from './range-result';

/**
 * Invariant 6: every version that the scan saw, or a report left out, was stored, reused, skipped for a reason, or not asked for. A report may be
 * older than what is known: its recovery point has what the history shows.
 */
export function countAll(planned: number, totals: RangeResult, source: BackupJob['source']): BackupCounts {
  const { versions, stored, storedBytes, reused, removed, restated, skipped } = totals;
  const { captured, lost } = totals;
  const settled = stored + reused + total(skipped);
  if (settled + totals.leftOut !== planned + totals.omitted || settled !== versions)
    throw new BackupError(
      ErrorName.vaultDamaged,
      `the scan saw ${String(planned)} versions, but ${String(settled)} were stored, reused or skipped. Nothing is committed: run the backup again`,
    );
  const { objects, markers, bytes } = totals;
  const seen = { objects, versions, markers, bytes, skipped };
  const counts = { ...(source === 'inventory' ? shownOf(totals) : {}), stored, storedBytes, reused, removed, restated };
  return { ...seen, ...counts, ...(captured > 0 && { captured }), ...(lost > 0 && { lost }) };
}

/** What the history shows that a job leaves behind, where it was looked at. */
function shownOf({ shown }: RangeResult): Partial<BackupCounts> {
  if (!shown) return {};
  return { ...shown, skipped: countedSkips(shown.skipped ?? {}) };
}

/**
 * Whether the history shows something else than what a listing saw. All of it is in the history, and what is known besides does not change it: if it
 * does, something in the history is wrong.
 */
export function contradicts(
  source: BackupJob['source'],
  counts: BackupCounts,
  { shown }: RangeResult,
): string | undefined {
  if (source !== 'listing' || !shown) return undefined;
  const said = (
    numbers: Pick<Holdings, 'objects' | 'versions' | 'markers' | 'bytes'>,
    skipped: Readonly<Counts>,
  ): string =>
    `${String(numbers.objects)} objects, ${String(numbers.versions)} versions of ${String(numbers.bytes)} bytes, ${String(total(skipped))} of them without a body, and ${String(numbers.markers)} delete markers`;
  const [saw, shows] = [said(counts, counts.skipped), said(shown, shown.skipped ?? {})];
  return saw === shows ? undefined : `the listing saw ${saw}, but the history shows ${shows}`;
}

/**
 * What the last commit says that the bucket holds. A listing of all versions knows which of them have no body in the vault; other commits of
 * earlier releases do not say.
 */
export function holdingsBefore(base: Manifest | undefined): Holdings {
  if (!base) return NO_HOLDINGS;
  const known = base.continuous?.holdings ?? base.counts;
  const isCounted = base.source === 'listing' && base.versions === 'ALL';
  const skipped = base.continuous?.holdings?.skipped ?? (isCounted ? base.counts.skipped : undefined);
  const { objects, versions, markers, bytes } = known;
  return { objects, versions, markers, bytes, ...(skipped && { skipped }) };
}

/**
 * Numbers of a commit that scanned nothing: what was known before, what the log changes, and without what came after the instant that it shows. So
 * are those of the versions without a body: it does not matter which job could not store them. Every row that was read of the log has to be among
 * them.
 */
export function countChanges(base: Manifest | undefined, totals: RangeResult, rows: number): BackupCounts {
  if (totals.folded !== rows)
    throw new BackupError(
      ErrorName.vaultDamaged,
      `${String(rows)} changes were captured, but ${String(totals.folded)} are in the new history. Nothing is committed: run the job again`,
    );
  const { stored, storedBytes, captured, lost, removed, restated } = totals;
  const shown = addHoldings(addHoldings(holdingsBefore(base), totals.change), totals.later, -1);
  return {
    ...shown,
    stored,
    storedBytes,
    captured,
    lost,
    removed,
    restated,
    reused: 0,
    skipped: countedSkips(shown.skipped ?? totals.skipped),
  };
}

/** What the bucket holds by all that is known. A scan counts the versions without a body under the reasons of their rows. */
export function holdingsAfter(
  isScan: boolean,
  base: Manifest | undefined,
  counts: BackupCounts,
  totals: RangeResult,
): Holdings {
  const { objects, versions, markers, bytes } = counts;
  const numbers = { objects, versions, markers, bytes };
  if (isScan && totals.held) return { ...totals.held, skipped: countedSkips(totals.held.skipped ?? {}) };
  if (isScan) return addHoldings({ ...numbers, skipped: totals.unstored ?? {} }, totals.later);
  const { skipped } = addHoldings(holdingsBefore(base), totals.change);
  return { ...addHoldings({ ...numbers, skipped: {} }, totals.later), skipped: skipped && countedSkips(skipped) };
}
