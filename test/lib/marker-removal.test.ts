import validate from 'asl-validator';
import type { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { BackupPlan, BackupResource, BackupVault, type BackupVaultProps } from '../../lib';
import { allStates, definitionOf } from './support/definition';
import { flat, list, logicalId, resources, roleOf, statementsOf, testStack } from './support/synth';

const byName = (name: string): BackupResource => BackupResource.fromArn(`arn:aws:s3:::${name}`);

function stackOf(props: BackupVaultProps, ...selected: BackupResource[]) {
  const stack = testStack();
  const vault = new BackupVault(stack, 'Vault', props);
  if (selected.length > 0)
    BackupPlan.daily35DayRetention(stack, 'Plan', vault).addSelection('Buckets', { resources: selected });
  return stack;
}
const named = [byName('photos'), byName('mails')];
const templateOf = (props: BackupVaultProps, ...selected: BackupResource[]): Template =>
  Template.fromStack(stackOf(props, ...selected));

const removers = (template: Template): string[] =>
  Object.keys(template.findResources('AWS::IAM::Role')).filter((id) =>
    statementsOf(template, id).some(
      ({ Effect, Action }) => Effect === 'Allow' && list(Action).includes('s3:DeleteObjectVersion'),
    ),
  );
const environment = (template: Template, path: string): Record<string, unknown> =>
  resources(template)[logicalId(template, 'AWS::Lambda::Function', path)]!.Properties['Environment'].Variables;

describe.each([{}, { allowMarkerRemoval: false }])('a vault with %j', (props) => {
  const template = templateOf(props, ...named);

  test('has no function, no role and no step that removes anything', () => {
    expect(removers(template)).toEqual([]);
    expect(Object.keys(resources(template)).filter((id) => id.startsWith('VaultRestoreMarkers'))).toEqual([]);
    expect(JSON.stringify(definitionOf(template, 'VaultRestoreStateMachine').States)).not.toMatch(/[Mm]arkers/);
    expect(environment(template, 'VaultRestorePlanFunction')).not.toHaveProperty('MARKER_REMOVAL');
  });
});

describe('a vault that allows it', () => {
  const allow = { allowMarkerRemoval: true };
  const template = templateOf(allow, ...named);
  const role = roleOf(template, 'RestoreMarkers');
  const statements = statementsOf(template, role);

  test('has one function and one role more, which alone can delete a version', () => {
    const count = (of: Template, type: string): number => Object.keys(of.findResources(type)).length;
    const without = templateOf({}, ...named);
    for (const type of ['AWS::Lambda::Function', 'AWS::IAM::Role'])
      expect([type, count(template, type)]).toEqual([type, count(without, type) + 1]);
    expect(removers(template)).toEqual([role]);
    expect(environment(template, 'VaultRestorePlanFunction')).toMatchObject({ MARKER_REMOVAL: 'true' });
  });

  test('allows exactly this on the protected buckets', () => {
    const ownAccount = { 'aws:ResourceAccount': { Ref: 'AWS::AccountId' } };
    const outside = statements.filter(
      ({ Effect, Resource }) => Effect === 'Allow' && JSON.stringify(Resource).includes(':s3:::'),
    );
    const arn = (rest: string) => `arn:<AWS::Partition>:s3:::${rest}`;
    expect(outside.map((one) => ({ ...one, Resource: (one.Resource as unknown[]).map(flat).sort() }))).toEqual([
      {
        Effect: 'Allow',
        Action: 's3:ListBucketVersions',
        Resource: [arn('mails'), arn('photos')],
        Condition: { StringEqualsIfExists: ownAccount },
      },
      {
        Effect: 'Allow',
        Action: 's3:DeleteObjectVersion',
        Resource: [arn('mails/*'), arn('photos/*')],
        Condition: { StringEquals: ownAccount },
      },
    ]);
  });

  test('denies it on the own buckets, by the role and by the policy of the vault bucket', () => {
    const denied = statements.filter(({ Effect }) => Effect === 'Deny');
    expect(denied.map(({ Action }) => Action)).toEqual(['s3:DeleteObjectVersion']);
    expect((denied[0]!.Resource as unknown[]).map(flat)).toEqual([
      expect.stringMatching(/^<VaultVaultBucket\w+\.Arn>\/\*$/),
      expect.stringMatching(/^<VaultScratchBucket\w+\.Arn>\/\*$/),
    ]);
    const policies = Object.values(template.findResources('AWS::S3::BucketPolicy'));
    const own = policies
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement as any[])
      .find(({ Sid }) => Sid === 'RuntimeNeverDestroys');
    expect(JSON.stringify(own.Condition)).toContain(role);
  });

  test('reads and writes no object of a user, and calls no other function', () => {
    const actions = statements.filter(({ Effect }) => Effect === 'Allow').flatMap(({ Action }) => list(Action));
    expect(actions.filter((action) => !/^(s3|kms|logs):/.test(action))).toEqual([]);
    expect(actions.filter((action) => /^s3:(DeleteObject|GetObjectVersion|PutObjectAcl)$/.test(action))).toEqual([]);
  });

  test('a vault that protects no bucket yet can remove nothing', () => {
    expect(removers(templateOf(allow))).toEqual([]);
  });

  test.each([
    ['buckets that are named', named],
    ['buckets that are found by tag', [BackupResource.fromTag('backup', 'yes')]],
  ])('of %s has a reason for each of its wildcards', (_, selected) => {
    const stack = stackOf(allow, ...selected);
    const app = stack.node.root as App;
    app.synth();
    const { violations } = new AwsSolutionsChecks(app).validateScope(app);
    expect(violations.map(({ ruleName }) => ruleName)).toEqual([]);
  });
});

