import { decide, Decision } from '../../../core/backup/decisions';
import { foldStates } from '../../../core/backup/fold-states';
import {
  type FoldedVersions,
  type Folds,
  foldVersions,
  isMissed,
  isMissedRemoval,
  missedVersions,
} from '../../../core/backup/fold-versions';
import { addHoldings, type Holdings, holdingsOf, NO_HOLDINGS } from '../../../core/backup/holdings';
import { LATE, lateEventsOf, type LateEvents, type Said } from '../../../core/backup/late-events';
import type { BackupJob } from '../../../core/backup/job';
import { losses, mayBeStoredLater } from '../../../core/backup/refused';
import { olderVersions } from '../../../core/history/chain';
import { removalsIn } from '../../../core/history/removals';
import { isVersion, Row, rowIdentity, VaultFile, versionIdentity } from '../../../core/history/row';
import { newestFirst, viewAt } from '../../../core/history/view';
import type { ObjectStore } from '../../../ports/object-store';
import { versionsOfKey } from '../../versions/key-versions';
import type { KeyCounts } from '../store/batch';
import { ScannedKeys } from './scanned-keys';
import type { ScannedKey } from './with-history';

interface DecidedKey extends KeyCounts {
  /** Identity of the current version, as far as the scan can tell. */
  readonly current?: string;
  /** Date of the newest version that the scan saw, and identities of those that the history has above it in its second. */
  readonly currentAt?: number;
  readonly above: ReadonlySet<string>;
  readonly decisions: readonly Decision[];
  /** The key's history, with what was captured. */
  readonly told: readonly Row[];
  /** S3 was asked for the order of versions of one second, which takes time. */
  readonly isAsked: boolean;
  /** Since when events came too late, as far as what was captured tells of it. */
  readonly late: LateEvents;
}

/** Of the commit that a job makes, and of the one that it builds on. */
interface Watermarks {
  /** The instant that the recovery point shows. */
  readonly shown: number;
  /** What was said of continuous backup before. */
  readonly said?: Said;
}

/** Decides what a job does about each key, from the scan, the history, and the change log. */
export class DecidedKeys {
  private readonly scanned: ScannedKeys;
  private readonly folds: Folds | undefined;
  constructor(
    private readonly source: ObjectStore,
    private readonly job: BackupJob,
    private readonly marks: Watermarks,
  ) {
    this.scanned = new ScannedKeys(source, job);
    const { continuous, seq: commit } = job;
    this.folds = continuous && {
      commit,
      comparisons: continuous.comparisons ?? [],
      gapEnds: continuous.gaps.map(({ before }) => before),
    };
  }

  /** `known` is what an earlier turn took for the current version: the bucket may have changed since. */
  async decide(compared: ScannedKey, known?: string): Promise<DecidedKey> {
    const { history, logged } = compared;
    const fold = this.folds && foldVersions(logged, history, this.folds);
    const told = fold?.told ?? history;
    const { rows, leftOut, isAsked } = await this.scanned.complete({ ...compared, history: told }, known);
    const current = known ?? (rows[0] && versionIdentity(rows[0]));
    const facts = { currentAt: rows[0]?.lastModified, above: this.above(rows, told) };
    const late = fold && this.marks.said ? lateEventsOf(fold, history, this.marks.said) : {};
    const key = { current, ...facts, leftOut, isAsked, told, unread: this.unread(rows, told), late };
    if (fold) return { ...key, ...(await this.continuous(compared, rows, { fold, isAsked })) };
    if (logged.length === 0) return { ...key, gaps: 0, decisions: decide(rows, history, this.job) };
    const { restated, acls } = foldStates(logged, history, this.job.changes?.through ?? 0);
    const stated = [...history, ...restated.flatMap(({ states }) => states)];
    const counted: Decision[] = logged
      .slice(0, 1)
      .map((row) => ({ kind: 'folded', row, rows: logged.length, change: NO_HOLDINGS, later: NO_HOLDINGS }));
    const decisions = [...decide(withoutAcls(rows, acls), stated, this.job), ...restated, ...counted];
    return { ...key, gaps: 0, decisions };
  }

