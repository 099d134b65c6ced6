import { decodedKey } from '../keys/decoded-key';
import { byChain, isSameSequencer } from './chain';
import { grouped } from './groups';
import { cameAt, judgedRemovalsIn, removalsOfUnknown } from './removals';
import { compareStates, isOfAnyNull, NULL_VERSION, Row, UNDATED, UNREAD, versionIdentity } from './row';
import { compareSequencers } from './sequencers';

/** What is known of one version at an instant: its row, with the tags and the ACL that hold then. */
export interface VersionView {
  readonly row: Row;
  readonly tags?: string;
  readonly acl?: string;
  /** Why this may be wrong. */
  readonly doubts: readonly Doubt[];
}

export type Doubt =
  /** A version that nothing else is known of was deleted for good later: it may have been there. */
  | 'unknown-version'
  /** Versions of one second whose order nobody has told. */
  | 'same-second'
  /** A delete marker that was gone before S3 said its date: the version under it may be newer, or it was on the key that this one encodes. */
  | 'marker-date'
  /** The version was permanently deleted at some time of an interval that the instant lies in. It is taken to be there. */
  | 'removal'
  /** A replica or an upload that arrived at some time of an interval that the instant lies in. It is taken to be there. */
  | 'visibility'
  /** Tags or ACL were changed once more, or the version was deleted, before they were read. */
  | 'tags'
  | 'acl'
  /** The version is known, its body is not. */
  | 'not-stored';

/** The versions of one key at an instant, newest first; the first is current. */
export interface KeyView {
  readonly key: string;
  readonly versions: readonly VersionView[];
  /** Reasons why the view may be wrong in a detail, each once. */
  readonly uncertain: readonly string[];
  /** Those of them that touch the current version. */
  readonly currentUncertain: readonly string[];
}

export interface ViewOptions {
  /**
   * Any instant, and not that of a commit: what lies between two scans is there and in doubt. A commit's own view counts it as its scan
   * found it.
   */
  readonly pointInTime?: boolean;
  /** The instant of a commit that scanned nothing: what events have not told, it does not know any better. */
  readonly ofChanges?: boolean;
  /**
   * The instant of a commit that read a report of a bucket with continuous backup: a version that the report left out, and that was gone when S3 was
   * asked, is taken to be there.
   */
  readonly ofReport?: boolean;
  /** Since when changes of tags and ACLs may have been missed, of each gap in the capture, epoch seconds. */
  readonly gapStarts?: readonly number[];
}

/**
 * The view at `asOf` (inclusive) of one key's joined rows: versions that S3 dates up to then, that were visible, and that were
 * not permanently removed.
 */
export function viewAt(key: string, rows: readonly Row[], asOf: number, options: ViewOptions = {}): KeyView {
  const { pointInTime = false, ofChanges = false, ofReport = false, gapStarts = [] } = options;
  // What was read after the next gap began may be other than what held before it.
  const known = { asOf, until: Math.min(...gapStarts.filter((start) => start >= asOf)) + 1 };
  const removalsOf = judgedRemovalsIn(rows);
  const states = grouped(
    rows.filter((row) => row.kind === 'state'),
    versionIdentity,
  );
  const ofAnyNull = rows.filter((row) => row.kind === 'state' && isOfAnyNull(row));
  const statesOf = (row: Row): Row[] => [
    ...(states.get(versionIdentity(row)) ?? []),
    ...(row.versionId === NULL_VERSION
      ? ofAnyNull.filter(({ effectiveFrom = 0 }) => effectiveFrom >= cameAt(row))
      : []),
  ];
  const dated = rows.filter(
    (row) =>
      (row.kind === 'put' || row.kind === 'marker') && row.lastModified <= asOf && (row.visibleFrom ?? 0) <= asOf,
  );
  const doubts = new Map<Row, Doubt[]>();
  const there = dated.filter((row) => {
    const doubtful: Doubt[] = [];
    if (pointInTime && row.visibleBefore !== undefined && asOf < row.visibleBefore) doubtful.push('visibility');
    const { removals: removal, contradicted, seenAt } = removalsOf(row);
    if (removal.some((one) => isGone(one, asOf, pointInTime || (ofReport && one.source === 'inventory')))) return false;
    const isContradicted = asOf < seenAt && contradicted.some((one) => (one.removedAfter ?? 0) < asOf);
    if (isContradicted || removal.some((one) => (one.removedAfter ?? 0) < asOf)) doubtful.push('removal');
    doubts.set(row, doubtful);
    return true;
  });
  const nulls = there.filter((row) => row.versionId === NULL_VERSION && !doubts.get(row)?.includes('visibility'));
  const present = there.filter((row) => row.versionId !== NULL_VERSION || !nulls.some((one) => isReplaced(row, one)));
  const { ordered, tied } = newestFirst(present, dated);
  const isUnknown = (pointInTime || ofChanges) && removalsOfUnknown(rows).some((removal) => mayHaveBeen(removal, asOf));
  const versions = ordered.map((row, index): VersionView => {
    const own = doubts.get(row) ?? [];
    if (isUnknown && index === 0) own.push('unknown-version');
    if (isUndated(row) && (index < ordered.length - 1 || decodedKey(key) !== undefined)) own.push('marker-date');
    return withStates(row, statesOf(row), known, tied.has(row.lastModified) ? [...own, 'same-second'] : own);
  });
  if (isUnknown && versions.length === 0) return { key, versions, uncertain: UNKNOWN, currentUncertain: UNKNOWN };
  return { key, versions, ...doubtsOf(versions, countedDoubts(options)) };
}

