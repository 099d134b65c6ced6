import { arrivedBetween, OtherSights, REPORT_LAG } from '../history/arrival';
import { olderVersions } from '../history/chain';
import { grouped } from '../history/groups';
import { cameAt, removalsIn, sightingsIn } from '../history/removals';
import { compareStates, compareTexts, NOT_STORED, NULL_VERSION, isVersion, Row, versionIdentity } from '../history/row';
import { newestFirst } from '../history/view';
import type { Holdings } from './holdings';

/** What a backup does about one version of a key. Decided before anything is done. */
export type Decision =
  /** A version without a body in the vault: store it. `known` is what an earlier job that could not do so left. */
  | {
      readonly kind: 'store';
      readonly row: Row;
      readonly known?: Row;
      /** The recovery point does not have the version: it came after the scan began. */
      readonly isLater?: true;
      /** Of a version that the change log tells of: where the commit counts it, and under what it is in the history. */
      readonly counted?: { readonly isHeld: boolean; readonly isShown: boolean; readonly told: Row };
    }
  /** A version that earlier jobs were not allowed to read, which a job without a scan tries again. */
  | { readonly kind: 'retry'; readonly row: Row; readonly known: Row }
  /** A delete marker that the history does not have. */
  | { readonly kind: 'mark'; readonly row: Row }
  /** The vault has it: only counted, and its tags and ACL read again when the job asks for it. */
  | { readonly kind: 'reuse'; readonly row: Row; readonly known: Row; readonly states: readonly Row[] }
  /** The history has it and the scan did not see it. `row` says that it is gone; of a null version, `other` is the ETag of the one that was seen. */
  | {
      readonly kind: 'remove';
      readonly row: Row;
      readonly known: Row;
      readonly states: readonly Row[];
      readonly other?: string;
    }
  /**
   * What an event has told of and the history does not have: it goes into the history as it is. `isLoss`: it says that a version is gone that
   * might have been stored later.
   */
  | { readonly kind: 'take'; readonly row: Row; readonly isLoss?: true }
  /** The change log had so many rows of the key, which change what the bucket holds. */
  | {
      readonly kind: 'folded';
      readonly row: Row;
      readonly rows: number;
      readonly change: Holdings;
      /** What of it the recovery point does not show yet, as it was later. */
      readonly later: Holdings;
    }
  /** A version that the history has got other tags or another ACL, by the change log. */
  | { readonly kind: 'restate'; readonly row: Row; readonly states: readonly Row[] };

export interface ScanFacts extends OtherSights {
  /** What a report began to see then: it may leave out what came up to two days before. */
  readonly report?: { readonly start: number };
  readonly versions: 'ALL' | 'CURRENT';
  /** Instant of the scan before this one, epoch seconds. */
  readonly previousAsOf: number;
}

/**
 * Compares what a scan saw of a key with the key's joined history, newest version first. A scan of ALL versions proves that
 * what it did not see is gone; a scan of CURRENT versions proves it only of versions newer than the current one.
 */
export function decide(scanned: readonly Row[], history: readonly Row[], facts: ScanFacts): Decision[] {
  const known = new Map(history.filter(isVersion).map((row) => [versionIdentity(row), row]));
  const isState = ({ kind }: Row): boolean => kind === 'state';
  const states = grouped(history.filter(isState), versionIdentity);
  const statesOf = (identity: string): readonly Row[] => states.get(identity) ?? [];
  const removalsOf = removalsIn(history);
  const decisions: Decision[] = [];
  const seen = new Set<string>();
  for (const row of scanned) {
    const identity = versionIdentity(row);
    seen.add(identity);
    const old = known.get(identity);
    decisions.push(aboutSeen(row, old, statesOf(identity), facts));
    const again = sighting(row, removalsOf(old ?? row), facts);
    if (again) decisions.push({ kind: 'take', row: again });
  }
  const sightings = sightingsIn(history);
  const nullEtag = scanned.find((row) => row.versionId === NULL_VERSION)?.etag;
  for (const [identity, row] of known) {
    if (seen.has(identity) || removalsOf(row).length > 0 || mayBeUnseen(row, scanned[0], facts)) continue;
    const other = row.versionId === NULL_VERSION ? nullEtag : undefined;
    const removed = { ...removal(row, facts), effectiveFrom: sightings(row) };
    decisions.push({ kind: 'remove', row: removed, known: row, states: statesOf(identity), other });
  }
  return inFixedOrder(decisions, history);
}

/** A version that the scan saw; `known` is what the history has of it. */
function aboutSeen(seen: Row, known: Row | undefined, states: readonly Row[], facts: ScanFacts): Decision {
  const row = known ? seen : arrivedBetween(seen, facts);
  if (row.kind === 'marker') return known ? { kind: 'reuse', row, known, states: [] } : { kind: 'mark', row };
  return known?.file ? { kind: 'reuse', row, known, states } : { kind: 'store', row, known };
}

