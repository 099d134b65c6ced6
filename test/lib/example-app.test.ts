import { Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ExampleStack, exampleApp } from '../../bin/example-app';

const folder = mkdtempSync(join(tmpdir(), 'cdk-s3-backup-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const app = (context: Record<string, unknown> = {}, outdir = mkdtempSync(join(folder, 'out-'))) =>
  exampleApp({ outdir, context: { 'aws:cdk:disable-asset-staging': true, ...context } });
const templateOf = (context: Record<string, unknown> = {}): Template =>
  Template.fromStack(app(context).node.findChild('S3BackupExample') as ExampleStack);

/**
 * The construct paths of these are a promise: an ID that changes makes CloudFormation replace a bucket, a table or a key,
 * with the backups in it.
 */
test('logical IDs of all that keeps state are what they were', () => {
  const stateful = [
    'AWS::S3::Bucket',
    'AWS::DynamoDB::Table',
    'AWS::KMS::Key',
    'AWS::SSM::Parameter',
    'AWS::SQS::Queue',
  ];
  const template = templateOf();
  const ids = stateful.flatMap((type) => Object.keys(template.findResources(type)));
  expect(ids.sort()).toEqual([
    'Source71E471F1',
    'VaultCaptureDeadLetterQueue10518696',
    'VaultCaptureQueue523BC561',
    'VaultCatalogTableA1A0F186',
    'VaultChangeLogTableBF0897F8',
    'VaultJobEndedDeadLetterQueue6D35D470',
    'VaultKeyCB88EF1A',
    'VaultParameterCA1B9429',
    'VaultScratchBucket57DFEB44',
    'VaultStartJobsDeadLetterQueue9BA5957B',
    'VaultVaultBucketF1972012',
  ]);
});

test('logical IDs of the workflows, which running executions belong to, are what they were', () => {
  expect(Object.keys(templateOf().findResources('AWS::StepFunctions::StateMachine')).sort()).toEqual([
    'VaultBackupStateMachineB2184F93',
    'VaultRestoreStateMachine7515B19A',
    'VaultUpkeepStateMachineBAC062A9',
  ]);
});

test('outputs are those that scripts rely on', () => {
  expect(Object.keys(templateOf().findOutputs('*')).sort()).toEqual([
    'BackupStateMachineArn',
    'CaptureDeadLetterQueueUrl',
    'CaptureQueueUrl',
    'CatalogTableName',
    'ChangeLogTableName',
    'RestoreStateMachineArn',
    'ScratchBucketName',
    'SourceBucketName',
    'UpkeepStateMachineArn',
    'VaultBucketName',
  ]);
});

test('synthesized twice, it is the same', () => {
  const read = (): Record<string, string> => {
    const outdir = mkdtempSync(join(folder, 'twice-'));
    app({}, outdir).synth();
    return Object.fromEntries(
      readdirSync(outdir)
        .filter((name) => name.endsWith('.json'))
        .map((name) => [name, readFileSync(join(outdir, name), 'utf8').replaceAll(outdir, '')]),
    );
  };
  // From one line: the assembly has the stack trace of each construct.
  const [first, second] = [1, 2].map(read);
  expect(Object.keys(first!)).toContain('S3BackupExample.template.json');
  expect(second).toEqual(first);
});

test('breaks no AWS Solutions rule of cdk-nag without a reason', () => {
  const example = app();
  example.synth(); // what plans select is written into policies then
  const report = new AwsSolutionsChecks(example).validateScope(example);
  expect(
    report.violations.map(({ ruleName, violatingResources }) => [ruleName, violatingResources[0]!.constructPath]),
  ).toEqual([]);
});

test('every reason that excuses a rule says something', () => {
  const reasons = app()
    .node.findAll()
    .flatMap(({ node }) => node.metadata)
    .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
    .flatMap(({ data }) => Object.values(data as Record<string, string>));
  expect(reasons.length).toBeGreaterThan(10);
  expect(reasons.filter((reason) => reason.length < 25)).toEqual([]);
});

describe('context', () => {
  test('sourceBucket names the bucket that the stack makes', () => {
    templateOf({ sourceBucket: 'my-data' }).hasResourceProperties('AWS::S3::Bucket', { BucketName: 'my-data' });
  });

  test('importSource protects a bucket that exists', () => {
    const template = templateOf({ sourceBucket: 'my-data', importSource: 'true' });
    template.resourceCountIs('AWS::S3::Bucket', 2);
    expect(template.findOutputs('SourceBucketName')['SourceBucketName']!['Value']).toBe('my-data');
    expect(() => templateOf({ importSource: 'true' })).toThrow('add -c sourceBucket=…');
  });

  test('stackName names the stack', () => {
    expect((app({ stackName: 'Other' }).node.findChild('S3BackupExample') as ExampleStack).stackName).toBe('Other');
    expect((app().node.findChild('S3BackupExample') as ExampleStack).stackName).toBe('S3BackupExample');
  });

  test('environment reaches every function', () => {
    const template = templateOf({ environment: '{"RANGE_WEIGHT":"5"}' });
    const functions = Object.values(template.findResources('AWS::Lambda::Function'));
    expect(functions.map(({ Properties }) => Properties.Environment.Variables.RANGE_WEIGHT)).toEqual(
      Array(15).fill('5'),
    );
  });
});