  private above(rows: readonly Row[], history: readonly Row[]): ReadonlySet<string> {
    const [current] = rows;
    const isTied = ({ lastModified, versionId }: Row): boolean =>
      lastModified === current?.lastModified && versionId !== current.versionId;
    if (this.job.source !== 'inventory' || !current || !history.some(isTied)) return new Set();
    const known = new Set(history.map(versionIdentity));
    const fresh = rows.filter((row) => !known.has(versionIdentity(row)));
    const { ordered } = newestFirst([...history.filter(isVersion), ...fresh]);
    const place = ordered.findIndex((row) => versionIdentity(row) === versionIdentity(current));
    return new Set(ordered.slice(0, Math.max(place, 0)).map(versionIdentity));
  }

  private unread(rows: readonly Row[], history: readonly Row[]): number {
    if (this.job.metadata !== 'FULL' || this.job.versions === 'ALL' || rows.length === 0) return 0;
    const seen = new Set(rows.map(versionIdentity));
    const removalsOf = removalsIn(history);
    return history.filter(
      (row) => row.kind === 'put' && !seen.has(versionIdentity(row)) && removalsOf(row).length === 0,
    ).length;
  }

  /** Of a bucket with continuous backup: what was captured goes into the history, and a scan is compared with all of it. */
  private async continuous(
    { key, history, logged }: ScannedKey,
    rows: readonly Row[],
    { fold, isAsked }: { readonly fold: FoldedVersions; readonly isAsked: boolean },
  ): Promise<Pick<DecidedKey, 'decisions' | 'gaps' | 'isAsked'>> {
    const isScan = this.job.source !== 'changes';
    const seen = new Set(rows.map(versionIdentity));
    const compared = isScan ? decide(withoutAcls(rows, aclsOf(logged)), fold.told, this.job) : [];
    // What a scan should have seen and has not, is asked for or gone.
    for (const { kind, row } of compared) if (kind === 'remove') seen.add(versionIdentity(row));
    const isLater = isScan || undefined;
    const unseen = fold.pending.filter((row) => !seen.has(versionIdentity(row)));
    const countedOf = unseen.length > 0 ? this.countedIn(key, fold.told) : undefined;
    const pending = unseen.map((row) => ({ kind: 'store', row, isLater, counted: countedOf?.(row) }) as const);
    const retries = this.retries(fold);
    const lost = losses(fold, history);
    const ordered = await this.order(key, fold.told, fold.taken, isScan);
    const decisions: Decision[] = [
      ...fold.taken.map((row): Decision => ({ kind: 'take', row, isLoss: lost.has(rowIdentity(row)) || undefined })),
      ...pending,
      ...retries,
      ...compared,
    ];
    const stored = new Set(pending.map(({ row }) => versionIdentity(row)));
    const counted = this.counted(logged, history, withBodies(fold.told, stored));
    if (counted) decisions.push(counted);
    // Last, as S3 may answer something else in another turn.
    decisions.push(...ordered.map((row): Decision => ({ kind: 'take', row })));
    return { decisions, isAsked: isAsked || !isScan, gaps: isScan ? this.gaps(decisions, history, fold.told) : 0 };
  }

  /** Versions that could not be read so far, as far as they are there: an upkeep that scans nothing asks for them again. */
  private retries({ told, pending }: FoldedVersions): Decision[] {
    const { source, internal } = this.job;
    if (source !== 'changes' || !internal) return [];
    const due = new Set(pending.map(versionIdentity));
    const removalsOf = removalsIn(told);
    return told
      .filter((row) => mayBeStoredLater(row) && !due.has(versionIdentity(row)) && removalsOf(row).length === 0)
      .map((known) => ({ kind: 'retry', row: { ...known, uncertain: undefined }, known }));
  }

  /** Which versions the commit counts among what the bucket holds, and among what it shows. */
  private countedIn(key: string, told: readonly Row[]): (row: Row) => { isHeld: boolean; isShown: boolean; told: Row } {
    const at = (instant: number): ReadonlySet<string> =>
      new Set(viewAt(key, told, instant).versions.map(({ row }) => versionIdentity(row)));
    const held = at(Infinity);
    const shown = isShownApart(this.job) ? at(this.marks.shown) : held;
    const known = new Map(told.filter(isVersion).map((row) => [versionIdentity(row), row]));
    return (row) => {
      const identity = versionIdentity(row);
      return { isHeld: held.has(identity), isShown: shown.has(identity), told: known.get(identity) ?? row };
    };
  }

