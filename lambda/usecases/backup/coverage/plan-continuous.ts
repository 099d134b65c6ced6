import { CHANGE_LIFETIME_SECONDS } from '../../../contract/change-log-schema';
import { invalidRequest } from '../../../contract/errors';
import type { ChangesToFold, ContinuousJob, CoverageGap } from '../../../core/backup/job';
import type { BackupRequest } from '../../../core/backup/request';
import { lostLetters, seenLetters } from '../../../core/capture/dead-letters';
import type { Manifest } from '../../../core/history/manifest';
import { fromIso, toIso } from '../../../core/values/instant';
import { type CaptureHealth, STALE_CLAIM_SECONDS } from '../../../ports/capture-control';
import type { BackupPorts } from '../../context';
import type { CoverageNote } from './note';
import type { Capture } from './plan-changes';

type Continuous = NonNullable<Manifest['continuous']>;

const HOUR = 60 * 60;
const DAY = 24 * HOUR;
/** The hourly upkeep renews its claim on a bucket once a day; one that is older has been given up. */
const CLAIM_AGE = DAY;
/** A comparison is due so long after the last one: a little less than a day, so that it keeps its hour. */
const RECONCILE_AGE = 23 * HOUR;
/** A bucket whose reports are compared is not listed as well, as long as there are any: S3 delivers one each day, some late. */
const REPORT_AGE = 3 * DAY;
/** Recovery points without a scan need a comparison of the last days, */
const MOST_UNRECONCILED = 7 * DAY;
/** and what was captured must not be older than this when nobody says otherwise. */
const CHANGES_AGE = 2 * HOUR;

export interface ContinuousPlan {
  readonly job: ContinuousJob;
  /** Why a recovery point cannot be made of what was captured; undefined when it can. */
  readonly unusable?: string;
  /** A comparison with the bucket is due. */
  readonly reconcile: boolean;
  /** It reads all tags and ACLs: changes of them were missed. */
  readonly readAll: boolean;
  /** The job is the first that finds events coming, ever or again: S3 may not send all of them yet. */
  readonly isStart: boolean;
}

/** What a job does for the bucket's continuous backup; undefined when it has none. */
export async function planContinuous(
  ports: Pick<BackupPorts, 'captureControl' | 'catalog' | 'claims' | 'deployment' | 'settings'>,
  request: BackupRequest,
  base: Manifest | undefined,
  facts: PlanFacts,
): Promise<ContinuousPlan | undefined> {
  const isOurs = await checkClaim(ports, request, base, facts);
  const before = base?.continuous;
  const days = request.upkeep?.days ?? before?.days;
  if (!request.upkeep && !before) return undefined;
  if (days === undefined)
    throw invalidRequest([
      `deleteAfterDays: is required, as bucket "${request.bucket}" has no continuous backup in this vault yet`,
    ]);
  const { now, capture, changes } = facts;
  const since = base && before ? sinceOf(base, before, days) : now;
  const captured = before ? fromIso(before.capturedThrough) : now;
  const health = await ports.captureControl.health(captured, request.bucket);
  const letters = await ports.captureControl.deadLetters(before?.deadLetters?.at ?? captured);
  const lost = before ? lostLetters(before.deadLetters, letters, captured) : 0;
  const stopped = stopReason(capture, health.disabledRules, isOurs);
  const lag = health.oldestSeconds ?? (health.queued === 0 ? 0 : Infinity);
  const { gaps, isStart } = await gapsOf(ports, request.bucket, before, {
    ...facts,
    captured,
    days,
    stopped,
    health,
    lost,
  });
  const isHeld = stopped !== undefined || letters.count > 0 || !Number.isFinite(lag);
  const job: ContinuousJob = {
    plan: request.upkeep ? request.scheduled?.plan : before?.plan,
    days,
    since,
    capturedThrough: isHeld ? captured : Math.max(captured, changes.through - ports.settings.deliverySeconds - lag),
    reconciledThrough: before ? fromIso(before.reconciledThrough) : 0,
    gaps,
    stopped,
    deadLetters: seenLetters(letters, now),
    unresolved: before?.unresolved,
  };
  const isMissed = base !== undefined && (changes.missed || (before !== undefined && (isStart || lost > 0)));
  const readAt = before?.metadataReadAt === undefined ? undefined : fromIso(before.metadataReadAt);
  const readAll = isMissed && stopped === undefined && (await facts.note.mayReadAll(request.bucket, readAt, now));
  return { job, isStart, readAll, ...judge(job, request, base, { now, deadLetters: letters.count, readAll }) };
}

interface PlanFacts {
  readonly now: number;
  readonly capture: Capture | undefined;
  /** What is taken from the log. */
  readonly changes: ChangesToFold;
  readonly note: CoverageNote;
}

/** A window that was made longer reaches back no further than it did: what was deleted before that, merges have left out. */
const sinceOf = (base: Manifest, { since, days: kept }: Continuous, days: number): number =>
  days > kept ? Math.max(fromIso(since), fromIso(base.asOf) - kept * DAY) : fromIso(since);

/**
 * One vault at a time has a bucket's continuous backup, and periodic backups of it are in the same one. Answers whether it is this one. A claim
 * that no upkeep has renewed for days is noted: the bucket's rules may have been gone with it.
 */