describe('the restore workflow of a vault that allows it', () => {
  const restore = definitionOf(templateOf({ allowMarkerRemoval: true }), 'VaultRestoreStateMachine');
  const { States: states } = restore;

  test('is valid, and every name is there once', () => {
    expect(validate(structuredClone(restore)).errors).toEqual([]);
    const names = allStates(restore).map(([name]) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test('removes markers between plan and writes, only in a job that asks for it', () => {
    expect(states['Assess']!.Next).toBe('Remove markers?');
    expect(states['Remove markers?']).toMatchObject({
      Choices: [
        {
          And: [
            { Variable: '$.job.removeMarkers', IsPresent: true },
            { Variable: '$.job.removeMarkers', BooleanEquals: true },
          ],
          Next: 'RemoveMarkers: how many?',
        },
      ],
      Default: 'RestoreRanges: how many?',
    });
    const next = 'From the first turn';
    expect(states['RemoveMarkers: how many?']!.Default).toBe(next);
    expect(states['RemoveMarkers in place: more?']!.Default).toBe(next);
    expect(states['RemoveMarkers in parallel']!.Next).toBe(next);
  });

  test('begins the writes at the first turn of the same units', () => {
    expect(states['From the first turn']).toMatchObject({
      Type: 'Pass',
      Result: { turn: 0 },
      ResultPath: '$.work',
      Next: 'RestoreRanges: how many?',
    });
    expect(states['RestoreRanges: how many?']!.Default).toBe('Finish');
    expect(states['Finish']!.End).toBe(true);
  });

  test('a call that was lost is over before it is made again', () => {
    const removing = allStates(restore).filter(([name, { Type }]) => name.startsWith('RemoveM') && Type === 'Task');
    expect(removing).toHaveLength(2);
    for (const [, { Retry }] of removing) {
      const lost = Retry!.find(({ ErrorEquals }: any) => ErrorEquals.includes('Lambda.SdkClientException'));
      expect(lost.IntervalSeconds).toBe(15 * 60);
    }
    for (const name of ['RemoveMarkers in place', 'RemoveMarkers in parallel'])
      expect(states[name]!.Catch).toEqual([{ ErrorEquals: ['States.ALL'], ResultPath: '$', Next: 'Record failure' }]);
  });
});
