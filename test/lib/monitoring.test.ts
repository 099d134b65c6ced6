import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as sns from 'aws-cdk-lib/aws-sns';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { METRIC_NAMESPACE, METRIC_UNITS, MetricName } from '../../lambda/contract/metrics';
import { BackupPlan, BackupPlanRule, BackupResource, BackupVault, type BackupVaultProps } from '../../lib';
import { logicalId, resources, testStack } from './support/synth';

const EMITTED: readonly string[] = Object.values(MetricName);

function watchedVault(stack: Stack, props: BackupVaultProps = {}): BackupVault {
  const vault = new BackupVault(stack, 'Vault', { backupVaultName: 'team-vault', ...props });
  const plan = BackupPlan.daily35DayRetention(stack, 'Plan', vault);
  plan.addRule(BackupPlanRule.continuous());
  plan.addSelection('Buckets', { resources: [BackupResource.fromArn('arn:aws:s3:::photos')] });
  return vault;
}
const alarmsOf = (template: Template): Record<string, any>[] =>
  Object.values(resources(template))
    .filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm')
    .map(({ Properties }) => Properties);

describe('alarms', () => {
  const stack = testStack();
  watchedVault(stack);
  const template = Template.fromStack(stack);
  const alarm = (anchor: string): any =>
    alarmsOf(template).find(({ AlarmDescription }) => AlarmDescription.includes(`#${anchor} `))!;
  const queue = (prefix: string): unknown => ({
    'Fn::GetAtt': [logicalId(template, 'AWS::SQS::Queue', prefix), 'QueueName'],
  });
  const ofVault = [{ Name: 'Vault', Value: 'team-vault' }];

  test.each([
    ['capturefailed', 'VaultCaptureDeadLetterQueue', 'ApproximateNumberOfMessagesVisible', 0],
    ['captureslow', 'VaultCaptureQueue', 'ApproximateAgeOfOldestMessage', 15 * 60],
    ['jobsnotstarted', 'VaultStartJobsDeadLetterQueue', 'ApproximateNumberOfMessagesVisible', 0],
  ])('%s looks at the queue %s', (anchor, prefix, name, threshold) => {
    expect(alarm(anchor)).toMatchObject({
      Namespace: 'AWS/SQS',
      MetricName: name,
      Dimensions: [{ Name: 'QueueName', Value: queue(prefix) }],
      Statistic: 'Maximum',
      Period: 300,
      Threshold: threshold,
      ComparisonOperator: 'GreaterThanThreshold',
      EvaluationPeriods: 1,
      TreatMissingData: 'notBreaching',
    });
  });

  test.each([
    ['versionslost', 'VersionsLost', 'Sum', 300],
    ['reconcilegaps', 'ReconcileGaps', 'Sum', 300],
    ['jobsfailed', 'JobsFailed', 'Sum', 300],
    ['jobsexpired', 'JobsExpired', 'Sum', 300],
    ['coveragelost', 'CoverageLost', 'Maximum', 3600],
    ['versionsrefused', 'VersionsRefused', 'Maximum', 3600],
  ])('%s goes off at the first %s of any bucket', (anchor, name, statistic, period) => {
    expect(alarm(anchor)).toMatchObject({
      Namespace: METRIC_NAMESPACE,
      MetricName: name,
      Dimensions: ofVault,
      Statistic: statistic,
      Period: period,
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
      EvaluationPeriods: 1,
      TreatMissingData: 'notBreaching',
    });
  });

  test('changesuncommitted goes off long before changes vanish, and when no job says how old they are', () => {
    expect(alarm('changesuncommitted')).toMatchObject({
      MetricName: 'UncommittedAge',
      Dimensions: ofVault,
      Statistic: 'Maximum',
      Period: 3600,
      Threshold: 24 * 3600,
      EvaluationPeriods: 3,
      TreatMissingData: 'missing',
    });
  });

  test('each says in a sentence what it means, and names a section of the runbook that is there', () => {
    const runbook = readFileSync(join(__dirname, '..', '..', 'docs', 'how-to', 'runbook.md'), 'utf8');
    const sections = [...runbook.matchAll(/^## (\w+)$/gm)].map(([, title]) => title!.toLowerCase());
    const named = alarmsOf(template).map(({ AlarmDescription }) => {
      const [, anchor] =
        /^[A-Z][^.]+\. See docs\/how-to\/runbook\.md#(\w+) of cdk-s3-backup\.$/.exec(AlarmDescription) ?? [];
      return anchor;
    });
    expect(named).toHaveLength(10);
    expect(sections).toEqual(expect.arrayContaining(named));
    expect([...sections].sort()).toEqual([...named].sort());
  });

  test('there are none without continuous backup', () => {
    const periodic = testStack();
    BackupPlan.daily35DayRetention(periodic, 'Plan').addSelection('Buckets', {
      resources: [BackupResource.fromArn('arn:aws:s3:::photos')],
    });
    Template.fromStack(periodic).resourceCountIs('AWS::CloudWatch::Alarm', 0);
  });

  test('there are no more of them for two plans', () => {
    const two = testStack();
    const vault = watchedVault(two);
    const other = new BackupPlan(two, 'Other', { backupVault: vault, backupPlanRules: [BackupPlanRule.continuous()] });
    other.addSelection('Buckets', { resources: [BackupResource.fromArn('arn:aws:s3:::docs')] });
    Template.fromStack(two).resourceCountIs('AWS::CloudWatch::Alarm', 10);
  });

  test('all of them do what they are told, be it before or after they are made', () => {
    const told = testStack();
    const [before, after] = ['Before', 'After'].map((id) => new sns.Topic(told, id));
    const vault = new BackupVault(told, 'Vault');
    vault.addAlarmAction(new SnsAction(before!));
    const plan = new BackupPlan(told, 'Plan', { backupVault: vault, backupPlanRules: [BackupPlanRule.continuous()] });
    plan.addSelection('Buckets', { resources: [BackupResource.fromArn('arn:aws:s3:::photos')] });
    vault.addAlarmAction(new SnsAction(after!));
    expect(vault.alarms).toHaveLength(10);
    const actions = alarmsOf(Template.fromStack(told)).map(({ AlarmActions }) => AlarmActions.length);
    expect(actions).toEqual(Array(10).fill(2));
  });

  test('only that of uncommitted changes tells when data stop coming, and none is on before there are any', () => {
    const told = testStack();
    const vault = watchedVault(told);
    vault.addAlarmAction(new SnsAction(new sns.Topic(told, 'Topic')));
    const alarms = alarmsOf(Template.fromStack(told));
    const telling = alarms.filter(({ InsufficientDataActions }) => InsufficientDataActions !== undefined);
    expect(telling.map(({ MetricName: name }) => name)).toEqual(['UncommittedAge']);
    expect(telling[0]!['InsufficientDataActions']).toEqual(telling[0]!['AlarmActions']);
    expect(alarms.filter(({ TreatMissingData }) => TreatMissingData === 'breaching')).toEqual([]);
  });

  test('those of a vault whose plan is in another stack are in the stack of the vault', () => {
    const vaultStack = testStack({}, 'VaultStack');
    const planStack = new Stack(vaultStack.node.root, 'PlanStack');
    const vault = new BackupVault(vaultStack, 'Vault');
    const plan = new BackupPlan(planStack, 'Plan', {
      backupVault: vault,
      backupPlanRules: [BackupPlanRule.continuous()],
    });
    plan.addSelection('Buckets', { resources: [BackupResource.fromArn('arn:aws:s3:::photos')] });
    Template.fromStack(vaultStack).resourceCountIs('AWS::CloudWatch::Alarm', 10);
    expect(vaultStack.dependencies).toEqual([]);
  });
});

describe('metrics', () => {
  const stack = testStack();
  const vault = new BackupVault(stack, 'Vault', { backupVaultName: 'team-vault' });

  test('each that is emitted has a method, of its own unit and statistic', () => {
    for (const name of EMITTED) {
      const method = (vault as any)[`metric${name}`];
      const metric = method.call(vault);
      expect(metric).toMatchObject({
        namespace: METRIC_NAMESPACE,
        metricName: name,
        dimensions: { Vault: 'team-vault' },
        statistic: name in METRIC_UNITS || name === MetricName.versionsRefused ? 'Maximum' : 'Sum',
      });
      expect(method.call(vault, { statistic: 'Average' }).statistic).toBe('Average');
    }
  });

  test('can be of one bucket', () => {
    expect(vault.metricCaptureLag({ dimensionsMap: { Bucket: 'photos' } }).dimensions).toEqual({
      Vault: 'team-vault',
      Bucket: 'photos',
    });
  });

  test.each([
    [{ bucketMetrics: true }, 'true'],
    [{}, undefined],
  ])('%j tells every function so', (props, expected) => {
    const own = testStack();
    new BackupVault(own, 'Vault', props);
    const functions = Object.values(Template.fromStack(own).findResources('AWS::Lambda::Function'));
    const values = functions.map(({ Properties }) => Properties.Environment.Variables.BUCKET_METRICS);
    expect(new Set(values)).toEqual(new Set([expected]));
  });
});

describe('the dashboard', () => {
  const bodyOf = (template: Template): any => {
    const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'));
    const body = dashboard!['Properties'].DashboardBody;
    const text = typeof body === 'string' ? body : flatten(body);
    return JSON.parse(text);
  };
  const flatten = (value: any): string =>
    typeof value === 'string'
      ? value
      : value['Fn::Join']
        ? value['Fn::Join'][1].map(flatten).join('')
        : (value.Ref ?? value['Fn::GetAtt'].join('.'));
  const metricsOf = (body: any): [string, string, ...string[]][] =>
    body.widgets.flatMap(({ properties }: any) => properties.metrics ?? []);

  test('is made when it is asked for, and once', () => {
    const stack = testStack();
    const vault = watchedVault(stack);
    const { dashboard } = vault;
    expect(vault.dashboard).toBe(dashboard);
    Template.fromStack(stack).resourceCountIs('AWS::CloudWatch::Dashboard', 1);
    const plain = testStack();
    watchedVault(plain);
    Template.fromStack(plain).resourceCountIs('AWS::CloudWatch::Dashboard', 0);
  });

  test('shows every metric that is emitted, and none that is not', () => {
    const stack = testStack();
    const { dashboard } = watchedVault(stack);
    expect(dashboard).toBeDefined();
    const template = Template.fromStack(stack);
    const metrics = metricsOf(bodyOf(template));
    const own = metrics.filter(([namespace]) => namespace === METRIC_NAMESPACE);
    expect(own.map(([, name]) => name).sort()).toEqual([...EMITTED].sort());
    for (const [, , ...dimensions] of own) expect(dimensions.slice(0, 2)).toEqual(['Vault', 'team-vault']);
    const queues = metrics.filter(([namespace]) => namespace !== METRIC_NAMESPACE);
    expect(new Set(queues.map(([namespace, name]) => `${namespace} ${name}`))).toEqual(
      new Set([
        'AWS/SQS ApproximateAgeOfOldestMessage',
        'AWS/SQS ApproximateNumberOfMessagesNotVisible',
        'AWS/SQS ApproximateNumberOfMessagesVisible',
      ]),
    );
  });

  test.each(['before', 'after'])('shows the alarms, if it is made %s them', (when) => {
    const stack = testStack();
    const vault = new BackupVault(stack, 'Vault');
    if (when === 'before') expect(vault.dashboard).toBeDefined();
    const plan = new BackupPlan(stack, 'Plan', { backupVault: vault, backupPlanRules: [BackupPlanRule.continuous()] });
    plan.addSelection('Buckets', { resources: [BackupResource.fromArn('arn:aws:s3:::photos')] });
    expect(vault.dashboard).toBeDefined();
    const shown = bodyOf(Template.fromStack(stack)).widgets.filter(({ type }: any) => type === 'alarm');
    expect(shown).toHaveLength(1);
    expect(shown[0].properties.alarms).toHaveLength(10);
  });

  test('shows a periodic vault, which has no alarms', () => {
    const stack = testStack();
    expect(new BackupVault(stack, 'Vault').dashboard).toBeDefined();
    const types = bodyOf(Template.fromStack(stack)).widgets.map(({ type }: any) => type);
    expect(new Set(types)).toEqual(new Set(['metric']));
  });
});
