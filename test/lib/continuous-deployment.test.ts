import { App, Duration, Lazy, Stack, Stage } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { BackupPlan, BackupPlanRule, BackupResource, BackupVault } from '../../lib';
import { payloadOf } from './support/payload';
import {
  allowed,
  logicalId,
  protectedBucket,
  resources,
  roleOf,
  statementsOf,
  testApp,
  testStack,
} from './support/synth';

const byName = (name: string): BackupResource => BackupResource.fromArn(`arn:aws:s3:::${name}`);
const TAG = BackupResource.fromTag('backup', 'yes');

function planOf(stack: Stack, id: string, backupVault: BackupVault, selected: BackupResource[], isContinuous = true) {
  const rule = isContinuous ? BackupPlanRule.continuous({ deleteAfter: Duration.days(7) }) : BackupPlanRule.daily();
  const plan = new BackupPlan(stack, id, { backupVault, backupPlanName: id, backupPlanRules: [rule] });
  plan.addSelection('Buckets', { resources: selected });
  return plan;
}
const captureRules = (template: Template): any[] =>
  Object.values(resources(template))
    .filter(({ Type, Properties }) => Type === 'AWS::Events::Rule' && Properties['EventPattern'].source[0] === 'aws.s3')
    .map(({ Properties }) => Properties);
const environmentOf = (template: Template, path: string): Record<string, any> =>
  resources(template)[logicalId(template, 'AWS::Lambda::Function', path)]!.Properties['Environment'].Variables;

describe('the schedule of a continuous rule', () => {
  const stack = testStack();
  const vault = new BackupVault(stack, 'Vault');
  planOf(stack, 'Plan', vault, [byName('photos'), TAG]).addRule(BackupPlanRule.daily());
  planOf(stack, 'Other', vault, [byName('docs')]);
  const template = Template.fromStack(stack);
  const minuteOf = (prefix: string): string =>
    resources(template)[logicalId(template, 'AWS::Scheduler::Schedule', prefix)]!.Properties['ScheduleExpression'];

  test('starts upkeep with a window of an hour to start in, and of a day to be complete in', () => {
    expect(payloadOf(template, 'PlanScheduleContinuous')).toEqual({
      plan: 'Plan',
      rule: 'Continuous',
      scheduledTime: '<aws.scheduler.scheduled-time>',
      startWindowMinutes: 60,
      completionWindowMinutes: 24 * 60,
      buckets: ['photos'],
      tags: [{ key: 'backup', value: 'yes' }],
      continuous: { deleteAfterDays: 7 },
      request: { deleteAfterDays: 7 },
    });
  });

  test('stands beside the schedules of periodic rules, which say nothing of it', () => {
    expect(payloadOf(template, 'PlanScheduleDaily')).not.toHaveProperty('continuous');
  });

  test('fires at a minute of its own, the same in each deployment', () => {
    expect(minuteOf('PlanScheduleContinuous')).toMatch(/^cron\(\d{1,2} \* \* \* \? \*\)$/);
    expect(minuteOf('PlanScheduleContinuous')).not.toBe(minuteOf('OtherScheduleContinuous'));
    const again = testStack();
    planOf(again, 'Plan', new BackupVault(again, 'Vault'), [byName('photos')]);
    const repeated = Template.fromStack(again);
    const schedule = resources(repeated)[logicalId(repeated, 'AWS::Scheduler::Schedule', 'PlanScheduleContinuous')]!;
    expect(schedule.Properties['ScheduleExpression']).toBe(minuteOf('PlanScheduleContinuous'));
  });

  test('takes a window that is a token', () => {
    const own = testStack();
    const deleteAfter = Duration.days(Lazy.number({ produce: () => 12 }));
    const plan = new BackupPlan(own, 'Plan', { backupPlanRules: [BackupPlanRule.continuous({ deleteAfter })] });
    plan.addSelection('Buckets', { resources: [byName('photos')] });
    expect(payloadOf(Template.fromStack(own), 'PlanScheduleContinuous').continuous).toEqual({ deleteAfterDays: 12 });
  });
});