/** Whether a version was removed before an instant: for sure, or as a listing found it. */
const isGone = ({ removedAfter = 0, removedBefore = Infinity }: Row, asOf: number, isSure: boolean): boolean =>
  isSure ? removedBefore <= asOf : removedAfter < asOf;

const UNKNOWN: readonly Doubt[] = ['unknown-version'];
/** What may be in doubt of a commit. */
const OF_SCAN: readonly Doubt[] = ['same-second', 'marker-date'];
const OF_CHANGES: readonly Doubt[] = [...OF_SCAN, 'unknown-version', 'tags', 'acl'];
const OF_REPORT: readonly Doubt[] = [...OF_SCAN, 'removal'];

/** What counts as a doubt; undefined: all of them. */
export function countedDoubts({ pointInTime, ofChanges, ofReport }: ViewOptions): readonly Doubt[] | undefined {
  if (pointInTime) return undefined;
  if (ofReport) return OF_REPORT;
  return ofChanges ? OF_CHANGES : OF_SCAN;
}

/** A commit that takes the deletion in says when a scan had not seen the version yet. */
const mayHaveBeen = ({ visibleFrom = 0, removedBefore = Infinity }: Row, asOf: number): boolean =>
  visibleFrom <= asOf && asOf < removedBefore;

/** A listing, or an earlier event, may have said the date all the same. */
const isUndated = ({ uncertain, lastModified, visibleFrom = 0 }: Row): boolean =>
  uncertain?.split(',').includes(UNDATED) === true && lastModified >= visibleFrom;

/** A key has one null version: each takes the place of the one before. */
function isReplaced(row: Row, by: Row): boolean {
  if (row.sequencer !== undefined && by.sequencer !== undefined)
    return compareSequencers(row.sequencer, by.sequencer) < 0;
  return cameAt(row) < cameAt(by);
}

/** The current version is in doubt as far down as a version may not have been there. */
function doubtsOf(
  versions: readonly VersionView[],
  counted: readonly Doubt[] | undefined,
): Pick<KeyView, 'uncertain' | 'currentUncertain'> {
  const known = (all: readonly VersionView[]): string[] => [
    ...new Set(all.flatMap(({ doubts }) => doubts).filter((doubt) => counted?.includes(doubt) ?? true)),
  ];
  const sure = versions.findIndex(({ doubts }) => !doubts.includes('removal') && !doubts.includes('visibility'));
  return {
    uncertain: known(versions),
    currentUncertain: known(versions.slice(0, sure < 0 ? versions.length : sure + 1)),
  };
}

/** An instant, and from when on a read may have seen a change that no event has told of. */
interface Known {
  readonly asOf: number;
  readonly until: number;
}

