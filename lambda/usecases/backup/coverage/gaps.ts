import { CHANGE_LIFETIME_SECONDS } from '../../../contract/change-log-schema';
import type { CoverageGap } from '../../../core/backup/job';
import type { Manifest } from '../../../core/history/manifest';
import { fromIso } from '../../../core/values/instant';
import type { CaptureHealth } from '../../../ports/capture-control';
import type { BackupPorts } from '../../context';
import type { PlanFacts } from './plan-continuous';

type Continuous = NonNullable<Manifest['continuous']>;

const DAY = 24 * 60 * 60;

/** Intervals in which changes may have been missed, those of the last commit and new ones. */
export async function gapsOf(
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
  const known = knownGaps(before);
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

const knownGaps = (before: Continuous | undefined): CoverageGap[] =>
  (before?.gaps ?? []).map(({ after, before: until, reason }) => ({
    after: fromIso(after),
    before: fromIso(until),
    reason,
  }));
