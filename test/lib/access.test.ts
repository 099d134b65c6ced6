import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { BackupPlan, BackupPlanRule, BackupResource, BackupVault } from '../../lib';
import {
  allowed,
  flat,
  list,
  protectedBucket,
  resources,
  roleOf,
  type Statement,
  statementsOf,
  testStack,
} from './support/synth';

/** IAM's quota of inline policies of a role, counted without white space. */
const INLINE_POLICY_LIMIT = 10_240;
/** S3's longest bucket name. */
const longName = (index: number): string => `bucket-${String(index).padStart(3, '0')}`.padEnd(63, 'x');
const byName = (name: string): BackupResource => BackupResource.fromArn(`arn:aws:s3:::${name}`);

function vaultOf(select: (stack: Stack) => BackupResource[], stack = testStack()): Template {
  const plan = BackupPlan.daily35DayRetention(stack, 'Plan', new BackupVault(stack, 'Vault'));
  plan.addRule(BackupPlanRule.continuous());
  plan.addSelection('Buckets', { resources: select(stack) });
  return Template.fromStack(stack);
}

/** Characters of all inline policies of a role, with each reference at its longest: an ARN of a bucket, or of a key. */
function inlineSize(template: Template, roleId: string): number {
  return Object.values(resources(template))
    .filter(
      ({ Type, Properties }) => Type === 'AWS::IAM::Policy' && JSON.stringify(Properties['Roles']).includes(roleId),
    )
    .map(
      ({ Properties }) =>
        JSON.stringify(Properties['PolicyDocument'], (_, v: unknown) => (isReference(v) ? longest(v) : v)).length,
    )
    .reduce((sum, size) => sum + size, 0);
}
const isReference = (value: any): boolean =>
  typeof value === 'object' && ['Ref', 'Fn::GetAtt', 'Fn::Join'].some((name) => name in value);
const longest = (value: unknown): string =>
  flat(value)
    .replace(/<AWS::Partition>/g, 'aws-us-gov')
    .replace(/<AWS::Region>/g, 'ap-southeast-1')
    .replace(/<AWS::AccountId>/g, '111122223333')
    .replace(/<AWS::URLSuffix>/g, 'amazonaws.com.cn')
    .replace(/<[^>]*Bucket[^>]*>/g, `arn:aws-us-gov:s3:::${'x'.repeat(63)}`)
    .replace(/<[^>]*>/g, 'x'.repeat(110));

const allRoles = (template: Template): string[] => Object.keys(template.findResources('AWS::IAM::Role'));
const denied = (template: Template, roleId: string): Statement[] =>
  statementsOf(template, roleId).filter(({ Effect }) => Effect === 'Deny');

