import { CAPTURE_TIMEOUT_SECONDS } from '../../contract/change-log-schema';
import { grouped } from '../history/groups';
import { joinAll } from '../history/join';
import { compareStates, Row, rowIdentity, versionIdentity } from '../history/row';
import type { Decision } from './decisions';

/** What the change log adds to a key's history. */
export interface FoldedStates {
  /** One for each version that the history has the body of. */
  readonly restated: readonly (Decision & { kind: 'restate' })[];
  /** Identities of all versions with a logged ACL. */
  readonly acls: ReadonlySet<string>;
}

/**
 * Takes logged states into a key's joined history. Those of versions that the history has no body of are dropped: whoever
 * stores the version reads its tags then, which is after everything that the log holds by now. Dropped for the same reason are states of
 * before the version was seen by the scan of the job that stored it. `through` is the end of what is read of the log.
 */
export function foldStates(logged: readonly Row[], history: readonly Row[], through: number): FoldedStates {
  const changes = new Map<string, Row[]>();
  const acls = new Set<string>();
  for (const row of joinAll(logged)) {
    // A version that was gone before it was read is in no recovery point that the next scan makes.
    if (row.tags === undefined && row.acl === undefined) continue;
    const identity = versionIdentity(row);
    changes.set(identity, [...(changes.get(identity) ?? []), row]);
    if (row.acl !== undefined) acls.add(identity);
  }
  const known = grouped(
    history.filter(({ kind }) => kind === 'state'),
    versionIdentity,
  );
  const restated: (Decision & { kind: 'restate' })[] = [];
  for (const version of history) {
    if (version.kind !== 'put' || !version.file) continue;
    const identity = versionIdentity(version);
    const own = changes.get(identity);
    if (!own) continue;
    const states = newStates(
      own.map((row) => placed(row, version)),
      version,
      known.get(identity) ?? [],
      through,
    );
    if (states.length > 0) restated.push({ kind: 'restate', row: version, states });
  }
  return { restated, acls };
}

/** The log does not know of dates and ETags, but for null versions. */
const placed = (row: Row, { lastModified, etag }: Row): Row => ({ ...row, lastModified, etag });

/**
 * Those states, oldest first, that say something new. One that only repeats what the history says is left out if no earlier one can
 * come any more that was read before it: a capture that read then has ended, and what it logged is here.
 */
function newStates(changes: readonly Row[], version: Row, known: readonly Row[], through: number): Row[] {
  const identities = new Set(known.map(rowIdentity));
  const states = [...known];
  const added: Row[] = [];
  for (const change of [...changes].sort(compareStates)) {
    const since = change.effectiveFrom ?? 0;
    if (identities.has(rowIdentity(change)) || wasReadLater(change, version)) continue;
    const isSettled = since + CAPTURE_TIMEOUT_SECONDS < through;
    if (isSettled && repeats(change, version, states)) continue;
    states.push(change);
    added.push(change);
  }
  return added;
}

/** The body was read after its scan, and tags with it; an ACL may be that of a report, which is older. */
const wasReadLater = (change: Row, version: Row): boolean =>
  (change.effectiveFrom ?? 0) < (version.observedAt ?? 0) &&
  (change.tags === undefined
    ? version.source !== 'inventory' && version.acl !== undefined
    : version.tags !== undefined);

function repeats(change: Row, version: Row, states: readonly Row[]): boolean {
  const field = change.tags === undefined ? 'acl' : 'tags';
  const ordered = states.filter((row) => row[field] !== undefined).sort(compareStates);
  const before = ordered.findLast((row) => (row.effectiveFrom ?? 0) <= (change.effectiveFrom ?? 0));
  return (before ?? version)[field] === change[field];
}