  /** How what the bucket holds has changed by what was captured, which a scan counts itself, and what of it the recovery point does not show. */
  private counted(logged: readonly Row[], history: readonly Row[], told: readonly Row[]): Decision | undefined {
    const { source } = this.job;
    const mayBeLater = isShownApart(this.job) && told.some((row) => isAfter(row, this.marks.shown));
    const row = logged[0] ?? (mayBeLater ? told[0] : undefined);
    if (!row) return undefined;
    const change = source === 'changes' && logged.length > 0 ? holdingsBetween(row.key, history, told) : NO_HOLDINGS;
    const at = (instant: number): Holdings => holdingsOf(viewAt(row.key, told, instant).versions);
    const later = mayBeLater ? addHoldings(at(Infinity), at(this.marks.shown), -1) : NO_HOLDINGS;
    return { kind: 'folded', row, rows: logged.length, change, later };
  }

  /** Versions of one second that no sequencer orders: S3 has an order, and tells it. */
  private async order(key: string, told: readonly Row[], taken: readonly Row[], isScan: boolean): Promise<Row[]> {
    if (isScan || !taken.some(isVersion)) return [];
    const tied = viewAt(key, told, Infinity).versions.filter(({ doubts }) => doubts.includes('same-second'));
    const fresh = new Set(taken.map((row) => row.lastModified));
    if (!tied.some(({ row }) => fresh.has(row.lastModified))) return [];
    const listed = await versionsOfKey(this.source, { bucket: this.job.bucket, key });
    const places = new Map(listed.map(({ versionId }, place) => [versionId, place]));
    return tied.flatMap(({ row }) => {
      const place = places.get(row.versionId);
      const next = place === undefined ? undefined : listed[place + 1];
      if (next?.lastModified !== row.lastModified) return [];
      if (olderVersions(row).includes(next.versionId)) return [];
      const { versionId, kind, lastModified, visibleFrom, visibleBefore, etag, source } = row;
      const arrival = { visibleFrom, visibleBefore };
      return [{ key, versionId, kind, lastModified, ...arrival, etag, newerThan: next.versionId, source }];
    });
  }

  private gaps(decisions: readonly Decision[], history: readonly Row[], told: readonly Row[]): number {
    const { continuous, asOf } = this.job;
    if (!continuous) return 0;
    const looks = { asOf, since: continuous.since, reconciledThrough: continuous.reconciledThrough };
    // A version without a body that the history knows is stored once more: that tells of no event that was missed.
    const isNew = (one: Decision): boolean => one.kind === 'mark' || (one.kind === 'store' && !one.known);
    const missed = decisions.filter((one) => isNew(one) && one.row.source !== 'event' && isMissed(one.row, continuous));
    const after = Math.max(continuous.since, continuous.reconciledThrough - LATE);
    return (
      missed.length +
      history.filter((row) => isMissedRemoval(row, looks)).length +
      missedVersions(told, after, asOf - LATE)
    );
  }
}

/** The log knows better than a report, and of a new version the ACL is read. */
const withoutAcls = (rows: readonly Row[], acls: ReadonlySet<string>): Row[] =>
  rows.map((row) => (acls.has(versionIdentity(row)) ? { ...row, acl: undefined } : row));

/** Versions that are stored now, as if they were: those that cannot be, are counted when that is known. */
const withBodies = (rows: readonly Row[], stored: ReadonlySet<string>): readonly Row[] =>
  stored.size === 0
    ? rows
    : rows.map((row) => (row.kind === 'put' && stored.has(versionIdentity(row)) ? { ...row, file: STORED } : row));

const STORED: VaultFile = { name: '', checksum: '', bytes: 0, commit: 0 };

const aclsOf = (logged: readonly Row[]): Set<string> =>
  new Set(logged.filter((row) => row.kind === 'state' && row.acl !== undefined).map(versionIdentity));

/**
 * Whether the commit shows less than is known. Of a commit that is only internal the numbers are those of all, and what a scan shows is counted
 * when all about a key is written.
 */
const isShownApart = ({ source, internal }: BackupJob): boolean => source === 'changes' && !internal;

const isAfter = (row: Row, instant: number): boolean =>
  Math.max(row.lastModified, row.visibleFrom ?? 0, row.removedBefore ?? 0) > instant;

const holdingsBetween = (key: string, history: readonly Row[], told: readonly Row[]): Holdings => {
  const of = (rows: readonly Row[]): Holdings => holdingsOf(viewAt(key, rows, Infinity).versions);
  return addHoldings(of(told), of(history), -1);
};