/** A listing that sees a version which was said to be gone before it: that was not so. A report may be older than it says. */
function sighting(row: Row, removals: readonly Row[], { asOf }: ScanFacts): Row | undefined {
  if (row.source !== 'listing' || !removals.some(({ removedBefore = Infinity }) => removedBefore < asOf))
    return undefined;
  const { key, versionId, lastModified, etag, source } = row;
  return { key, versionId, kind: 'removed', lastModified, etag, removedAfter: asOf, source };
}

/** Whether a version may be there although the scan did not see it. */
function mayBeUnseen(row: Row, current: Row | undefined, { asOf, versions }: ScanFacts): boolean {
  // What came after the scan began, it may not have seen.
  const isLater = row.source === 'event' && Math.max(row.lastModified, row.visibleBefore ?? 0) > asOf;
  return isLater || (versions === 'CURRENT' && current !== undefined && isOlder(row, current));
}

/**
 * The same in every turn: a turn that goes on in the middle of a key counts the decisions that are done. Versions of one second are in the
 * history's order, as far as it has them.
 */
function inFixedOrder(decisions: Decision[], history: readonly Row[]): Decision[] {
  const isTied = new Set(decisions.map(({ row }) => row.lastModified)).size < decisions.length;
  const known = isTied ? newestFirst(history.filter(isVersion)).ordered.map(versionIdentity) : [];
  const places = new Map(known.map((identity, place) => [identity, place]));
  const placeOf = ({ row }: Decision): number => places.get(versionIdentity(row)) ?? known.length;
  return decisions.sort(
    (a, b) =>
      b.row.lastModified - a.row.lastModified ||
      placeOf(a) - placeOf(b) ||
      compareTexts(versionIdentity(a.row), versionIdentity(b.row)),
  );
}

/** Whether a version may still be there under the current one, which a scan of CURRENT versions does not say. */
const isOlder = (row: Row, current: Row): boolean =>
  row.lastModified < current.lastModified ||
  (row.lastModified === current.lastModified && olderVersions(current).includes(row.versionId));

/**
 * The row of a known version that says only what the scan has learned about its place among the others, if anything: its links within its
 * second, or its date, where all that was known is the time of its event.
 */
export function newPlace(row: Row, known: Row): Row | undefined {
  const before = new Set(olderVersions(known));
  if (olderVersions(row).every((id) => before.has(id)) && row.lastModified >= known.lastModified) return undefined;
  const { key, versionId, kind, lastModified, etag, newerThan, source } = row;
  return { key, versionId, kind, lastModified, etag, newerThan, source };
}

/** Tags or ACL of a known version as the history has them by now. */
export const latestOf = ({ known, states }: Decision & { kind: 'reuse' }, field: 'tags' | 'acl'): string | undefined =>
  [...states].sort(compareStates).findLast((row) => row[field] !== undefined)?.[field] ?? known[field];

/** The row that says since when a version has other tags or another ACL. */
export function stateRow(row: Row, value: Pick<Row, 'tags' | 'acl'>, effectiveFrom: number): Row {
  const { key, versionId, lastModified, etag, source } = row;
  return { key, versionId, lastModified, etag, kind: 'state', effectiveFrom, source, ...value };
}

/**
 * Whoever carries it out says up to when it may have happened. A listing proves that it was before its instant. That a report leaves a version out
 * proves nothing: one that the scan before saw at the same instant was there.
 */
const removal = (row: Row, facts: ScanFacts): Row => ({
  key: row.key,
  versionId: row.versionId,
  kind: 'removed',
  lastModified: row.lastModified,
  etag: row.etag,
  removedAfter: Math.min(Math.max(facts.previousAsOf, seenAt(row)), facts.asOf - (facts.report ? 0 : 1)),
  removedBefore: facts.asOf,
  observedAt: facts.asOf,
  source: mayLeaveOut(row, facts) ? 'inventory' : 'listing',
});

/** Whether a report may leave a version out that is there. */
const mayLeaveOut = (row: Row, { report }: ScanFacts): boolean =>
  report !== undefined && cameAt(row) > report.start - REPORT_LAG;

/** Since when a captured version was there: it was not deleted before. */
const seenAt = (row: Row): number => (row.source === 'event' ? Math.max(row.lastModified, row.visibleFrom ?? 0) : 0);

/** The row of a version that could not be stored: it says that the version exists, and why its body is missing. */
export const notStored = (row: Row, reason: string): Row => ({ ...row, uncertain: `${NOT_STORED}${reason}` });
