import { Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { BackupPlan, BackupPlanRule, BackupResource, BackupVault } from '../../lib';
import { resources, testStack } from './support/synth';

const byName = (name: string): BackupResource => BackupResource.fromArn(`arn:aws:s3:::${name}`);
const longName = (index: number): string => `bucket-${String(index).padStart(3, '0')}`.padEnd(63, 'x');

function planOf(stack: Stack, id: string, backupVault: BackupVault, selected: BackupResource[], isContinuous = true) {
  const rule = isContinuous ? BackupPlanRule.continuous() : BackupPlanRule.daily();
  const plan = new BackupPlan(stack, id, { backupVault, backupPlanRules: [rule] });
  plan.addSelection('Buckets', { resources: selected });
  return plan;
}
const patternsOf = (template: Template): any[] =>
  Object.values(resources(template))
    .filter(({ Type, Properties }) => Type === 'AWS::Events::Rule' && Properties['EventPattern'].source[0] === 'aws.s3')
    .map(({ Properties }) => Properties['EventPattern']);

describe('a continuous rule', () => {
  test('keeps 1 to 35 whole days, more only when told so', () => {
    const days = (n: number, allowLongRetention?: boolean) =>
      BackupPlanRule.continuous({ deleteAfter: Duration.days(n), allowLongRetention });
    expect(days(1).props.deleteAfter?.toDays()).toBe(1);
    expect(days(36, true).props.deleteAfter?.toDays()).toBe(36);
    expect(() => days(36)).toThrow('must be 35 days or less for continuous backup, got 36 days');
    expect(() => BackupPlanRule.continuous({ deleteAfter: Duration.hours(30) })).toThrow('whole days');
  });

  test('is one of a kind in its plan', () => {
    const stack = testStack();
    const plan = planOf(stack, 'Plan', new BackupVault(stack, 'Vault'), [byName('aaa')]);
    expect(() => plan.addRule(BackupPlanRule.continuous({ ruleName: 'Again' }))).toThrow(
      'may have one continuous rule',
    );
  });

  test('starts upkeep once an hour, with the events of all changes captured below the limit of a pattern', () => {
    const stack = testStack();
    const names = Array.from({ length: 500 }, (_, i) => longName(i));
    planOf(stack, 'Plan', new BackupVault(stack, 'Vault'), names.map(byName));
    const template = Template.fromStack(stack);
    const patterns = patternsOf(template);
    expect(patterns).toHaveLength(20);
    expect(Math.max(...patterns.map((pattern) => JSON.stringify(pattern).length))).toBeLessThan(2_048);
    expect(patterns[0]['detail-type']).toContain('Object Created');
    const [schedule] = Object.values(resources(template)).filter(({ Type }) => Type === 'AWS::Scheduler::Schedule');
    expect(schedule!.Properties['ScheduleExpression']).toMatch(/^cron\([0-5]?\d \* \* \* \? \*\)$/);
    expect(JSON.stringify(schedule!.Properties['Target'])).toContain('continuous');
  });

  test('takes over the events of a bucket that a periodic plan of the vault has too', () => {
    const stack = testStack();
    const vault = new BackupVault(stack, 'Vault');
    planOf(stack, 'A', vault, [byName('both')]);
    planOf(stack, 'B', vault, [byName('both'), byName('periodic')], false);
    expect(patternsOf(Template.fromStack(stack)).map(({ detail }) => detail.bucket.name)).toEqual([
      ['both'],
      ['periodic'],
    ]);
  });

  test('of one bucket in two plans is an error, as are other backups of it in another vault', () => {
    const twice = testStack();
    const vault = new BackupVault(twice, 'Vault');
    planOf(twice, 'A', vault, [byName('bbb')]);
    planOf(twice, 'B', vault, [byName('bbb')]);
    expect(() => Template.fromStack(twice)).toThrow('may have continuous backup by one plan');
    const split = testStack();
    planOf(split, 'A', new BackupVault(split, 'V1'), [byName('bbb')]);
    planOf(split, 'B', new BackupVault(split, 'V2'), [byName('bbb')], false);
    expect(() => Template.fromStack(split)).toThrow('all its plans must use the same vault');
  });
});
