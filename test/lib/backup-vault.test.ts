import { CfnParameter, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import { BackupVault } from '../../lib';
import { logicalId, resources, roleOf, statementsOf, testApp, testStack, vaultTemplate } from './support/synth';

describe('the vault', () => {
  const template = vaultTemplate();
  const vaultBucket = logicalId(template, 'AWS::S3::Bucket', 'VaultVaultBucket');
  const scratchBucket = logicalId(template, 'AWS::S3::Bucket', 'VaultScratchBucket');
  const key = logicalId(template, 'AWS::KMS::Key', 'VaultKey');

  test.each([vaultBucket, scratchBucket])('%s is encrypted with the own key, private, and without ACLs', (id) => {
    expect(resources(template)[id]!.Properties).toMatchObject({
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          {
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: { 'Fn::GetAtt': [key, 'Arn'] } },
          },
        ],
      },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
    });
  });

  test.each([vaultBucket, scratchBucket])('%s refuses requests without TLS 1.2', (id) => {
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      Bucket: { Ref: id },
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
          Match.objectLike({
            Effect: 'Deny',
            Action: 's3:*',
            Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } },
          }),
        ]),
      },
    });
  });

  test('keeps versions in the vault bucket and expires nothing there but unfinished uploads', () => {
    const { Properties } = resources(template)[vaultBucket]!;
    expect(Properties['VersioningConfiguration']).toEqual({ Status: 'Enabled' });
    expect(Properties['LifecycleConfiguration'].Rules).toEqual([
      { Id: 'AbortUploads', Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } },
    ]);
  });

  test('expires work files and inventories after 14 days, and reports of restores after a year', () => {
    expect(resources(template)[scratchBucket]!.Properties['LifecycleConfiguration'].Rules).toEqual([
      { Id: 'AbortUploads', Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } },
      { Id: 'Expire-jobs', Status: 'Enabled', Prefix: 'jobs/', ExpirationInDays: 14 },
      { Id: 'Expire-map-results', Status: 'Enabled', Prefix: 'map-results/', ExpirationInDays: 14 },
      { Id: 'Expire-inventory', Status: 'Enabled', Prefix: 'inventory/', ExpirationInDays: 14 },
      { Id: 'Expire-reports', Status: 'Enabled', Prefix: 'reports/', ExpirationInDays: 365 },
    ]);
  });

  describe('lets S3 Inventory', () => {
    const fromAccount = { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } };
    const fromBuckets = {
      ArnLike: { 'aws:SourceArn': { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3:::*']] } },
    };

    test('deliver reports of this account under one prefix, and do nothing else', () => {
      const policies = Object.values(resources(template)).filter(({ Type }) => Type === 'AWS::S3::BucketPolicy');
      const byS3 = policies.flatMap(({ Properties }) =>
        Properties['PolicyDocument'].Statement.filter((s: any) => s.Principal.Service === 's3.amazonaws.com'),
      );
      expect(byS3).toEqual([
        {
          Sid: 'InventoryReports',
          Effect: 'Allow',
          Principal: { Service: 's3.amazonaws.com' },
          Action: 's3:PutObject',
          Resource: { 'Fn::Join': ['', [{ 'Fn::GetAtt': [scratchBucket, 'Arn'] }, '/inventory/*']] },
          Condition: {
            StringEquals: { ...fromAccount.StringEquals, 's3:x-amz-acl': 'bucket-owner-full-control' },
            ...fromBuckets,
          },
        },
      ]);
    });

    test('encrypt them with the key', () => {
      const { Statement } = resources(template)[key]!.Properties['KeyPolicy'];
      expect(Statement.filter((s: any) => s.Principal.Service === 's3.amazonaws.com')).toEqual([
        {
          Sid: 'InventoryReports',
          Effect: 'Allow',
          Principal: { Service: 's3.amazonaws.com' },
          Action: 'kms:GenerateDataKey*',
          Resource: '*',
          Condition: { ...fromAccount, ...fromBuckets },
        },
      ]);
    });
  });

  test('rotates its key', () => {
    template.hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true });
  });

  test('has a catalog table that can be restored itself', () => {
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'byTime',
          KeySchema: [
            { AttributeName: 'kind', KeyType: 'HASH' },
            { AttributeName: 'time', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
      BillingMode: 'PAY_PER_REQUEST',
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: { 'Fn::GetAtt': [key, 'Arn'] } },
    });
  });

  test('keeps everything of value when it is removed from the stack', () => {
    for (const type of ['AWS::S3::Bucket', 'AWS::DynamoDB::Table', 'AWS::KMS::Key']) {
      template.allResources(type, { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    }
  });

  test('tells tools where it is', () => {
    template.hasResourceProperties('AWS::SSM::Parameter', {
      Name: { 'Fn::Join': ['', ['/cdk-s3-backup/', { Ref: vaultBucket }]] },
    });
    const parameter = resources(template)[logicalId(template, 'AWS::SSM::Parameter', 'VaultParameter')]!;
    const text = JSON.stringify(parameter.Properties['Value']);
    for (const name of [
      'formatVersion',
      'vaultBucket',
      'scratchBucket',
      'catalogTable',
      'backupStateMachineArn',
      'restoreStateMachineArn',
      'upkeepStateMachineArn',
      'changeLogTable',
    ]) {
      expect(text).toContain(`\\"${name}\\":`);
    }
  });

  test('denies its own roles to destroy anything in the vault bucket', () => {
    const policy = Object.values(resources(template)).find(
      ({ Type, Properties }) => Type === 'AWS::S3::BucketPolicy' && Properties['Bucket'].Ref === vaultBucket,
    )!;
    const deny = policy.Properties['PolicyDocument'].Statement.find((s: any) => s.Sid === 'RuntimeNeverDestroys');
    expect(deny).toMatchObject({ Effect: 'Deny', Principal: { AWS: '*' } });
    expect(deny.Action).toEqual(
      expect.arrayContaining([
        's3:DeleteObjectVersion',
        's3:BypassGovernanceRetention',
        's3:PutLifecycleConfiguration',
      ]),
    );
    const denied: string[] = deny.Condition.ArnEquals['aws:PrincipalArn'].map((arn: any) => arn['Fn::GetAtt'][0]);
    const own = Object.entries(resources(template)).filter(([, { Type }]) => Type === 'AWS::IAM::Role');
    expect(denied.sort()).toEqual(own.map(([id]) => id).sort());
  });
});

