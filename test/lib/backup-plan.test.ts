import { Duration, Stack, TimeZone } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as events from 'aws-cdk-lib/aws-events';
import * as s3 from 'aws-cdk-lib/aws-s3';
import {
  BackupMetadata,
  BackupPlan,
  BackupPlanRule,
  BackupResource,
  BackupSelection,
  BackupSource,
  BackupVault,
  BackupVersions,
} from '../../lib';
import { payloadOf } from './support/payload';
import { logicalId, protectedBucket, statementsOf, testStack } from './support/synth';

const byArn = (name: string): BackupResource => BackupResource.fromArn(`arn:aws:s3:::${name}`);

describe('the ready-made plans', () => {
  test.each([
    ['daily35DayRetention', ['Daily']],
    ['dailyMonthly1YearRetention', ['Daily', 'Monthly1Year']],
    ['dailyWeeklyMonthly5YearRetention', ['Daily', 'Monthly5Year', 'Weekly']],
    ['dailyWeeklyMonthly7YearRetention', ['Daily', 'Monthly7Year', 'Weekly']],
  ] as const)('%s has the rules %j', (factory, rules) => {
    const stack = testStack();
    const plan = BackupPlan[factory](stack, 'Plan', new BackupVault(stack, 'Vault'));
    plan.addSelection('Buckets', { resources: [byArn('my-bucket')] });
    const template = Template.fromStack(stack);
    const ids = Object.keys(template.findResources('AWS::Scheduler::Schedule'));
    expect(ids.map((id) => /^PlanSchedule(\w+?)[0-9A-F]{8}$/.exec(id)![1]).sort()).toEqual(rules);
  });
});

describe('a rule', () => {
  const stack = testStack();
  const vault = new BackupVault(stack, 'Vault');
  const plan = new BackupPlan(stack, 'Plan', { backupVault: vault, backupPlanName: 'nightly' });
  plan.addRule(
    new BackupPlanRule({
      ruleName: 'All',
      scheduleExpression: events.Schedule.cron({ minute: '30', hour: '3' }),
      scheduleExpressionTimezone: TimeZone.EUROPE_BERLIN,
      deleteAfter: Duration.days(90),
      startWindow: Duration.hours(1),
      completionWindow: Duration.hours(12),
      source: BackupSource.LISTING,
      versions: BackupVersions.CURRENT,
      metadata: BackupMetadata.FULL,
      recoveryPointTags: { team: 'data "x"' },
    }),
  );
  plan.addRule(new BackupPlanRule({ scheduleExpression: events.Schedule.cron({ minute: '0' }) }));
  // After the rules, and with one bucket twice.
  plan.addSelection('One', {
    resources: [byArn('first'), BackupResource.fromBucket(protectedBucket(stack, 'Second'))],
  });
  new BackupSelection(stack, 'Two', { backupPlan: plan, resources: [byArn('first')] });
  const template = Template.fromStack(stack);
  const second = logicalId(template, 'AWS::S3::Bucket', 'Second');

  test('is a schedule at its time, in its time zone, without a flexible window', () => {
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'cron(30 3 * * ? *)',
      ScheduleExpressionTimezone: 'Europe/Berlin',
      FlexibleTimeWindow: { Mode: 'OFF' },
      State: 'ENABLED',
    });
  });

  test('tells the function that starts jobs all that the rule says, and each bucket once', () => {
    expect(payloadOf(template, 'PlanScheduleAll')).toEqual({
      plan: 'nightly',
      rule: 'All',
      scheduledTime: '<aws.scheduler.scheduled-time>',
      startWindowMinutes: 60,
      completionWindowMinutes: 720,
      buckets: ['first', second],
      request: {
        source: 'listing',
        versions: 'CURRENT',
        metadata: 'FULL',
        deleteAfterDays: 90,
        recoveryPointTags: { team: 'data "x"' },
      },
    });
  });

  test("leaves to the runtime what it doesn't say, with aws-backup's windows", () => {
    expect(payloadOf(template, 'PlanScheduleRule1')).toEqual({
      plan: 'nightly',
      rule: 'Rule1',
      scheduledTime: '<aws.scheduler.scheduled-time>',
      startWindowMinutes: 480,
      completionWindowMinutes: 10_080,
      buckets: ['first', second],
      request: {},
    });
  });

  test('is tried again while its start window is open, then ends in a queue', () => {
    const target = (maximumAge: number): unknown => ({
      Target: Match.objectLike({
        Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^VaultStartJobs'), 'Arn'] },
        RetryPolicy: { MaximumEventAgeInSeconds: maximumAge, MaximumRetryAttempts: 185 },
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^VaultStartJobsDeadLetterQueue'), 'Arn'] } },
      }),
    });
    template.hasResourceProperties('AWS::Scheduler::Schedule', target(3600));
    template.hasResourceProperties('AWS::Scheduler::Schedule', target(28_800));
  });

  test('lets Scheduler call that function and nothing else', () => {
    const role = logicalId(template, 'AWS::IAM::Role', 'PlanScheduleRole');
    const statements = statementsOf(template, role);
    expect(statements.map(({ Action }) => Action).sort()).toEqual(['lambda:InvokeFunction', 'sqs:SendMessage']);
    expect(JSON.stringify(statements)).not.toContain('*');
  });

  test('ends in the same queue when the function itself fails', () => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      Description: 'Starts a backup or upkeep job for each bucket of a plan',
      DeadLetterConfig: {
        TargetArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^VaultStartJobsDeadLetterQueue'), 'Arn'] },
      },
      Environment: {
        Variables: Match.objectLike({
          BACKUP_STATE_MACHINE_ARN: { Ref: Match.stringLikeRegexp('^VaultBackupStateMachine') },
        }),
      },
    });
  });
});