describe('access to protected buckets', () => {
  test('a bucket of the app, and one by name, are listed', () => {
    const template = vaultOf((stack) => [BackupResource.fromBucket(protectedBucket(stack, 'Data')), byName('named')]);
    const range = roleOf(template, 'BackupRange');
    const data = Object.keys(template.findResources('AWS::S3::Bucket')).find((id) => id.startsWith('Data'))!;
    const read = allowed(template, range, 's3:GetObjectVersionTagging');
    expect(read.sort()).toEqual([`<${data.slice(0, -8)}.Arn>/*`, 'arn:<AWS::Partition>:s3:::named/*'].sort());
    expect(allowed(template, roleOf(template, 'BackupScan'), 's3:ListBucketVersions').sort()).toEqual(
      [`<${data.slice(0, -8)}.Arn>`, 'arn:<AWS::Partition>:s3:::named'].sort(),
    );
  });

  test('is for the own account only', () => {
    const template = vaultOf(() => [byName('named')]);
    const statements = statementsOf(template, roleOf(template, 'BackupRange'));
    const read = statements.find(({ Action }) => list(Action).includes('s3:GetObjectVersionAcl'))!;
    expect(read.Condition).toEqual({ StringEquals: { 'aws:ResourceAccount': { Ref: 'AWS::AccountId' } } });
    const keys = statements.find(({ Condition }) => JSON.stringify(Condition ?? '').includes('kms:ViaService'))!;
    expect(keys.Action).toBe('kms:Decrypt');
  });

  test.each([
    ['more than 20 buckets', () => Array.from({ length: 21 }, (_, i) => byName(longName(i)))],
    ['a bucket of another stack', (stack: Stack) => [otherStacksBucket(stack)]],
    ['an ARN that is a token', (stack: Stack) => [BackupResource.fromArn(otherStacksBucket(stack).bucketArn ?? '')]],
    ['a tag', () => [BackupResource.fromTag('backup', 'yes')]],
  ])('%s: every bucket of the account, but not the own ones', (_, select) => {
    const template = vaultOf(select);
    const range = roleOf(template, 'BackupRange');
    expect(allowed(template, range, 's3:GetObjectVersionTagging')).toEqual(['arn:<AWS::Partition>:s3:::*/*']);
    expect(
      denied(template, range)
        .flatMap(({ Resource }) => Resource)
        .map(flat),
    ).toEqual([
      expect.stringMatching(/^<VaultVaultBucket\w+\.Arn>\/\*$/),
      expect.stringMatching(/^<VaultScratchBucket\w+\.Arn>\/\*$/),
    ]);
    for (const path of ['BackupPrepare', 'BackupScan']) {
      const [deny] = denied(template, roleOf(template, path));
      expect(list(deny!.Action)).toContain('s3:ListBucketVersions');
    }
  });

  test('20 buckets are listed', () => {
    const template = vaultOf(() => Array.from({ length: 20 }, (_, i) => byName(longName(i))));
    expect(allowed(template, roleOf(template, 'BackupRange'), 's3:GetObjectAcl')).toHaveLength(20);
  });

  test('buckets of all plans of a vault count together, and one in two plans once', () => {
    const stack = testStack();
    const vault = new BackupVault(stack, 'Vault');
    for (const id of ['A', 'B']) {
      const plan = BackupPlan.daily35DayRetention(stack, id, vault);
      plan.addSelection('Buckets', { resources: [byName('both'), byName(`only-${id.toLowerCase()}`)] });
    }
    const template = Template.fromStack(stack);
    expect(allowed(template, roleOf(template, 'BackupRange'), 's3:GetObjectAcl')).toHaveLength(3);
  });

  test('Prepare reads the file of them that tells the bucket of a vault, and no other object', () => {
    const template = vaultOf(() => [byName('named')]);
    const prepare = roleOf(template, 'BackupPrepare');
    const read = allowed(template, prepare, 's3:GetObject').filter((arn) => arn.startsWith('arn:'));
    expect(read.filter((arn) => arn.includes('/'))).toEqual(['arn:<AWS::Partition>:s3:::*/vault.json']);
  });

  test('only Prepare changes their settings, those that tell of changes, and only in the own account', () => {
    const template = vaultOf(() => [byName('named')]);
    const prepare = roleOf(template, 'BackupPrepare');
    const actions = ['s3:PutBucketNotification', 's3:PutInventoryConfiguration'];
    for (const action of actions) {
      expect(allRoles(template).filter((id) => allowed(template, id, action).length > 0)).toEqual([prepare]);
      expect(allowed(template, prepare, action)).toEqual(['arn:<AWS::Partition>:s3:::named']);
    }
    const configure = statementsOf(template, prepare).find(
      ({ Effect, Action }) => Effect === 'Allow' && list(Action).includes(actions[0]!),
    )!;
    expect(configure.Action).toEqual(
      expect.arrayContaining(['s3:GetBucketNotification', 's3:GetInventoryConfiguration']),
    );
    expect(configure.Condition).toEqual({ StringEqualsIfExists: { 'aws:ResourceAccount': { Ref: 'AWS::AccountId' } } });
    const own = denied(template, prepare).filter(({ Action }) => list(Action).includes(actions[1]!));
    expect(own.flatMap(({ Resource }) => Resource).map(flat)).toEqual([
      expect.stringMatching(/^<VaultVaultBucket\w+\.Arn>$/),
      expect.stringMatching(/^<VaultScratchBucket\w+\.Arn>$/),
    ]);
  });

  test('a vault without plans has none', () => {
    const stack = testStack();
    new BackupVault(stack, 'Vault');
    const template = Template.fromStack(stack);
    expect(allowed(template, roleOf(template, 'BackupScan'), 's3:ListBucketVersions')).toEqual([]);
  });
});