const CAPTURE_DESCRIPTION = 'Stores new versions, reads changed tags and ACLs, and records them in the change log';

describe('its functions', () => {
  const template = vaultTemplate({ backupVaultName: 'team-vault', logRetention: logs.RetentionDays.ONE_WEEK });

  test('run on arm64 with 15 minutes, the capture of changes with two, and have names and places in their environment', () => {
    const functions = Object.values(resources(template)).filter(({ Type }) => Type === 'AWS::Lambda::Function');
    expect(functions).toHaveLength(15);
    for (const { Properties } of functions) {
      expect(Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Timeout: Properties['Description'] === CAPTURE_DESCRIPTION ? 120 : 900,
        Handler: 'index.handler',
      });
      expect(Properties['Environment'].Variables).toMatchObject({
        VAULT_NAME: 'team-vault',
        VAULT_ARN: expect.anything(),
        ACCOUNT_ID: { Ref: 'AWS::AccountId' },
      });
    }
  });

  test('keep their logs as long as they are asked to', () => {
    template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 7 });
  });

  test('have roles without managed policies', () => {
    const roles = Object.values(resources(template)).filter(({ Type }) => Type === 'AWS::IAM::Role');
    expect(roles.filter(({ Properties }) => Properties['ManagedPolicyArns'])).toEqual([]);
    template.resourceCountIs('AWS::IAM::ManagedPolicy', 0);
  });
});