describe('a plan', () => {
  test('makes a vault when it is given none', () => {
    const stack = testStack();
    const plan = BackupPlan.daily35DayRetention(stack, 'Plan');
    plan.addSelection('Buckets', { resources: [byArn('my-bucket')] });
    expect(plan.backupVault.node.path).toBe('Test/Plan/Vault');
    Template.fromStack(stack).resourceCountIs('AWS::StepFunctions::StateMachine', 3);
  });

  test('needs a rule and a selection', () => {
    const stack = testStack();
    new BackupPlan(stack, 'Plan', { backupVault: new BackupVault(stack, 'Vault') });
    expect(() => Template.fromStack(stack)).toThrow(/must have at least one rule, got none; call addRule\(\)/);
    expect(() => Template.fromStack(stack)).toThrow(
      /must have at least one selection, got none; call addSelection\(\)/,
    );
  });

  test('refuses two rules of one name', () => {
    const plan = BackupPlan.daily35DayRetention(testStack(), 'Plan');
    expect(() => {
      plan.addRule(BackupPlanRule.daily());
    }).toThrow('`ruleName` must be unique in its backup plan, got "Daily" twice');
  });

  test('may be in another stack than its vault, whatever stack the buckets are in', () => {
    const vaultStack = testStack({}, 'VaultStack');
    const appStack = new Stack(vaultStack.node.root, 'AppStack');
    const vault = new BackupVault(vaultStack, 'Vault');
    const plan = BackupPlan.daily35DayRetention(appStack, 'Plan', vault);
    plan.addSelection('Buckets', { resources: [BackupResource.fromBucket(protectedBucket(appStack, 'Data'))] });
    Template.fromStack(appStack).resourceCountIs('AWS::Scheduler::Schedule', 1);
    expect(vaultStack.dependencies).toEqual([]);
  });

  test('takes imported buckets by name', () => {
    const stack = testStack();
    const plan = BackupPlan.daily35DayRetention(stack, 'Plan', new BackupVault(stack, 'Vault'));
    plan.addSelection('Buckets', {
      resources: [BackupResource.fromBucket(s3.Bucket.fromBucketName(stack, 'Old', 'old-bucket'))],
    });
    expect(payloadOf(Template.fromStack(stack), 'PlanScheduleDaily').buckets).toEqual(['old-bucket']);
  });
});