describe('a bucket that only another stack can name', () => {
  const vaultStack = testStack({}, 'VaultStack');
  const planStack = new Stack(vaultStack.node.root, 'PlanStack');
  const vault = new BackupVault(vaultStack, 'Vault');
  const theirs = BackupResource.fromBucket(protectedBucket(planStack, 'Data'));
  planOf(planStack, 'Plan', vault, [byName('photos'), theirs]);
  const [vaultTemplate, planTemplate] = [vaultStack, planStack].map((stack) => Template.fromStack(stack));

  test('is named by the schedule, for rules that are made at run time', () => {
    const data = logicalId(planTemplate!, 'AWS::S3::Bucket', 'Data');
    expect(payloadOf(planTemplate!, 'PlanScheduleContinuous')).toMatchObject({
      buckets: ['photos', data],
      continuous: { unnamed: [data] },
    });
  });

  test('is in no rule of the template, and nor are the buckets of anybody else', () => {
    expect(captureRules(vaultTemplate!).map(({ EventPattern }) => EventPattern.detail.bucket.name)).toEqual([
      ['photos'],
    ]);
  });

  test("does not make the vault's stack depend on that one", () => {
    expect(vaultStack.dependencies).toEqual([]);
  });
});

describe('rules of continuous backup', () => {
  const stack = testStack();
  const vault = new BackupVault(stack, 'Vault');
  planOf(stack, 'Plan', vault, [
    TAG,
    ...Array.from({ length: 30 }, (_, n) => byName(`bucket-${n}`)),
    BackupResource.fromBucket(protectedBucket(stack, 'Data')),
  ]);
  const template = Template.fromStack(stack);
  const prefixed = (name: string): unknown => ({
    'Fn::Join': ['', ['s3-backup-', expect.anything(), expect.stringMatching(`^-[0-9a-f]{8}-${name}$`)]],
  });

  test('have names that the runtime finds them by, of this vault in this stack', () => {
    expect(captureRules(template).map(({ Name }) => Name)).toEqual([prefixed('named-0'), prefixed('named-1')]);
    expect(environmentOf(template, 'VaultBackupPrepare')['CAPTURE_RULE_PREFIX']).toEqual(prefixed(''));
    expect(environmentOf(template, 'VaultStartJobsHandler')['CAPTURE_RULE_PREFIX']).toEqual(prefixed('found-'));
    const [, [, stackPart]] = captureRules(template)[0].Name['Fn::Join'];
    expect(JSON.stringify(stackPart)).toContain('AWS::StackId');
  });

  test('send to the queue of the vault, with all kinds of events', () => {
    for (const { EventPattern, Targets, State } of captureRules(template)) {
      expect(EventPattern['detail-type'].sort()).toEqual([
        'Object ACL Updated',
        'Object Created',
        'Object Deleted',
        'Object Tags Added',
        'Object Tags Deleted',
      ]);
      expect(State).toBe('ENABLED');
      expect(Targets).toHaveLength(1);
    }
  });

  test('are made at run time by the start of jobs alone, and only those under its own names', () => {
    for (const action of ['PutRule', 'PutTargets', 'RemoveTargets', 'DeleteRule', 'ListTargetsByRule']) {
      const roles = Object.keys(template.findResources('AWS::IAM::Role')).filter(
        (id) => allowed(template, id, `events:${action}`).length > 0 && !id.includes('StateMachine'),
      );
      expect([action, roles]).toEqual([action, [roleOf(template, 'StartJobsHandler')]]);
      const [resource] = allowed(template, roles[0]!, `events:${action}`);
      expect(resource).toMatch(/:rule\/s3-backup-.+-found-\*$/);
    }
  });

  test('are told the queues they send to', () => {
    const start = environmentOf(template, 'VaultStartJobsHandler');
    expect(start).toMatchObject({
      CAPTURE_QUEUE_ARN: { 'Fn::GetAtt': [logicalId(template, 'AWS::SQS::Queue', 'VaultCaptureQueue'), 'Arn'] },
      CAPTURE_DEAD_LETTER_QUEUE_ARN: {
        'Fn::GetAtt': [logicalId(template, 'AWS::SQS::Queue', 'VaultCaptureDeadLetterQueue'), 'Arn'],
      },
      UPKEEP_STATE_MACHINE_ARN: { Ref: logicalId(template, 'AWS::StepFunctions::StateMachine', 'VaultUpkeep') },
    });
    expect(allowed(template, roleOf(template, 'StartJobsHandler'), 'states:StartExecution')).toHaveLength(2);
  });
});