describe('props', () => {
  test('a key of the user is used for everything', () => {
    const stack = testStack();
    const key = kms.Key.fromKeyArn(
      stack,
      'Key',
      'arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555',
    );
    new BackupVault(stack, 'Vault', { encryptionKey: key });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::KMS::Key', 0);
    const range = statementsOf(template, roleOf(template, 'BackupRange'));
    const use = range.find(({ Action }) => JSON.stringify(Action).includes('kms:GenerateDataKey'));
    expect(use).toMatchObject({
      Resource: 'arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555',
    });
  });

  test('a key of the user that is made in this app lets S3 encrypt inventory reports', () => {
    const stack = testStack();
    new BackupVault(stack, 'Vault', { encryptionKey: new kms.Key(stack, 'Key') });
    const [key] = Object.values(Template.fromStack(stack).findResources('AWS::KMS::Key'));
    const sids = key!['Properties'].KeyPolicy.Statement.map(({ Sid }: any) => Sid);
    expect(sids).toContain('InventoryReports');
  });

  test('removalPolicy DESTROY lets go of buckets, table and key', () => {
    const template = vaultTemplate({ removalPolicy: RemovalPolicy.DESTROY });
    for (const type of ['AWS::S3::Bucket', 'AWS::DynamoDB::Table', 'AWS::KMS::Key']) {
      template.allResources(type, { DeletionPolicy: 'Delete' });
    }
  });

  test('packThreshold reaches the workers in bytes, 1 MiB unless told otherwise', () => {
    const threshold = (template: Template): unknown =>
      resources(template)[logicalId(template, 'AWS::Lambda::Function', 'VaultBackupRange')]!.Properties['Environment']
        .Variables.PACK_THRESHOLD;
    expect(threshold(vaultTemplate())).toBe('1048576');
    expect(threshold(vaultTemplate({ packThreshold: Size.mebibytes(8) }))).toBe('8388608');
  });

  test.each([
    [{ packThreshold: Size.bytes(8 * 1024 ** 2 + 1) }, /`packThreshold` must be from 0 to 8388608 bytes, got 8388609/],
    [{ maxConcurrency: 0 }, /`maxConcurrency` must be a whole number from 1 to 10000, got 0/],
    [{ maxConcurrency: 10_001 }, /got 10001/],
    [{ maxConcurrency: 1.5 }, /got 1.5/],
    [{ backupVaultName: 'my vault' }, /`backupVaultName` must be 2 to 50 letters, digits, - and _, got "my vault"/],
  ])('%j is refused', (props, message) => {
    expect(() => vaultTemplate(props)).toThrow(message);
  });

  test('tokens pass', () => {
    const stack = testStack();
    new BackupVault(stack, 'Vault', { backupVaultName: new CfnParameter(stack, 'Name').valueAsString });
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ VAULT_NAME: { Ref: 'Name' } }) },
    });
  });
});

describe('grants', () => {
  test.each([
    ['grantBackup', ['VaultBackupStateMachine', 'VaultUpkeepStateMachine']],
    ['grantRestore', ['VaultRestoreStateMachine']],
  ] as const)('%s allows to start and follow jobs of %j only', (grant, machines) => {
    const stack = testStack();
    const role = new iam.Role(stack, 'User', { assumedBy: new iam.AccountRootPrincipal() });
    new BackupVault(stack, 'Vault')[grant](role);
    const template = Template.fromStack(stack);
    const statements = statementsOf(template, logicalId(template, 'AWS::IAM::Role', 'User'));
    const start = statements.filter(({ Action }) => JSON.stringify(Action).includes('states:StartExecution'));
    expect(start.flatMap(({ Resource }) => Resource)).toEqual(
      machines.map((machine) => ({ Ref: expect.stringContaining(machine) })),
    );
    const actions = statements.flatMap(({ Action }) => Action);
    expect(actions).toEqual(expect.arrayContaining(['states:DescribeExecution', 'ssm:GetParameter']));
    expect(actions.filter((action) => /^(s3|dynamodb|kms):/.test(action))).toEqual([]);
  });
});

test('grantRead allows to look at the catalog, and neither to start anything nor to read what was backed up', () => {
  const stack = testStack();
  const role = new iam.Role(stack, 'User', { assumedBy: new iam.AccountRootPrincipal() });
  new BackupVault(stack, 'Vault').grantRead(role);
  const template = Template.fromStack(stack);
  const actions = statementsOf(template, logicalId(template, 'AWS::IAM::Role', 'User')).flatMap(({ Action }) => Action);
  expect(actions).toEqual(expect.arrayContaining(['dynamodb:Query', 'ssm:GetParameter']));
  expect(actions.filter((action) => /^(s3|states):|dynamodb:(Put|Update|Delete|Batch\w*Write)/.test(action))).toEqual(
    [],
  );
});

test('the template does not depend on feature flags of the app', () => {
  const template = (context: Record<string, unknown>): unknown => {
    const stack = new Stack(testApp(context), 'Test');
    new BackupVault(stack, 'Vault');
    return Template.fromStack(stack).toJSON();
  };
  expect(
    template({
      '@aws-cdk/aws-iam:minimizePolicies': false,
      '@aws-cdk/aws-stepfunctions:useDistributedMapResultWriterV2': false,
    }),
  ).toEqual(template({}));
});