async function checkClaim(
  { claims, deployment }: Pick<BackupPorts, 'claims' | 'deployment'>,
  { bucket, upkeep, scheduled }: BackupRequest,
  base: Manifest | undefined,
  { now, note }: PlanFacts,
): Promise<boolean> {
  const { vaultBucket } = deployment;
  const known = await claims.find(bucket);
  const isLive = known !== undefined && now - known.at < STALE_CLAIM_SECONDS;
  const plan = scheduled?.plan ?? known?.plan ?? base?.continuous?.plan;
  if (isLive && known.vaultBucket !== vaultBucket)
    throw invalidRequest([
      `bucket: "${bucket}" has continuous backup in vault ${known.vaultBucket}, and its backups have to be there: remove it from one of the plans`,
    ]);
  if (!upkeep) return isLive;
  if (isLive && known.plan !== undefined && plan !== known.plan)
    throw invalidRequest([
      `bucket: "${bucket}" has continuous backup by plan ${known.plan} already: remove it from one of the plans`,
    ]);
  if (isLive && now - known.at < CLAIM_AGE) return true;
  if (!isLive && base?.continuous) await note.write({ at: now, wasGivenUp: true });
  const held = await claims.claim({ bucket, vaultBucket, plan, at: now }, known);
  if (held.vaultBucket === vaultBucket) return true;
  throw invalidRequest([`bucket: "${bucket}" has got continuous backup in vault ${held.vaultBucket} just now`]);
}

function stopReason(
  capture: Capture | undefined,
  disabledRules: readonly string[],
  isOurs: boolean,
): string | undefined {
  if (capture === 'denied') return 'the notifications of the bucket may not be configured';
  if (disabledRules.length > 0) return `EventBridge rules are missing or disabled: ${disabledRules.join(', ')}`;
  return isOurs ? undefined : 'no continuous rule of a plan has the bucket any more';
}

async function gapsOf(
  ports: Pick<BackupPorts, 'catalog' | 'settings'>,
  bucket: string,
  before: Continuous | undefined,
  facts: PlanFacts & {
    captured: number;
    days: number;
    stopped: string | undefined;
    health: CaptureHealth;
    lost: number;
  },
): Promise<{ readonly gaps: readonly CoverageGap[]; readonly isStart: boolean }> {
  const { now, capture, captured, days, stopped, note } = facts;
  const { capturedSince = 0 } = facts.health;
  const known = (before?.gaps ?? []).map(({ after, before: until, reason }) => ({
    after: fromIso(after),
    before: fromIso(until),
    reason,
  }));
  // The commit makes one gap of those that touch each other.
  const gaps = known.filter((gap) => gap.before > now - days * DAY);
  if (!before) return { gaps, isStart: true };
  const add = (reason: string, until = now): void => {
    gaps.push({ after: captured, before: until, reason });
  };
  const point = await ports.catalog.getContinuousPoint(bucket);
  const { startSeconds } = ports.settings;
  const started = async (): Promise<number> => now + (await note.waitFor(now, startSeconds));
  // Queues and log keep what waits for 14 days: what waited longer is gone.
  if (captured < now - CHANGE_LIFETIME_SECONDS) add('expired', now - CHANGE_LIFETIME_SECONDS);
  const expired = gaps.length;
  if (capture === 'enabled') add('events-off', await started());
  else if (stopped !== undefined) add('stopped');
  else if (before.stopped !== undefined || point?.state === 'STOPPED' || note.wasGivenUp)
    add('stopped', await started());
  else if (capturedSince > captured) add('rule-missing', capturedSince + startSeconds);
  // Another job has found events off, or coming again, so little ago that S3 may not send them yet.
  const isOpen = known.some((gap) => gap.before > now);
  const isStart = (gaps.length > expired || isOpen) && stopped === undefined;
  if (facts.lost > 0) add('dead-letters');
  return { gaps, isStart };
}

function judge(
  { capturedThrough, reconciledThrough, gaps, stopped, unresolved }: ContinuousJob,
  request: BackupRequest,
  base: Manifest | undefined,
  { now, deadLetters, readAll }: { now: number; deadLetters: number; readAll: boolean },
): Pick<ContinuousPlan, 'unusable' | 'reconcile'> {
  const most = request.maxSourceAgeMinutes === undefined ? CHANGES_AGE : request.maxSourceAgeMinutes * 60;
  const gapAfter = gaps.some((gap) => gap.before > reconciledThrough);
  const reasons = [
    ...(base?.continuous ? [] : ['the bucket has not been scanned for it yet']),
    ...(base?.continuous && base.versions === 'CURRENT' ? ['the last scan was of current versions only'] : []),
    ...(stopped === undefined ? [] : [stopped]),
    ...(deadLetters > 0 ? [`${String(deadLetters)} events are in the dead-letter queue`] : []),
    ...(now - capturedThrough > most
      ? [`changes are captured through ${toIso(capturedThrough)}, which is older than ${String(most / 60)} minutes`]
      : []),
    ...(now - reconciledThrough > MOST_UNRECONCILED ? ['the last comparison with the bucket is over 7 days ago'] : []),
    ...(gapAfter ? ['there is a gap in the capture that no comparison has closed yet'] : []),
    ...((unresolved ?? 0) > 0 ? [`${String(unresolved)} versions were gone before they could be read`] : []),
  ];
  const lastReport = base?.continuous?.lastReport;
  const isCompared =
    now - reconciledThrough <= RECONCILE_AGE || (lastReport !== undefined && now - fromIso(lastReport) <= REPORT_AGE);
  const reconcile = !base?.continuous || base.versions !== 'ALL' || gapAfter || readAll || !isCompared;
  return { unusable: reasons.length > 0 ? reasons.join('; ') : undefined, reconcile };
}
