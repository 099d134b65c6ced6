import { invalidRequest } from '../../../contract/errors';
import { comparisonsOf } from '../../../core/backup/comparisons';
import type { ChangesToFold, ContinuousJob } from '../../../core/backup/job';
import type { BackupRequest } from '../../../core/backup/request';
import { type DeadLetters, lostLetters, seenLetters } from '../../../core/capture/dead-letters';
import { mayHideEvents } from '../../../core/capture/retries';
import type { Manifest } from '../../../core/history/manifest';
import { droppedThrough } from '../../../core/backup/window';
import { fromIso } from '../../../core/values/instant';
import type { CaptureHealth } from '../../../ports/capture-control';
import type { BackupPorts } from '../../context';
import { checkClaim } from './claim';
import { gapsOf } from './gaps';
import { judge } from './judgement';
import type { CoverageNote } from './note';
import type { Capture } from './plan-changes';

type Continuous = NonNullable<Manifest['continuous']>;

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
  const before = base?.continuous;
  refuseShorter(request, before);
  const isOurs = await checkClaim(ports, request, base, facts);
  if (!request.upkeep && !before) return undefined;
  const { now, capture } = facts;
  const days = daysOf(request, before);
  const { since, captured, reconciled } = watermarksOf(base, days, now);
  const look = await lookAt(ports, request.bucket, before, { captured, now });
  const { health, letters, lost } = look;
  const stopped = stopReason(capture, health.disabledRules, isOurs);
  const found = { ...facts, captured, days, stopped, health, lost };
  const { gaps, isStart } = await gapsOf(ports, request.bucket, before, found);
  const job: ContinuousJob = {
    plan: request.upkeep ? request.scheduled?.plan : before?.plan,
    days,
    since,
    capturedThrough: capturedThrough(ports, { ...found, ...look }),
    reconciledThrough: reconciled,
    comparisons: comparisonsOf(before),
    gaps,
    stopped,
    deadLetters: seenLetters(letters, now, before?.deadLetters),
    unresolved: before?.unresolved,
  };
  const readAll =
    stopped === undefined && isMissed(base, { ...found, isStart }) && (await mayReadAll(request, base, facts));
  return { job, isStart, readAll, ...judge(job, request, base, { now, deadLetters: letters.count, readAll }) };
}

/** How far back any second can be restored: as the upkeep's rule says, else as before. */
function daysOf({ bucket, upkeep }: BackupRequest, before: Continuous | undefined): number {
  const days = upkeep?.days ?? before?.days;
  if (days !== undefined) return days;
  throw invalidRequest([
    `deleteAfterDays: is required, because bucket "${bucket}" has no continuous backup in this vault yet`,
  ]);
}

/** A window that is cut by mistake cannot be had again: what merges drop is gone. So only a rule of a plan makes it shorter. */
function refuseShorter({ bucket, upkeep, scheduled }: BackupRequest, before: Continuous | undefined): void {
  if (scheduled || !before || upkeep?.days === undefined || upkeep.days >= before.days) return;
  throw invalidRequest([
    `deleteAfterDays: is ${String(upkeep.days)}, but bucket "${bucket}" can be restored to any second of ${String(before.days)} days; leave the field out, or shorten the continuous rule of the plan`,
  ]);
}

/** From when on, and through when, the last commit is whole; a bucket that begins with continuous backup begins now. */
function watermarksOf(
  base: Manifest | undefined,
  days: number,
  now: number,
): { readonly since: number; readonly captured: number; readonly reconciled: number } {
  const before = base?.continuous;
  if (!before) return { since: now, captured: now, reconciled: 0 };
  const { capturedThrough, reconciledThrough } = before;
  return {
    since: sinceOf(base, before, days),
    captured: fromIso(capturedThrough),
    reconciled: fromIso(reconciledThrough),
  };
}

/** What the queue, the dead-letter queue and the rules of the capture are like. */
interface CaptureLook {
  readonly health: CaptureHealth;
  readonly letters: DeadLetters;
  /** Dead letters that went away without a redrive. */
  readonly lost: number;
  /** Age of the oldest event that waits, seconds; without end where it is not known. */
  readonly lag: number;
  /** Older events may be in the queue: ones that failed over and over, or that were redriven. */
  readonly isHiding: boolean;
}

async function lookAt(
  { captureControl }: Pick<BackupPorts, 'captureControl'>,
  bucket: string,
  before: Continuous | undefined,
  { captured, now }: { readonly captured: number; readonly now: number },
): Promise<CaptureLook> {
  const health = await captureControl.health(captured, bucket);
  const letters = await captureControl.deadLetters(before?.deadLetters?.at ?? captured);
  const lost = before ? lostLetters(before.deadLetters, letters, captured) : 0;
  const { oldestSeconds, recentSeconds, queued } = health;
  const { redrives } = letters;
  const isHiding = mayHideEvents({ recentSeconds, redrives, before: before?.deadLetters, now });
  return { health, letters, lost, lag: oldestSeconds ?? (queued === 0 ? 0 : Infinity), isHiding };
}

/** What waits in a queue holds the watermark back where it was. */
function capturedThrough(
  { settings }: Pick<BackupPorts, 'settings'>,
  facts: CaptureLook & Pick<PlanFacts, 'changes'> & { readonly captured: number; readonly stopped: string | undefined },
): number {
  const { captured, changes, lag, letters, stopped, isHiding } = facts;
  const isHeld = stopped !== undefined || letters.count > 0 || isHiding || !Number.isFinite(lag);
  return isHeld ? captured : Math.max(captured, changes.through - settings.deliverySeconds - lag);
}

/** Whether tags or ACLs may have changed without an event. */
const isMissed = (
  base: Manifest | undefined,
  { changes, isStart, lost }: Pick<PlanFacts, 'changes'> & { readonly isStart: boolean; readonly lost: number },
): boolean => base !== undefined && (changes.missed || (base.continuous !== undefined && (isStart || lost > 0)));

function mayReadAll({ bucket }: BackupRequest, base: Manifest | undefined, { note, now }: PlanFacts): Promise<boolean> {
  const readAt = base?.continuous?.metadataReadAt;
  return note.mayReadAll(bucket, readAt === undefined ? undefined : fromIso(readAt), now);
}

export interface PlanFacts {
  readonly now: number;
  readonly capture: Capture | undefined;
  /** What is taken from the log. */
  readonly changes: ChangesToFold;
  readonly note: CoverageNote;
}

/** A window that was made longer reaches back no further than what merges have left. */
const sinceOf = (base: Manifest, before: Continuous, days: number): number =>
  days > before.days ? Math.max(fromIso(before.since), droppedThrough(base) ?? 0) : fromIso(before.since);

function stopReason(
  capture: Capture | undefined,
  disabledRules: readonly string[],
  isOurs: boolean,
): string | undefined {
  if (capture === 'denied') return 'the vault is not allowed to configure the notifications of the bucket';
  if (disabledRules.length > 0) return `EventBridge rules are missing or disabled: ${disabledRules.join(', ')}`;
  return isOurs ? undefined : 'no plan with a continuous rule selects the bucket any more';
}
