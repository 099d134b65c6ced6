import { Duration } from 'aws-cdk-lib';
import { MAX_CONTINUOUS_DAYS } from '../../../lambda/contract/steps';
import { SCRATCH_LIFETIME } from '../vault-storage';
import { knownMinutes } from './validation';

/** AWS Backup's defaults. */
export const DEFAULT_START_WINDOW = Duration.hours(8);
export const DEFAULT_COMPLETION_WINDOW = Duration.days(7);

/** AWS Backup's own lower limit. */
const MIN_START_WINDOW = Duration.minutes(60);

/** The windows of a rule: the defaults stand in for what is not given, so that one window fits the other's default. */
export function requireWindows(start?: Duration, completion?: Duration): void {
  const startMinutes = knownMinutes(start ?? DEFAULT_START_WINDOW);
  const completionMinutes = knownMinutes(completion ?? DEFAULT_COMPLETION_WINDOW);
  requireWholeMinutes('startWindow', startMinutes);
  requireWholeMinutes('completionWindow', completionMinutes);
  if (startMinutes !== undefined && startMinutes < MIN_START_WINDOW.toMinutes()) {
    throw new Error(
      `\`startWindow\` must be ${MIN_START_WINDOW.toMinutes()} minutes or more (the limit of AWS Backup), got ${startMinutes} minutes`,
    );
  }
  if (startMinutes === undefined || completionMinutes === undefined) {
    return;
  }
  if (completionMinutes <= startMinutes) {
    throw new Error(
      `\`completionWindow\` must be longer than \`startWindow\`, got ${completionMinutes} minutes with a start window of ${startMinutes} minutes`,
    );
  }
  if (startMinutes + completionMinutes > SCRATCH_LIFETIME.toMinutes()) {
    throw new Error(
      `\`startWindow\` and \`completionWindow\` must be ${SCRATCH_LIFETIME.toDays()} days or less together (the lifetime of a job's work files), got ${startMinutes + completionMinutes} minutes; shorten one of them`,
    );
  }
}

/** AWS Backup's limit, and that of the Backup execution's input. */
const MAX_RETENTION_DAYS = 36_500;

/** Lifetime of recovery points: whole days, as AWS Backup counts it. */
export function requireRetention(prop: string, retention: Duration | undefined): void {
  const minutes = retention && knownMinutes(retention);
  if (minutes === undefined) {
    return;
  }
  const days = minutes / Duration.days(1).toMinutes();
  if (!Number.isInteger(days) || days < 1) {
    throw new Error(`\`${prop}\` must be one or more whole days, got ${minutes} minutes`);
  }
  if (days > MAX_RETENTION_DAYS) {
    throw new Error(
      `\`${prop}\` must be ${MAX_RETENTION_DAYS} days (100 years) or less, got ${days} days; omit it to keep recovery points without end`,
    );
  }
}

/** AWS Backup's limit of continuous backups. */
const USUAL_CONTINUOUS_DAYS = 35;

export function requireContinuousWindow(prop: string, window: Duration, allowLong: boolean): void {
  requireRetention(prop, window);
  const minutes = knownMinutes(window);
  if (minutes === undefined) {
    return;
  }
  const days = minutes / Duration.days(1).toMinutes();
  const most = allowLong ? MAX_CONTINUOUS_DAYS : USUAL_CONTINUOUS_DAYS;
  if (days > most) {
    throw new Error(
      `\`${prop}\` must be ${most} days or less for continuous backup, got ${days} days; ${allowLong ? 'use a periodic rule to keep recovery points longer' : 'set `allowLongRetention: true` for a longer period'}`,
    );
  }
}

/** Reports live as long as work files. */
export function requireSourceAge(prop: string, age: Duration | undefined): void {
  const minutes = age && knownMinutes(age);
  requireWholeMinutes(prop, minutes);
  if (minutes !== undefined && (minutes < 1 || minutes > SCRATCH_LIFETIME.toMinutes())) {
    throw new Error(
      `\`${prop}\` must be 1 minute to ${SCRATCH_LIFETIME.toDays()} days (the lifetime of inventory reports), got ${minutes} minutes`,
    );
  }
}

function requireWholeMinutes(prop: string, minutes: number | undefined): void {
  if (minutes !== undefined && !Number.isInteger(minutes)) {
    throw new Error(`\`${prop}\` must be a whole number of minutes, got ${minutes} minutes`);
  }
}