describe.each([
  [
    '20 listed buckets with the longest names',
    (_: Stack) => Array.from({ length: 20 }, (__, i) => byName(longName(i))),
  ],
  [
    '20 buckets of the app',
    (stack: Stack) =>
      Array.from({ length: 20 }, (_, i) => BackupResource.fromBucket(protectedBucket(stack, `Bucket${i}`))),
  ],
  ['500 buckets', (_: Stack) => Array.from({ length: 500 }, (__, i) => byName(longName(i)))],
])('with %s', (_, select) => {
  const template = vaultOf(select);

  test('every role is under the limit of inline policies', () => {
    const sizes = allRoles(template).map((id) => [id, inlineSize(template, id)] as const);
    expect(sizes.filter(([, size]) => size > INLINE_POLICY_LIMIT)).toEqual([]);
    expect(Math.max(...sizes.map(([, size]) => size))).toBeGreaterThan(2_000);
  });

  test('nothing has spilled over into managed policies', () => {
    template.resourceCountIs('AWS::IAM::ManagedPolicy', 0);
  });
});

describe('what no role can do', () => {
  const template = vaultOf(() => [byName('named')]);
  const statements = allRoles(template).flatMap((id) => statementsOf(template, id));
  const granted = statements.filter(({ Effect }) => Effect === 'Allow').flatMap(({ Action }) => list(Action));

  test.each([
    's3:DeleteObjectVersion',
    's3:BypassGovernanceRetention',
    's3:PutLifecycleConfiguration',
    's3:PutBucketPolicy',
    's3:DeleteBucket',
    's3:PutBucketAcl',
    'iam:PassRole',
  ])('%s', (action) => {
    expect(granted).not.toContain(action);
  });

  test('actions with wildcards', () => {
    expect(granted.filter((action) => action.includes('*'))).toEqual([]);
  });

  test('ARNs of one partition', () => {
    expect(JSON.stringify(statements)).not.toMatch(/arn:aws[a-z-]*:/);
  });
});

