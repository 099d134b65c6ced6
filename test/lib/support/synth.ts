import { App, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BackupVault, type BackupVaultProps } from '../../../lib';

/** Bundles are not copied into the assembly: these tests read templates only. */
const NO_STAGING = { 'aws:cdk:disable-asset-staging': true };

/** The CDK's own checks of templates are errors. */
const CHECKED = { '@aws-cdk/core:validateAgainstDefaultRules': true };

const assemblies = mkdtempSync(join(tmpdir(), 'cdk-s3-backup-'));
afterAll(() => rmSync(assemblies, { recursive: true, force: true }));

export function testApp(context: Record<string, unknown> = {}): App {
  return new App({ outdir: mkdtempSync(join(assemblies, 'out-')), context: { ...NO_STAGING, ...CHECKED, ...context } });
}

export function testStack(props: StackProps = {}, id = 'Test'): Stack {
  return new Stack(testApp(), id, props);
}

/** A bucket as backups want it: versioned, and with noncurrent versions that expire. */
export function protectedBucket(scope: Stack, id: string, props: s3.BucketProps = {}): s3.Bucket {
  return new s3.Bucket(scope, id, {
    versioned: true,
    lifecycleRules: [{ noncurrentVersionExpiration: Duration.days(30) }],
    ...props,
  });
}

export function vaultTemplate(props: BackupVaultProps = {}): Template {
  const stack = testStack();
  new BackupVault(stack, 'Vault', props);
  return Template.fromStack(stack);
}

export interface Statement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: Record<string, Record<string, unknown>>;
}
interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, any>;
}

export const resources = (template: Template): Record<string, Resource> =>
  template.toJSON().Resources as Record<string, Resource>;

/** Logical ID of the only resource of a type whose ID begins so. */
export function logicalId(template: Template, type: string, prefix: string): string {
  const ids = Object.entries(resources(template))
    .filter(([id, resource]) => resource.Type === type && id.startsWith(prefix))
    .map(([id]) => id);
  expect(ids).toHaveLength(1);
  return ids[0]!;
}

/** All statements that the inline policies of a role hold. */
export function statementsOf(template: Template, roleId: string): Statement[] {
  return Object.values(resources(template))
    .filter(({ Type, Properties }) => Type === 'AWS::IAM::Policy' && refersTo(Properties['Roles'], roleId))
    .flatMap(({ Properties }) => Properties['PolicyDocument'].Statement as Statement[]);
}

const refersTo = (roles: { Ref?: string }[], roleId: string): boolean => roles.some(({ Ref }) => Ref === roleId);

export const list = (value: string | string[]): string[] => (Array.isArray(value) ? value : [value]);

/** An ARN or name of a template as one text: `<VaultBucket.Arn>/packs/*`. */
export function flat(value: unknown): string {
  if (typeof value === 'string') return value;
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value as Record<string, any>;
  if (join) return (join[1] as unknown[]).map(flat).join(join[0] as string);
  return attribute ? `<${(attribute as string[]).join('.')}>` : `<${Ref as string}>`;
}

/** Resources that a role may use an action on, without the hashes of logical IDs. */
export function allowed(template: Template, roleId: string, action: string): string[] {
  return statementsOf(template, roleId)
    .filter((statement) => statement.Effect === 'Allow' && list(statement.Action).includes(action))
    .flatMap(({ Resource }) => (Array.isArray(Resource) ? Resource : [Resource]) as unknown[])
    .map((resource) => flat(resource).replace(/[0-9A-F]{8}(?=[.>])/g, ''));
}

/** Role of a runtime function, by the construct path below the vault, such as `BackupRange`. */
export const roleOf = (template: Template, path: string): string =>
  logicalId(template, 'AWS::IAM::Role', `Vault${path}Role`);
