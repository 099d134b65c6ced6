import { CHANGE_LIFETIME_SECONDS } from '../../contract/change-log-schema';
import { BackupError, ErrorName } from '../../contract/errors';
import { comparisonsOf } from '../../core/backup/comparisons';
import { type Folds, foldVersions, ofCommit } from '../../core/backup/fold-versions';
import { KeyGroup, mergeGroups } from '../../core/history/groups';
import type { Manifest } from '../../core/history/manifest';
import type { Row } from '../../core/history/row';
import type { KeyView } from '../../core/history/view';
import { viewAt, type ViewOptions } from '../../core/history/view';
import type { KeyRange } from '../../core/keys/order';
import { fromIso, toIso } from '../../core/values/instant';
import type { Catalog } from '../../ports/catalog';
import type { ChangeLog } from '../../ports/change-log';
import type { BackupSettings } from '../context';
import type { Vault } from '../vault/vault';
import { Run, RunFiles, RunPlace, readRunGroups, writeRuns } from '../work/runs';
import { readHistory } from './read';
import { checkRecorded } from './recorded-manifest';

/** What a history is read with. Nothing is written but the runs of what the change log has. */
export interface HistoryPorts {
  readonly vault: Vault;
  readonly scratch: RunFiles;
  readonly catalog: Pick<Catalog, 'listRecoveryPoints'>;
  readonly changeLog: Pick<ChangeLog, 'read'>;
  readonly settings: Pick<BackupSettings, 'sortRows'>;
}

/** What a bucket's history says at an instant. Small enough to be handed from step to step as a work file. */
export interface HistoryAt {
  readonly bucket: string;
  /** The commit that the history is read from. */
  readonly point: { readonly seq: number; readonly sha256: string };
  readonly asOf: number;
  /** Any instant, and not that of the commit. */
  readonly pointInTime: boolean;
  /** The instant of a commit that scanned nothing. */
  readonly ofChanges?: boolean;
  /** The instant of a commit that read a report of a bucket with continuous backup. */
  readonly ofReport?: boolean;
  /** Of a commit: its tags and ACLs may not be those of its instant. */
  readonly isStale?: boolean;
  /** Of all that is known by now: the bucket may have other tags and ACLs. */
  readonly isBehind?: boolean;
  /** What the change log has beyond the commit, as sorted runs, and until when it was read. */
  readonly changes: { readonly runs: readonly Run[]; readonly through: number };
  /** Of a point in time: how far its exactness reaches. */
  readonly coverage?: Coverage;
}

export interface Coverage {
  readonly capturedThrough: string;
  readonly reconciledThrough: string;
  /** Why an answer at this instant is not exact, whatever the keys are. */
  readonly doubts: readonly CoverageDoubt[];
}
export type CoverageDoubt =
  /** Events of that time may still be under way. */
  | 'not-captured-yet'
  /** No listing has confirmed that time yet. */
  | 'not-reconciled'
  /** Capture was off then. */
  | 'coverage-gap'
  /** Tags and ACLs may have changed while capture was off, and have not been read since. */
  | 'metadata-missed';

/** A commit whose manifest was read. */
export interface Commit {
  readonly manifest: Manifest;
  readonly sha256: string;
}

const DAY_SECONDS = 86_400;

/** The history as one commit has it. */
export const historyOfCommit = ({ manifest, sha256 }: Commit): HistoryAt => ({
  bucket: manifest.bucket,
  point: { seq: manifest.seq, sha256 },
  asOf: fromIso(manifest.asOf),
  pointInTime: false,
  ofChanges: manifest.source === 'changes',
  // Events tell of what a report does not.
  ofReport: manifest.source === 'inventory' && manifest.continuous !== undefined,
  isStale: isMetadataMissed(manifest, fromIso(manifest.asOf)),
  changes: { runs: [], through: 0 },
});

/** The commit that answers for any second of continuous backup, and how exactly. */
export interface InstantFound extends Commit {
  readonly asOf: number;
  readonly now: number;
  readonly coverage: Coverage;
}