function withStates(row: Row, states: readonly Row[], at: Known, doubts: readonly Doubt[]): VersionView {
  const own = [...states].sort(compareStates);
  const tags = fieldAt(row, own, 'tags', at);
  const acl = fieldAt(row, own, 'acl', at);
  return {
    row,
    tags: tags.value,
    acl: acl.value,
    doubts: [
      ...doubts,
      ...(tags.isOverread ? (['tags'] as const) : []),
      ...(acl.isOverread ? (['acl'] as const) : []),
      ...(row.kind === 'put' && !row.file ? (['not-stored'] as const) : []),
    ],
  };
}

/**
 * What holds at an instant, and whether the next change came before that was read: then it is that of the next change, maybe. Of several
 * reads of one change the last one before the next change tells the truth.
 */
function fieldAt(row: Row, ordered: readonly Row[], field: 'tags' | 'acl', { asOf, until }: Known): FieldAt {
  const told = ordered.filter((state) => state[field] !== undefined || isUnread(state, field));
  const since = told.findLast(({ effectiveFrom = 0 }) => effectiveFrom <= asOf)?.effectiveFrom;
  const changed = told.find(({ effectiveFrom = 0 }) => effectiveFrom > asOf)?.effectiveFrom ?? Infinity;
  const next = Math.min(changed, until);
  if (since === undefined) {
    // Where ACLs are disabled there is none that could have been missed.
    const end = row[field] === undefined ? changed : next;
    return { value: row[field], isOverread: (row.readAt ?? -Infinity) >= end };
  }
  const reads = told.filter((state) => state.effectiveFrom === since && state[field] !== undefined);
  if (reads.length === 0) return unreadAt(row, told, field, { since, next });
  const truth = reads.findLast(({ observedAt = 0 }) => observedAt < next);
  return { value: (truth ?? reads[0])?.[field], isOverread: truth === undefined };
}
interface FieldAt {
  readonly value?: string;
  readonly isOverread: boolean;
}

const isUnread = ({ uncertain }: Row, field: 'tags' | 'acl'): boolean =>
  uncertain?.split(',').includes(`${UNREAD}${field}`) === true;

/** A change that nobody could read for its own sake: who read for the sake of one before, and after that one, has seen it. */
function unreadAt(
  row: Row,
  told: readonly Row[],
  field: 'tags' | 'acl',
  { since, next }: { readonly since: number; readonly next: number },
): FieldAt {
  const reads = [
    { at: row.readAt ?? -Infinity, value: row[field] },
    ...told.map((state) => ({ at: state.observedAt ?? -Infinity, value: state[field] })),
  ].filter(({ at, value }) => value !== undefined && at > since && at < next);
  const [seen] = reads.sort((a, b) => b.at - a.at);
  if (seen) return { value: seen.value, isOverread: false };
  const before = told.findLast((state) => state[field] !== undefined && (state.effectiveFrom ?? 0) < since);
  return { value: (before ?? row)[field], isOverread: true };
}

/**
 * Versions newest first. Within one second S3's dates say nothing: the order is that of sequencers and of the chain of `newerThan`, both of
 * which say only what is true, else that in which scans saw the versions first. `all` also has versions that
 * are gone: a chain may run through them. `tied` are the seconds whose order stays uncertain.
 */
export function newestFirst(
  rows: readonly Row[],
  all: readonly Row[] = rows,
): { ordered: Row[]; uncertain: string[]; tied: ReadonlySet<number> } {
  const uncertain = new Set<number>();
  const secondOf = ({ lastModified }: Row): number => lastModified;
  const bySecond = grouped(rows, secondOf);
  const allBySecond = all === rows ? bySecond : grouped(all, secondOf);
  const ordered = [...bySecond.keys()]
    .sort((a, b) => b - a)
    .flatMap((second) => {
      const tied = bySecond.get(second) ?? [];
      if (tied.length === 1) return tied;
      if (tied.every((row) => row.sequencer !== undefined)) {
        const sorted = tied.sort((a, b) => compareSequencers(b.sequencer ?? '', a.sequencer ?? ''));
        // S3 gives no two changes of a key the same one: if it did, neither would tell of the order.
        if (!sorted.some((row, index) => isSameSequencer(row, sorted[index + 1]))) return sorted;
      }
      const order = byChain(allBySecond.get(second) ?? []);
      if (!order.certain) uncertain.add(second);
      const wanted = new Set(tied);
      return order.rows.filter((row) => wanted.has(row));
    });
  return { ordered, uncertain: uncertain.size > 0 ? ['same-second'] : [], tied: uncertain };
}
