import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { S3BackupPolicy, S3RestorePolicy } from '../../lib';
import { flat, list, testApp, testStack } from './support/synth';

/** A policy document with lists where AWS takes a list or a text, in order but for sets. */
function normal(document: any): unknown {
  return document.Statement.map(({ Action, Resource, ...rest }: any) => ({
    ...rest,
    Action: [...list(Action)].sort(),
    Resource: [...list(Resource)].sort(),
  }));
}
const fixture = (name: string): any =>
  JSON.parse(readFileSync(join(__dirname, '..', 'fixtures', `${name}.json`), 'utf8'));

describe.each([
  ['s3-backup-policy', S3BackupPolicy],
  ['s3-restore-policy', S3RestorePolicy],
] as const)('%s', (name, Policy) => {
  const attach = (props: { documented?: boolean; buckets?: s3.IBucket[] }, app: App = testApp()): any => {
    const stack = new Stack(app, 'Test');
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.AccountRootPrincipal() });
    new Policy(stack, 'Policy', { roles: [role], ...props });
    const [policy] = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
    return policy!['Properties'];
  };

  test('documentedPolicy() is the text of the documentation', () => {
    const document = testStack().resolve(Policy.documentedPolicy()) as unknown;
    expect(normal(document)).toEqual(normal(fixture(name)));
  });

  test.each([true, false])('documented: true attaches it inline as it is (minimizePolicies: %s)', (minimize) => {
    const app = testApp({ '@aws-cdk/aws-iam:minimizePolicies': minimize });
    const properties = attach({ documented: true }, app);
    expect(properties.PolicyName).toBe(name);
    expect(properties.Roles).toHaveLength(1);
    expect(normal(properties.PolicyDocument)).toEqual(normal(fixture(name)));
  });

  test('is scoped to the account and any partition otherwise', () => {
    const properties = attach({});
    expect(properties.PolicyName).toBe(name);
    const statements = properties.PolicyDocument.Statement as any[];
    expect(JSON.stringify(statements)).not.toContain('arn:aws:');
    const [bucket, object, key] = statements;
    expect(flat(bucket.Resource)).toBe('arn:<AWS::Partition>:s3:::*');
    expect(flat(object.Resource)).toBe('arn:<AWS::Partition>:s3:::*/*');
    for (const statement of [bucket, object]) {
      expect(statement.Condition).toEqual({ StringEquals: { 'aws:ResourceAccount': { Ref: 'AWS::AccountId' } } });
    }
    expect(flat(key.Condition.StringEquals['kms:ViaService'])).toBe('s3.<AWS::Region>.<AWS::URLSuffix>');
    expect(statements).toHaveLength(3);
  });

  test('can be scoped to buckets', () => {
    const stack = testStack();
    const bucket = s3.Bucket.fromBucketName(stack, 'B', 'my-bucket');
    const [first, second] = attach({ buckets: [bucket] }).PolicyDocument.Statement;
    expect(flat(first.Resource)).toBe('arn:<AWS::Partition>:s3:::my-bucket');
    expect(flat(second.Resource)).toBe('arn:<AWS::Partition>:s3:::my-bucket/*');
  });

  test('refuses contradictions', () => {
    const bucket = s3.Bucket.fromBucketName(testStack(), 'B', 'my-bucket');
    expect(() => attach({ documented: true, buckets: [bucket] })).toThrow(
      '`buckets` must be omitted with `documented: true`',
    );
    expect(() => attach({ buckets: [] })).toThrow('`buckets` must have at least one bucket, got none');
  });
});