/** Finds what a bucket's history at an instant is read from, or refuses; writes nothing. */
export async function findInstant(ports: HistoryPorts, bucket: string, asOf: number): Promise<InstantFound> {
  const commit = await newestCommit(ports, bucket);
  if (!commit?.manifest.continuous) throw neverContinuous(bucket);
  const now = await ports.vault.now();
  return {
    ...commit,
    asOf,
    now,
    coverage: coverageAt(bucket, { ...commit.manifest, ...commit.manifest.continuous }, asOf, now),
  };
}

/** The history at such an instant: the newest commit, and what was logged after it, sorted into work files. */
export async function historyOfInstant(ports: HistoryPorts, place: RunPlace, found: InstantFound): Promise<HistoryAt> {
  const { asOf, now, coverage } = found;
  return { ...(await withChanges(ports, place, found, now)), asOf, coverage };
}

/** All that is known of a bucket by now, the change log included: tags and ACLs are captured of every protected bucket. */
export async function historyOfNow(ports: HistoryPorts, place: RunPlace, bucket: string): Promise<HistoryAt> {
  const commit = await newestCommit(ports, bucket);
  if (!commit)
    throw new BackupError(ErrorName.recoveryPointNotFound, `bucket "${bucket}" has no backup yet: back it up first`);
  const now = await ports.vault.now();
  return { ...(await withChanges(ports, place, commit, now)), asOf: now + DAY_SECONDS };
}

/** The newest commit, also one that is only internal. The catalog knows only recovery points. */
async function newestCommit(
  { vault, catalog }: Pick<HistoryPorts, 'vault' | 'catalog'>,
  bucket: string,
): Promise<Commit | undefined> {
  const [known] = (await catalog.listRecoveryPoints({ bucket, limit: 1 })).items;
  const seq = await vault.newestSeq(bucket, known?.seq);
  const found = seq === undefined ? undefined : await vault.readManifest(bucket, seq);
  if (found) checkRecorded(known, found);
  return found;
}

async function withChanges(ports: HistoryPorts, place: RunPlace, commit: Commit, now: number): Promise<HistoryAt> {
  const { manifest } = commit;
  const since = fromIso(manifest.changesThrough ?? manifest.continuous?.since ?? manifest.asOf);
  const from = Math.max(since, now - CHANGE_LIFETIME_SECONDS);
  // Nothing is written in the future, but clocks differ.
  const through = now + DAY_SECONDS;
  const log = ports.changeLog.read(manifest.bucket, from, through);
  const rows = uncommitted(log, manifest.seq + 1);
  const runs = await writeRuns(ports.scratch, place, rows, ports.settings.sortRows);
  const known = { ...historyOfCommit(commit), isStale: false, isBehind: isBehind(manifest, now) };
  return { ...known, pointInTime: true, changes: { runs, through } };
}

/** Rows that no commit has taken in yet. Their files are what the next commit would bring. */
async function* uncommitted(log: AsyncIterable<readonly Row[]>, commit: number): AsyncGenerator<Row[]> {
  // Rows of kind `gap` tell of the capture, not of a key.
  for await (const rows of log) yield rows.filter(({ kind }) => kind !== 'gap').map((row) => ofCommit(row, commit));
}

/** Refuses what lies outside of the continuous window, and says how far an answer at the instant is exact. */
export function coverageAt(
  bucket: string,
  known: NonNullable<Manifest['continuous']> & Pick<Manifest, 'metadataThrough' | 'changesMissed'>,
  instant: number,
  now: number,
): Coverage {
  const { since, days, capturedThrough, reconciledThrough, gaps } = known;
  const first = Math.max(fromIso(since), now - days * DAY_SECONDS);
  if (instant < first || instant > now)
    throw new BackupError(
      ErrorName.pointInTimeOutOfRange,
      `pointInTime: ${toIso(instant)} is outside the period that bucket "${bucket}" can be restored to, ${toIso(first)} to ${toIso(now)}: choose an instant within it, or a recovery point with recoveryPointId`,
    );
  const doubts: CoverageDoubt[] = [];
  if (instant > fromIso(capturedThrough)) doubts.push('not-captured-yet');
  if (instant > fromIso(reconciledThrough)) doubts.push('not-reconciled');
  // The second in which capture went off may be complete; that in which it came back is not.
  if (gaps.some(({ after, before }) => fromIso(after) < instant && instant <= fromIso(before)))
    doubts.push('coverage-gap');
  if (isMetadataMissed({ ...known, metadataThrough: known.metadataThrough ?? since }, instant))
    doubts.push('metadata-missed');
  return { capturedThrough, reconciledThrough, doubts };
}