describe('what continuous backup lets functions do', () => {
  const stack = testStack();
  planOf(stack, 'Plan', new BackupVault(stack, 'Vault'), [byName('photos')]);
  const template = Template.fromStack(stack);
  const prepare = roleOf(template, 'BackupPrepare');

  test('Prepare sees how the capture is doing', () => {
    const env = environmentOf(template, 'VaultBackupPrepare');
    expect(env['CAPTURE_QUEUE_URL']).toEqual({ Ref: logicalId(template, 'AWS::SQS::Queue', 'VaultCaptureQueue') });
    expect(env['CAPTURE_DEAD_LETTER_QUEUE_URL']).toEqual({
      Ref: logicalId(template, 'AWS::SQS::Queue', 'VaultCaptureDeadLetterQueue'),
    });
    expect(allowed(template, prepare, 'sqs:GetQueueAttributes').sort()).toEqual([
      '<VaultCaptureDeadLetterQueue.Arn>',
      '<VaultCaptureQueue.Arn>',
    ]);
    expect(allowed(template, prepare, 'cloudwatch:GetMetricStatistics')).toEqual(['*']);
    expect(allowed(template, prepare, 'events:ListRules')).toEqual(['*']);
    expect(allowed(template, prepare, 'dynamodb:Query')).toContain('<VaultChangeLogTable.Arn>');
  });

  test('Prepare claims buckets, and reads and writes no other parameter', () => {
    const parameters = 'arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter/cdk-s3-backup/continuous/*';
    for (const action of ['ssm:GetParameter', 'ssm:PutParameter']) {
      expect(allowed(template, prepare, action)).toEqual([parameters]);
    }
    const ssm = statementsOf(template, prepare).flatMap(({ Action }) => Action);
    expect(ssm.filter((action) => action.startsWith('ssm:')).sort()).toEqual(['ssm:GetParameter', 'ssm:PutParameter']);
  });

  test('Prepare sees executions of both of its workflows', () => {
    expect(allowed(template, prepare, 'states:DescribeExecution')).toHaveLength(2);
  });

  test('the plan of a restore reads what no job has committed yet', () => {
    expect(allowed(template, roleOf(template, 'RestorePlan'), 'dynamodb:Query')).toContain('<VaultChangeLogTable.Arn>');
    expect(environmentOf(template, 'VaultRestorePlanFunction')).toHaveProperty('CHANGE_LOG_TABLE');
  });

  test('the workers of a restore copy versions that the destination still has', () => {
    const range = roleOf(template, 'RestoreRange');
    for (const action of ['s3:GetObjectVersion', 's3:GetObjectVersionTagging', 's3:GetObjectVersionAcl']) {
      expect(allowed(template, range, action)).toContain('arn:<AWS::Partition>:s3:::*/*');
    }
  });

  test('the capture looks at buckets, reads their objects, and puts bodies into the vault', () => {
    const capture = roleOf(template, 'CaptureHandler');
    expect(allowed(template, capture, 's3:GetBucketOwnershipControls')).toEqual(['arn:<AWS::Partition>:s3:::photos']);
    expect(allowed(template, capture, 's3:GetObjectVersion')).toEqual(
      expect.arrayContaining(['arn:<AWS::Partition>:s3:::photos/*', '<VaultVaultBucket.Arn>/objects/*']),
    );
    expect(environmentOf(template, 'VaultCaptureHandler')['PACK_THRESHOLD']).toBe('1048576');
    template.hasResourceProperties('AWS::Lambda::Function', { MemorySize: 1024, Timeout: 120 });
  });
});

