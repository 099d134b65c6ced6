import { Duration, Lazy } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { BackupPlanRule, type BackupPlanRuleProps } from '../../lib';
import { minutesOf } from '../../lib/private/props/cron';

const nightly = events.Schedule.cron({ minute: '0', hour: '3' });
const rule = (props: Partial<BackupPlanRuleProps>): BackupPlanRule =>
  new BackupPlanRule({ scheduleExpression: nightly, ...props });

describe('the ready-made rules', () => {
  test.each([
    ['hourly', 'Hourly', 'cron(0 * * * ? *)', 35, 60],
    ['every12Hours', 'Every12Hours', 'cron(0 5,17 * * ? *)', 35, undefined],
    ['daily', 'Daily', 'cron(0 5 * * ? *)', 35, undefined],
    ['weekly', 'Weekly', 'cron(0 5 ? * SAT *)', 90, undefined],
    ['monthly', 'Monthly', 'cron(0 5 1 * ? *)', 35, undefined],
    ['monthly1Year', 'Monthly1Year', 'cron(0 5 1 * ? *)', 365, undefined],
    ['monthly5Year', 'Monthly5Year', 'cron(0 5 1 * ? *)', 1825, undefined],
    ['monthly7Year', 'Monthly7Year', 'cron(0 5 1 * ? *)', 2555, undefined],
  ] as const)('%s has the name, the time and the lifetime of aws-backup', (factory, name, cron, days, startWindow) => {
    const { props } = BackupPlanRule[factory]();
    expect(props.ruleName).toBe(name);
    expect(props.scheduleExpression.expressionString).toBe(cron);
    expect(props.deleteAfter?.toDays()).toBe(days);
    expect(props.startWindow?.toMinutes()).toBe(startWindow);
  });

  test('can be told otherwise', () => {
    const { props } = BackupPlanRule.daily({ deleteAfter: Duration.days(7), ruleName: 'Short' });
    expect(props.ruleName).toBe('Short');
    expect(props.deleteAfter?.toDays()).toBe(7);
  });
});

describe('schedules', () => {
  test.each(['0', '59', '5-5', '30/30', '0/60'])('a rule at minute %s is accepted', (minute) => {
    expect(() => rule({ scheduleExpression: events.Schedule.cron({ minute, hour: '3' }) })).not.toThrow();
  });

  test.each([
    ['*', 60],
    ['0/15', 4],
    ['*/20', 3],
    ['0,30', 2],
    ['0-10', 11],
    ['10-40/10', 4],
    ['0,1-2', 3],
  ])('a rule at minutes %s is refused: it fires %d times in an hour', (minute, times) => {
    expect(() => rule({ scheduleExpression: events.Schedule.cron({ minute, hour: '3' }) })).toThrow(
      `which fires ${times} times in an hour`,
    );
  });

  test('a cron without a minute is refused, as it fires sixty times', () => {
    expect(() => rule({ scheduleExpression: events.Schedule.cron({ hour: '3' }) })).toThrow(
      '`scheduleExpression` must fire at most once an hour, got "cron(* 3 * * ? *)", which fires 60 times in an hour',
    );
  });

  test.each(['rate(1 hour)', 'cron(0 3 * *)', 'at(2026-11-22T10:00:00)'])('%s is refused', (expression) => {
    expect(() => rule({ scheduleExpression: events.Schedule.expression(expression) })).toThrow(
      '`scheduleExpression` must be a cron expression with six fields',
    );
  });

  test.each(['x', '60', '5-1', '1-99', '0/0', ''])('%p is no minute field', (minute) => {
    expect(minutesOf(minute)).toBeUndefined();
  });

  test('a token passes: it has no text yet', () => {
    const expression = Lazy.string({ produce: () => 'cron(* * * * ? *)' });
    expect(() => rule({ scheduleExpression: events.Schedule.expression(expression) })).not.toThrow();
  });
});

describe('windows', () => {
  test.each([
    [
      { startWindow: Duration.minutes(59) },
      '`startWindow` must be 60 minutes or more (the limit of AWS Backup), got 59 minutes',
    ],
    [{ startWindow: Duration.seconds(3601) }, '`startWindow` must be a whole number of minutes'],
    [
      { startWindow: Duration.hours(2), completionWindow: Duration.hours(2) },
      '`completionWindow` must be longer than `startWindow`, got 120 minutes with a start window of 120 minutes',
    ],
    [{ completionWindow: Duration.hours(8) }, 'with a start window of 480 minutes'],
    [{ startWindow: Duration.days(7) }, '`completionWindow` must be longer than `startWindow`'],
    [{ completionWindow: Duration.days(14) }, 'must be 14 days or less together'],
  ])('%j is impossible', (props, message) => {
    expect(() => rule(props)).toThrow(message);
  });

  test.each([
    { startWindow: Duration.minutes(60) },
    { completionWindow: Duration.hours(9) },
    { startWindow: Duration.days(6), completionWindow: Duration.days(8) },
    { startWindow: Duration.minutes(Lazy.number({ produce: () => 1 })) },
  ])('%j is possible', (props) => {
    expect(() => rule(props)).not.toThrow();
  });
});

describe('other props', () => {
  test.each([
    [{ ruleName: 'my rule' }, '`ruleName` must be 1 to 50 letters, digits, -, _ and ., got "my rule"'],
    [{ ruleName: 'x'.repeat(51) }, '`ruleName` must be 1 to 50'],
    [{ deleteAfter: Duration.hours(36) }, '`deleteAfter` must be one or more whole days, got 2160 minutes'],
    [{ deleteAfter: Duration.days(0) }, '`deleteAfter` must be one or more whole days'],
    [{ deleteAfter: Duration.days(36_501) }, '`deleteAfter` must be 36500 days (100 years) or less, got 36501 days'],
    [{ recoveryPointTags: { '': 'x' } }, 'keys of `recoveryPointTags` must have 1 to 128 characters'],
    [{ recoveryPointTags: { k: 'x'.repeat(257) } }, 'got 257 for the key "k"'],
    [
      { recoveryPointTags: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, 'v'])) },
      '`recoveryPointTags` must have 50 tags or fewer, got 51',
    ],
  ])('%j is refused', (props, message) => {
    expect(() => rule(props)).toThrow(message);
  });
});