/** Whether tags and ACLs may have changed by then without anybody telling. */
const isMetadataMissed = (
  { changesMissed, metadataThrough }: Pick<Manifest, 'metadataThrough' | 'changesMissed'>,
  instant: number,
): boolean => changesMissed === true && (metadataThrough === undefined || instant > fromIso(metadataThrough));

/** Events that are so late are stuck. */
const MOST_LATE = 2 * 60 * 60;

/** Whether tags and ACLs that the bucket has now may be others than the newest commit and the change log know. */
const isBehind = ({ changesMissed, continuous }: Manifest, now: number): boolean =>
  changesMissed === true ||
  (continuous?.deadLetters?.count ?? 0) > 0 ||
  (continuous !== undefined && now - fromIso(continuous.capturedThrough) > MOST_LATE);

const neverContinuous = (bucket: string): BackupError =>
  new BackupError(
    ErrorName.pointInTimeOutOfRange,
    `pointInTime: bucket "${bucket}" never had continuous backup in this vault: restore a recovery point, and add a continuous rule to its plan for the future`,
  );

/**
 * All rows of each key of a range, in key order; memory is that of a row group for each segment and of a window for each run. Keys before
 * the one that `skipTo` answers are of no use to the caller any more: most of them are not read.
 */
export async function* rowsOf(
  { vault, scratch }: Pick<HistoryPorts, 'vault' | 'scratch'>,
  history: HistoryAt,
  manifest: Manifest | undefined,
  range: KeyRange,
  skipTo?: () => string,
): AsyncGenerator<KeyGroup> {
  const { runs } = history.changes;
  const committed = readHistory(vault, manifest, range, { withFiles: true, skipTo });
  if (runs.length === 0) {
    yield* committed;
    return;
  }
  const folds = foldsOf(manifest);
  for await (const { key, parts } of mergeGroups([committed, readRunGroups(scratch, runs, range)]))
    yield { key, rows: foldVersions(parts[1] ?? [], parts[0] ?? [], folds).told };
}

/** How the change log is taken into a history that is read from a commit. */
export function foldsOf(manifest: Pick<Manifest, 'continuous'> | undefined): Folds {
  const { gaps = [] } = manifest?.continuous ?? {};
  return {
    commit: 0,
    comparisons: comparisonsOf(manifest?.continuous),
    gapEnds: gaps.map(({ before }) => fromIso(before)),
  };
}

/** How a history is looked at that is read from a commit. */
export const viewOptions = (
  { pointInTime, ofChanges, ofReport }: Pick<HistoryAt, 'pointInTime' | 'ofChanges' | 'ofReport'>,
  manifest: Pick<Manifest, 'continuous'> | undefined,
): ViewOptions => {
  const gaps = (pointInTime ? manifest?.continuous?.gaps : undefined) ?? [];
  return { pointInTime, ofChanges, ofReport, gapStarts: gaps.map(({ after }) => fromIso(after)) };
};

/** Views of the keys of a range that had a version at the instant, or may have had one, in key order. */
export async function* viewsOf(
  ports: Pick<HistoryPorts, 'vault' | 'scratch'>,
  history: HistoryAt,
  manifest: Manifest | undefined,
  range: KeyRange,
  skipTo?: () => string,
): AsyncGenerator<KeyView> {
  const options = viewOptions(history, manifest);
  for await (const { key, rows } of rowsOf(ports, history, manifest, range, skipTo)) {
    const view = viewAt(key, rows, history.asOf, options);
    if (view.versions.length + view.uncertain.length > 0) yield view;
  }
}
