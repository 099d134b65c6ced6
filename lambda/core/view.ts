import { compareStates, NULL_VERSION, Row, versionIdentity } from './row';

/** What is known of one version at an instant: its row, with the tags and the ACL that hold then. */
export interface VersionView {
  readonly row: Row;
  readonly tags?: string;
  readonly acl?: string;
}

/** The versions of one key at an instant, newest first; the first is current. */
export interface KeyView {
  readonly key: string;
  readonly versions: readonly VersionView[];
  /** Reasons why the view may be wrong in a detail. */
  readonly uncertain: readonly string[];
}

/**
 * The view at `asOf` (inclusive) of one key's joined rows: versions that S3 dates up to then, that were visible, and that were
 * not permanently removed. A removal that a scan found lies between two scans and counts as done at the later one.
 */
export function viewAt(key: string, rows: readonly Row[], asOf: number): KeyView {
  const removed = new Set<string>();
  const states: Row[] = [];
  const versions: Row[] = [];
  for (const row of rows) {
    if (row.kind === 'removed') {
      if ((row.removedAfter ?? 0) < asOf) removed.add(versionIdentity(row));
    } else if (row.kind === 'state') {
      if ((row.effectiveFrom ?? 0) <= asOf) states.push(row);
    } else if (row.lastModified <= asOf && (row.visibleFrom ?? 0) <= asOf) {
      versions.push(row);
    }
  }
  const { ordered, uncertain } = newestFirst(
    versions.filter((row) => !removed.has(versionIdentity(row))),
    versions,
  );
  return { key, versions: ordered.map((row) => withStates(row, states)), uncertain };
}

function withStates(row: Row, states: readonly Row[]): VersionView {
  const own = states.filter((state) => versionIdentity(state) === versionIdentity(row)).sort(compareStates);
  const tags = own.findLast((state) => state.tags !== undefined)?.tags ?? row.tags;
  const acl = own.findLast((state) => state.acl !== undefined)?.acl ?? row.acl;
  return { row, tags, acl };
}

/**
 * Versions newest first. Within one second S3's dates say nothing: the order is by sequencers if all of the tied versions
 * have one, else by the chain of `newerThan`, else by which scan saw the version first. `all` also has versions that
 * are gone: a chain may run through them.
 */
export function newestFirst(rows: readonly Row[], all: readonly Row[] = rows): { ordered: Row[]; uncertain: string[] } {
  const uncertain: string[] = [];
  const bySecond = new Map<number, Row[]>();
  for (const row of rows) {
    const tied = bySecond.get(row.lastModified);
    if (tied) tied.push(row);
    else bySecond.set(row.lastModified, [row]);
  }
  const ordered = [...bySecond.keys()]
    .sort((a, b) => b - a)
    .flatMap((second) => {
      const tied = bySecond.get(second) ?? [];
      if (tied.length === 1) return tied;
      if (tied.every((row) => row.sequencer !== undefined)) {
        return tied.sort((a, b) => compareSequencers(b.sequencer ?? '', a.sequencer ?? ''));
      }
      const order = byChain(all.filter((row) => row.lastModified === second));
      if (!order.certain) uncertain.push('same-second');
      return order.rows.filter((row) => tied.includes(row));
    });
  return { ordered, uncertain };
}

/** Left-padded with zeros to one length, sequencers compare as text, in either case. */
export function compareSequencers(a: string, b: string): number {
  const length = Math.max(a.length, b.length);
  const x = a.padStart(length, '0').toUpperCase();
  const y = b.padStart(length, '0').toUpperCase();
  return x < y ? -1 : x > y ? 1 : 0;
}

/** Topological order of the `newerThan` links; where they leave a choice, what was first seen later is newer. */
function byChain(tied: readonly Row[]): { rows: Row[]; certain: boolean } {
  const waiting = new Set(tied);
  const rows: Row[] = [];
  let certain = true;
  while (waiting.size > 0) {
    const olderOfSome = new Set([...waiting].flatMap(olderVersions));
    const heads = [...waiting].filter((row) => !olderOfSome.has(row.versionId));
    // Links in a circle contradict each other: take any, and say so.
    const choice = (heads.length > 0 ? heads : [...waiting]).sort(laterSeenFirst);
    const [first, second] = choice;
    if (!first) break;
    if (heads.length === 0 || (second && (first.observedAt ?? 0) === (second.observedAt ?? 0))) certain = false;
    rows.push(first);
    waiting.delete(first);
  }
  return { rows, certain };
}

/** Version IDs that a row's links say to be older. */
export const olderVersions = (row: Row): string[] =>
  (row.newerThan ?? '').split(',').filter((id) => id !== '' && id !== row.versionId);

const laterSeenFirst = (a: Row, b: Row): number =>
  (b.observedAt ?? 0) - (a.observedAt ?? 0) ||
  Number(a.versionId === NULL_VERSION) - Number(b.versionId === NULL_VERSION) ||
  (a.versionId < b.versionId ? -1 : 1);
