import type { ContinuousJob } from '../../../core/backup/job';
import type { BackupRequest } from '../../../core/backup/request';
import { holdingsBefore } from '../../../core/backup/point-counts';
import type { Manifest } from '../../../core/history/manifest';
import { fromIso, toIso } from '../../../core/values/instant';
import type { ContinuousPlan } from './plan-continuous';

const HOUR = 60 * 60;
const DAY = 24 * HOUR;
/** A comparison is due so long after the last one: a little less than a day, so that it keeps its hour. */
const RECONCILE_AGE = 23 * HOUR;
/** A bucket whose reports are compared is not listed as well, as long as there are any: S3 delivers one each day, some late. */
const COMPARED_BY_REPORT_AGE = 3 * DAY;
/** A recovery point of captured changes needs a comparison with the bucket that is no older. */
const MOST_UNRECONCILED = 7 * DAY;
/** A recovery point of captured changes is refused when they are older, unless the rule says otherwise. */
const CHANGES_AGE = 2 * HOUR;

interface Now {
  readonly now: number;
  readonly deadLetters: number;
  readonly readAll: boolean;
}

/** Whether a recovery point can be made of what was captured, and whether a comparison with the bucket is due. */
export function judge(
  job: ContinuousJob,
  request: BackupRequest,
  base: Manifest | undefined,
  facts: Now,
): Pick<ContinuousPlan, 'unusable' | 'reconcile'> {
  const reasons = reasonsAgainst(job, request, base, facts).filter(([holds]) => holds);
  return {
    unusable: reasons.length > 0 ? reasons.map(([, reason]) => reason).join('; ') : undefined,
    reconcile: isScanDue(base) || isOpen(job) || facts.readAll || !isCompared(job, base, facts.now),
  };
}

function reasonsAgainst(
  job: ContinuousJob,
  { maxSourceAgeMinutes }: BackupRequest,
  base: Manifest | undefined,
  { now, deadLetters }: Now,
): readonly (readonly [holds: boolean, reason: string])[] {
  const { capturedThrough, reconciledThrough, stopped, unresolved = 0 } = job;
  const most = maxSourceAgeMinutes === undefined ? CHANGES_AGE : maxSourceAgeMinutes * 60;
  const isBegun = base?.continuous !== undefined;
  return [
    [!isBegun, 'continuous backup has not scanned the bucket yet'],
    [isBegun && base.versions === 'CURRENT', 'the last scan covered current versions only'],
    [stopped !== undefined, stopped ?? ''],
    [deadLetters > 0, `${String(deadLetters)} events are in the dead-letter queue`],
    [
      now - capturedThrough > most,
      `changes are captured through ${toIso(capturedThrough)}, which is older than ${String(most / 60)} minutes`,
    ],
    [now - reconciledThrough > MOST_UNRECONCILED, 'the last comparison with the bucket is over 7 days old'],
    [isOpen(job), 'the capture has a gap that no comparison has closed yet'],
    [isBegun && !isCounted(base), 'the last commit, of an earlier release, does not say which bodies are missing'],
    [unresolved > 0, `${String(unresolved)} versions were permanently deleted before they could be read`],
  ];
}

/** A gap that no comparison has closed yet. */
const isOpen = ({ gaps, reconciledThrough }: ContinuousJob): boolean =>
  gaps.some((gap) => gap.before > reconciledThrough);

const isScanDue = (base: Manifest | undefined): boolean =>
  !base?.continuous || base.versions !== 'ALL' || !isCounted(base);

/** Whether the versions without a body are known, by number and reason. */
const isCounted = (base: Manifest): boolean => holdingsBefore(base).skipped !== undefined;

function isCompared({ reconciledThrough }: ContinuousJob, base: Manifest | undefined, now: number): boolean {
  const lastReport = base?.continuous?.lastReport;
  if (now - reconciledThrough <= RECONCILE_AGE) return true;
  return lastReport !== undefined && now - fromIso(lastReport) <= COMPARED_BY_REPORT_AGE;
}