describe('capabilities', () => {
  const template = vaultOf(() => [byName('named')]);
  const write = (path: string): string[] => allowed(template, roleOf(template, path), 's3:PutObject').sort();
  const vault = (part: string): string => `<VaultVaultBucket.Arn>/${part}`;
  const scratch = (part: string): string => `<VaultScratchBucket.Arn>/${part}`;
  const anywhere = 'arn:<AWS::Partition>:s3:::*/*';

  test.each([
    ['BackupPrepare', [scratch('jobs/*'), vault('vault.json')]],
    ['BackupScan', [scratch('jobs/*')]],
    ['BackupPartition', [scratch('jobs/*')]],
    [
      'BackupRange',
      [scratch('jobs/*'), ...['buckets/*/reports/*', 'buckets/*/segments/*', 'objects/*', 'packs/*'].map(vault)],
    ],
    ['BackupCommit', [vault('buckets/*/index/*'), vault('buckets/*/reports/*'), vault('buckets/*/timeline/*')]],
    ['BackupFailed', []],
    ['RestorePlan', [scratch('jobs/*')]],
    ['RestorePlanRange', [scratch('jobs/*'), scratch('reports/*')]],
    ['RestoreAssess', [scratch('jobs/*'), scratch('reports/*')]],
    ['RestoreRange', [scratch('jobs/*'), scratch('reports/*'), anywhere]],
    ['RestoreFinish', [scratch('reports/*')]],
    ['RestoreFailed', []],
    ['StartJobsHandler', []],
    ['JobEndedHandler', []],
    ['CaptureHandler', ['<VaultVaultBucket.Arn>/objects/*', '<VaultVaultBucket.Arn>/packs/*']],
  ])('%s writes to %j and nothing else', (path, expected) => {
    expect(write(path)).toEqual([...expected].sort());
  });

  test('only Prepare and Scan read inventory reports', () => {
    const reports = scratch('inventory/*');
    const readers = allRoles(template).filter((id) => allowed(template, id, 's3:GetObject').includes(reports));
    const expected = [roleOf(template, 'BackupPrepare'), roleOf(template, 'BackupScan')];
    expect(readers.filter((id) => !id.includes('StateMachine')).sort()).toEqual(expected.sort());
    for (const role of expected) {
      expect(allowed(template, role, 's3:ListBucket')).toContain('<VaultScratchBucket.Arn>');
      expect(allowed(template, role, 'kms:Decrypt')).toContain('<VaultKey.Arn>');
    }
  });

  test('only the restore of a range deletes, and only outside of the own buckets', () => {
    const roles = allRoles(template).filter((id) => allowed(template, id, 's3:DeleteObject').length > 0);
    const range = roleOf(template, 'RestoreRange');
    expect(roles).toEqual([range]);
    const deny = denied(template, range);
    expect(
      deny.filter(({ Action }) => list(Action).includes('s3:DeleteObject')).flatMap(({ Resource }) => Resource),
    ).toHaveLength(2);
    const put = deny.filter(({ Action }) => list(Action).includes('s3:PutObject'));
    expect(put.flatMap(({ Resource }) => Resource).map(flat)).toEqual([
      expect.stringMatching(/^<VaultVaultBucket\w+\.Arn>\/\*$/),
    ]);
  });

  test('the plan of an undo reads what versions of the bucket have', () => {
    const role = roleOf(template, 'RestorePlanRange');
    for (const part of ['', 'Acl', 'Tagging'])
      expect(allowed(template, role, `s3:GetObjectVersion${part}`)).toContain(anywhere);
  });

  test('only the assessment of a restore creates buckets, and it cannot change the own ones', () => {
    const roles = allRoles(template).filter((id) => allowed(template, id, 's3:CreateBucket').length > 0);
    expect(roles).toEqual([roleOf(template, 'RestoreAssess')]);
    const [deny] = denied(template, roles[0]!);
    expect(list(deny!.Action)).toEqual(
      expect.arrayContaining(['s3:PutBucketVersioning', 's3:PutBucketPublicAccessBlock']),
    );
    expect(deny!.Resource).toHaveLength(2);
  });

  test('only Prepare and who ends records see executions, and only the start of jobs starts them', () => {
    const having = (action: string): string[] =>
      allRoles(template).filter((id) => allowed(template, id, action).length > 0);
    expect(having('states:StartExecution').filter((id) => !id.includes('StateMachine'))).toEqual([
      roleOf(template, 'StartJobsHandler'),
    ]);
    expect(allowed(template, roleOf(template, 'BackupPrepare'), 'states:DescribeExecution')).toHaveLength(2);
    expect(allowed(template, roleOf(template, 'JobEndedHandler'), 'states:DescribeExecution')).toHaveLength(3);
  });

  test('who ends records reads and writes the catalog, and no bucket', () => {
    const actions = statementsOf(template, roleOf(template, 'JobEndedHandler')).flatMap(({ Action }) => list(Action));
    expect(actions.filter((action) => action.startsWith('s3:'))).toEqual([]);
    expect(actions).toEqual(expect.arrayContaining(['dynamodb:PutItem', 'events:PutEvents', 'sqs:SendMessage']));
  });

  test('state machines can use the key of the bucket that their maps read and write', () => {
    for (const name of ['VaultBackupStateMachineRole', 'VaultRestoreStateMachineRole']) {
      const role = allRoles(template).find((id) => id.startsWith(name))!;
      expect(allowed(template, role, 'kms:GenerateDataKey')).toEqual(['<VaultKey.Arn>']);
      expect(allowed(template, role, 'kms:Decrypt')).toEqual(['<VaultKey.Arn>']);
      expect(allowed(template, role, 's3:GetObject').length).toBeGreaterThan(0);
      expect(allowed(template, role, 's3:PutObject').length).toBeGreaterThan(0);
    }
  });
});

function otherStacksBucket(stack: Stack): BackupResource {
  const other = new Stack(stack.node.root, 'Other');
  return BackupResource.fromBucket(protectedBucket(other, 'Data'));
}
