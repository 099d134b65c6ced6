import type { App, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { BackupPlan, BackupPlanRule, BackupResource, BackupVault, S3BackupPolicy, S3RestorePolicy } from '../../lib';
import { testStack } from './support/synth';

/** Rules that a stack breaks; the aspects that write policies have run by then, as they have in an app. */
function brokenRules(stack: Stack): string[] {
  const app = stack.node.root as App;
  app.synth();
  return new AwsSolutionsChecks(app).validateScope(app).violations.map(({ ruleName }) => ruleName);
}

test('a vault for more buckets than a policy can list has a reason for its wildcards', () => {
  const stack = testStack();
  const plan = BackupPlan.daily35DayRetention(stack, 'Plan', new BackupVault(stack, 'Vault'));
  const resources = Array.from({ length: 30 }, (_, i) => BackupResource.fromArn(`arn:aws:s3:::bucket-${i}`));
  plan.addSelection('Buckets', { resources });
  expect(brokenRules(stack)).toEqual([]);
});

test('a vault with continuous backup, with a dashboard, of buckets that are named and of ones that are found', () => {
  const stack = testStack();
  const vault = new BackupVault(stack, 'Vault', { bucketMetrics: true });
  const plan = BackupPlan.daily35DayRetention(stack, 'Plan', vault);
  plan.addRule(BackupPlanRule.continuous());
  plan.addSelection('Buckets', {
    resources: [BackupResource.fromArn('arn:aws:s3:::photos'), BackupResource.fromTag('backup', 'yes')],
  });
  expect(vault.dashboard).toBeDefined();
  expect(brokenRules(stack)).toEqual([]);
});

test.each([{ documented: true }, {}, { name: 'my-bucket' }])(
  'the policies for roles of users %j have one too',
  (props) => {
    const stack = testStack();
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.AccountRootPrincipal() });
    const buckets = 'name' in props ? [s3.Bucket.fromBucketName(stack, 'Bucket', props.name!)] : undefined;
    const documented = 'documented' in props;
    new S3BackupPolicy(stack, 'Backup', { roles: [role], documented, buckets });
    new S3RestorePolicy(stack, 'Restore', { roles: [role], documented, buckets });
    expect(brokenRules(stack)).toEqual([]);
  },
);

test('a wildcard of the user is still found', () => {
  const stack = testStack();
  const vault = new BackupVault(stack, 'Vault');
  vault.vaultBucket.grantReadWrite(new iam.Role(stack, 'Role', { assumedBy: new iam.AccountRootPrincipal() }));
  expect(brokenRules(stack).some((rule) => rule.startsWith('AwsSolutions-IAM5'))).toBe(true);
});