describe('plans that contradict each other', () => {
  const differing = 'all its plans must use the same vault';
  const twice = 'may have continuous backup by one plan';

  test('across stacks', () => {
    const one = testStack({}, 'One');
    const two = new Stack(one.node.root, 'Two');
    planOf(one, 'A', new BackupVault(one, 'Vault'), [byName('photos')]);
    planOf(two, 'B', new BackupVault(two, 'Vault'), [byName('photos')]);
    expect(() => (one.node.root as App).synth()).toThrow(
      /bucket photos may have continuous backup by one plan, got One\/A and Two\/B; remove it from one of them/,
    );
  });

  test('by one bucket that one plan has by its construct and the other by its ARN', () => {
    const stack = testStack();
    const bucket = protectedBucket(stack, 'Data');
    planOf(stack, 'A', new BackupVault(stack, 'V1'), [BackupResource.fromBucket(bucket)]);
    planOf(stack, 'B', new BackupVault(stack, 'V2'), [BackupResource.fromArn(bucket.bucketArn)], false);
    expect(() => Template.fromStack(stack)).toThrow(differing);
  });

  test.each([
    [true, twice],
    [false, differing],
  ])('by equal tags (continuous: %s)', (isContinuous, message) => {
    const stack = testStack();
    planOf(stack, 'A', new BackupVault(stack, 'V1'), [TAG]);
    planOf(stack, 'B', new BackupVault(stack, 'V2'), [BackupResource.fromTag('backup', 'yes')], isContinuous);
    expect(() => Template.fromStack(stack)).toThrow(message);
  });

  test('and not: other tags, and tags of other stages or Regions', () => {
    const app = testApp();
    for (const id of ['Dev', 'Prod']) {
      const stack = new Stack(new Stage(app, id), 'Stack');
      planOf(stack, 'Plan', new BackupVault(stack, 'Vault'), [TAG]);
    }
    for (const region of ['us-east-1', 'eu-central-1']) {
      const stack = new Stack(app, region, { env: { account: '111122223333', region } });
      planOf(stack, 'Plan', new BackupVault(stack, 'Vault'), [TAG]);
    }
    const stack = new Stack(app, 'Other');
    planOf(stack, 'Plan', new BackupVault(stack, 'Vault'), [BackupResource.fromTag('backup', 'no')]);
    expect(() => app.synth()).not.toThrow();
  });

  test('by finding buckets at run time for one vault', () => {
    const stack = testStack();
    const vault = new BackupVault(stack, 'Vault');
    planOf(stack, 'A', vault, [TAG]);
    planOf(stack, 'B', vault, [BackupResource.fromTag('tier', '1')]);
    expect(() => Template.fromStack(stack)).toThrow(/only one continuous plan of a vault may select by tag/);
  });

  test('and not: periodic and continuous plans of one vault', () => {
    const stack = testStack();
    const vault = new BackupVault(stack, 'Vault');
    planOf(stack, 'A', vault, [byName('photos'), TAG]);
    planOf(stack, 'B', vault, [byName('photos'), TAG], false);
    expect(() => Template.fromStack(stack)).not.toThrow();
  });
});

test('windows beyond five years are refused even when long ones are allowed', () => {
  const rule = (days: number) =>
    BackupPlanRule.continuous({ deleteAfter: Duration.days(days), allowLongRetention: true });
  expect(rule(1_826).props.deleteAfter?.toDays()).toBe(1_826);
  expect(() => rule(1_827)).toThrow(
    '`deleteAfter` must be 1826 days or less for continuous backup, got 1827 days; use a periodic rule to keep recovery points longer',
  );
});
