import { Token } from 'aws-cdk-lib';

const CRON = /^cron\((.*)\)$/;
const MINUTES = 60;

/** Throws unless the expression is a cron that fires at most once an hour. A token passes: it has no text yet. */
export function requireHourlyCron(prop: string, expression: string): void {
  if (Token.isUnresolved(expression)) {
    return;
  }
  const fields = CRON.exec(expression)?.[1]?.trim().split(/\s+/);
  if (fields?.length !== 6) {
    throw new Error(
      `\`${prop}\` must be a cron expression with six fields, got "${expression}"; use events.Schedule.cron()`,
    );
  }
  const [minute] = fields as [string];
  const minutes = minutesOf(minute);
  if (minutes === undefined) {
    throw new Error(
      `\`${prop}\` must have a minute field of values, ranges or steps from 0 to 59, got "${expression}"; correct the first field`,
    );
  }
  if (minutes.size > 1) {
    throw new Error(
      `\`${prop}\` must fire at most once an hour, got "${expression}", which fires ${minutes.size} times in an hour; ` +
        "name one minute, such as events.Schedule.cron({ minute: '0', hour: '3' })",
    );
  }
}

/** Minutes that a cron field matches, or undefined if it is no such field: `0`, `0,30`, `0-10`, `*`, `0/15`, `10-40/10`. */
export function minutesOf(field: string): Set<number> | undefined {
  const minutes = new Set<number>();
  for (const part of field.split(',')) {
    const match = /^(?:(\*)|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(part);
    if (!match) {
      return undefined;
    }
    const [, star, from, to, step] = match as (string | undefined)[];
    const first = Number(from ?? 0);
    // `5` is one minute, `5/15` every 15th from the 5th on.
    const open = star !== undefined || (to === undefined && step !== undefined);
    const last = open ? MINUTES - 1 : Number(to ?? from);
    const stride = Number(step ?? 1);
    if (first > last || last >= MINUTES || stride < 1) {
      return undefined;
    }
    for (let value = first; value <= last; value += stride) {
      minutes.add(value);
    }
  }
  return minutes;
}
