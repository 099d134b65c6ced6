import { BackupError, ErrorName } from '../../contract/errors';
import { compareTexts, NOT_STORED, NULL_VERSION, Row, rowIdentity, VaultFile } from './row';
import { compareSequencers } from './sequencers';

/**
 * Joins what two rows of one identity know. The join is commutative, associative and idempotent, so commits may arrive
 * in any order and twice (invariant; property tests in test/core/history/join.test.ts): every field takes the smaller of two known
 * values in a fixed order, and the body with all that was read with it moves as one.
 */
export function joinRows(a: Row, b: Row): Row {
  if (a.kind !== b.kind) throw damaged(a, `is a ${a.kind} and a ${b.kind}`);
  if (a.size !== undefined && b.size !== undefined && a.size !== b.size)
    throw damaged(a, `has ${String(a.size)} and ${String(b.size)} bytes`);
  const body = betterBody(a, b);
  return {
    key: a.key,
    versionId: a.versionId,
    kind: a.kind,
    lastModified: Math.min(a.lastModified, b.lastModified),
    newerThan: joinLinks(a.newerThan, b.newerThan),
    sequencer: joinSequencers(a, b),
    ...visibility(a, b),
    size: a.size ?? b.size,
    storageClass: least(a.storageClass, b.storageClass),
    ...(body ? bodyFields(body) : unstored(a, b)),
    ...joinChecksum(a, b),
    effectiveFrom: least(a.effectiveFrom, b.effectiveFrom),
    observedAt: least(a.observedAt, b.observedAt),
    removedAfter: greatest(a.removedAfter, b.removedAfter),
    removedBefore: least(a.removedBefore, b.removedBefore),
    source: least(a.source, b.source),
    uncertain: joinReasons(a.uncertain, b.uncertain, body !== undefined),
  };
}

/** Joins all rows of one key that have the same identity. */
export function joinAll(rows: readonly Row[]): Row[] {
  const byIdentity = new Map<string, Row>();
  for (const row of rows) {
    const identity = rowIdentity(row);
    const known = byIdentity.get(identity);
    byIdentity.set(identity, known ? joinRows(known, row) : row);
  }
  return [...byIdentity.values()];
}

/** The body of the smaller (commit, file name, offset) wins; the other one becomes garbage. Of null versions, the later read. */
function betterBody(a: Row, b: Row): Row | undefined {
  if (!a.file || !b.file) return a.file ? a : b.file ? b : undefined;
  return compareBodies(a, a.file, b, b.file) <= 0 ? a : b;
}

const compareBodies = (a: Row, fileA: VaultFile, b: Row, fileB: VaultFile): number =>
  (a.versionId === NULL_VERSION ? (b.readAt ?? 0) - (a.readAt ?? 0) : 0) ||
  fileA.commit - fileB.commit ||
  compareTexts(fileA.name, fileB.name) ||
  (a.offset ?? 0) - (b.offset ?? 0) ||
  compareTexts(bodyText(a), bodyText(b));

/** Ends ties: two rows for one place in the vault say the same of it, but a total order must not depend on that. */
const bodyText = (row: Row): string =>
  JSON.stringify([
    row.length,
    row.encoding,
    row.etag,
    row.sha256,
    row.file,
    row.readAt,
    row.headers,
    row.userMetadata,
    row.tags,
    row.acl,
  ]);

/**
 * The ETag stays with its body: re-encryption in place changes it later. So do tags and ACL, which hold at the time when all of it was read.
 */
const bodyFields = (row: Row): Partial<Row> => ({
  file: row.file,
  offset: row.offset,
  length: row.length,
  encoding: row.encoding,
  etag: row.etag,
  sha256: row.sha256,
  headers: row.headers,
  userMetadata: row.userMetadata,
  tags: row.tags,
  acl: row.acl,
  readAt: row.readAt,
});

const unstored = (a: Row, b: Row): Partial<Row> => ({
  etag: least(a.etag, b.etag),
  sha256: least(a.sha256, b.sha256),
  headers: least(a.headers, b.headers),
  userMetadata: least(a.userMetadata, b.userMetadata),
  tags: least(a.tags, b.tags),
  acl: least(a.acl, b.acl),
  readAt: least(a.readAt, b.readAt),
});

/**
 * Events of one version have one sequencer. A null version that is written again within its second, with the same bytes, keeps its identity: it is
 * there from the last write on, whatever deleted the one before.
 */
function joinSequencers({ versionId, sequencer: a }: Row, { sequencer: b }: Row): string | undefined {
  if (versionId !== NULL_VERSION || a === undefined || b === undefined) return least(a, b);
  const order = compareSequencers(a, b);
  return order === 0 ? least(a, b) : order > 0 ? a : b;
}

/** The interval that ends first is the truth: by then the version was seen, or its event came. */
function visibility(a: Row, b: Row): Pick<Row, 'visibleFrom' | 'visibleBefore'> {
  const end = (row: Row): number => row.visibleBefore ?? row.visibleFrom ?? Number.MAX_SAFE_INTEGER;
  const start = (row: Row): number => row.visibleFrom ?? 0;
  const order = end(a) - end(b) || start(b) - start(a) || Number(!a.visibleBefore) - Number(!b.visibleBefore);
  const winner = order > 0 ? b : a;
  return { visibleFrom: winner.visibleFrom, visibleBefore: winner.visibleBefore };
}

function joinChecksum(a: Row, b: Row): Pick<Row, 'checksum' | 'checksumAlgorithm'> {
  if (a.checksum === undefined && b.checksum === undefined)
    return { checksumAlgorithm: least(a.checksumAlgorithm, b.checksumAlgorithm) };
  const pair = (row: Row): string | undefined =>
    row.checksum === undefined ? undefined : `${row.checksumAlgorithm ?? ''}:${row.checksum}`;
  const winner = pair(a) === least(pair(a), pair(b)) ? a : b;
  return { checksumAlgorithm: winner.checksumAlgorithm, checksum: winner.checksum };
}

/** Links add up: each says that one version is newer than another, which stays true. */
function joinLinks(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined || a === b) return a ?? b;
  return [...new Set([...a.split(','), ...b.split(',')])].sort().join(',');
}

/** Reasons add up, but those for a missing body end when a body is there. */
function joinReasons(a: string | undefined, b: string | undefined, hasBody: boolean): string | undefined {
  const reasons = new Set([...(a?.split(',') ?? []), ...(b?.split(',') ?? [])]);
  const kept = [...reasons].filter((reason) => !hasBody || !reason.startsWith(NOT_STORED)).sort();
  return kept.length > 0 ? kept.join(',') : undefined;
}

function least<T extends string | number>(a: T | undefined, b: T | undefined): T | undefined {
  if (a === undefined) return b;
  return b === undefined || a <= b ? a : b;
}
function greatest<T extends number>(a: T | undefined, b: T | undefined): T | undefined {
  if (a === undefined) return b;
  return b === undefined || a >= b ? a : b;
}

const damaged = (row: Row, what: string): BackupError =>
  new BackupError(
    ErrorName.vaultDamaged,
    `version ${row.versionId} of an object ${what} in the history: two commits contradict each other; use a recovery point from before the later one`,
  );
