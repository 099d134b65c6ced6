import validate from 'asl-validator';
import { Template } from 'aws-cdk-lib/assertions';
import { FINAL_ERRORS } from '../../lambda/contract/errors';
import { ENCRYPTION_TYPES, ON_EXISTING, restoreDefaults, restoreSchema } from '../../lambda/core/restore/schema';
import { BackupVault } from '../../lib';
import { allStates, type Definition, definitionOf, type State } from './support/definition';
import { testStack } from './support/synth';

const stack = testStack();
new BackupVault(stack, 'Vault', { maxConcurrency: 17 });
const template = Template.fromStack(stack);
const backup = definitionOf(template, 'VaultBackupStateMachine');
const restore = definitionOf(template, 'VaultRestoreStateMachine');
const upkeep = definitionOf(template, 'VaultUpkeepStateMachine');
const workflowOf = (definition: Definition): object => (definition === upkeep ? { workflow: 'upkeep' } : {});

describe.each([
  ['backup', backup],
  ['restore', restore],
  ['upkeep', upkeep],
])('the %s workflow', (_, definition) => {
  const states = allStates(definition);
  const tasks = states.filter(([, { Type }]) => Type === 'Task');

  test('is valid Amazon States Language', () => {
    expect(validate(structuredClone(definition)).errors).toEqual([]);
  });

  test('documents its input in its comment, which the console shows', () => {
    expect(definition.Comment).toMatch(/Input: \{"\w+": "my-bucket"\}\. .* Output: /);
  });

  test('has no name twice, and none too long', () => {
    const names = states.map(([name]) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => name.length > 80)).toEqual([]);
  });

  test('tries every step again, but not for an error that trying again cannot mend', () => {
    for (const [name, { Retry }] of tasks) {
      const [final, ...others] = Retry!;
      expect(final).toEqual({ ErrorEquals: FINAL_ERRORS, MaxAttempts: 0 });
      const soon = others.filter(({ IntervalSeconds }: any) => IntervalSeconds <= 2);
      for (const retry of soon) {
        expect(retry).toMatchObject({ MaxAttempts: 6, BackoffRate: 2, JitterStrategy: 'FULL' });
      }
      expect(soon[0].ErrorEquals).toContain('Lambda.TooManyRequestsException');
      // AWS wants it alone, and last.
      expect(others.at(-1).ErrorEquals).toEqual(['States.ALL']);
      // Who writes to a user's bucket is called again only when the call before is over: its writes could land late.
      const lost = others.filter(({ ErrorEquals }: any) => ErrorEquals.includes('Lambda.SdkClientException'));
      expect(lost).toHaveLength(1);
      expect(lost[0].IntervalSeconds).toBe(name.startsWith('RestoreRanges') ? 15 * 60 : 2);
    }
  });

  test('waits for a step as long as a Lambda runs, and no longer', () => {
    for (const [, { TimeoutSeconds }] of tasks) {
      expect(TimeoutSeconds).toBe(16 * 60);
    }
  });

  test('records every failure, whatever step it is of', () => {
    const failing = Object.entries(definition.States).filter(
      ([name, { Type }]) => (Type === 'Task' || Type === 'Map') && name !== 'Record failure',
    );
    for (const [, { Catch }] of failing) {
      expect(Catch).toEqual([{ ErrorEquals: ['States.ALL'], ResultPath: '$', Next: 'Record failure' }]);
    }
    expect(definition.States['Record failure']).toMatchObject({
      Parameters: {
        'input.$': '$$.Execution.Input',
        execution: {
          'arn.$': '$$.Execution.Id',
          'name.$': '$$.Execution.Name',
          'startTime.$': '$$.Execution.StartTime',
        },
        ...workflowOf(definition),
        'error.$': '$',
        'failedAt.$': '$$.State.EnteredTime',
      },
      Next: 'Failed',
      Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.recordFailure', Next: 'Failed without record' }],
    });
    expect(definition.States['Failed']).toMatchObject({ Type: 'Fail', ErrorPath: '$.error', CausePath: '$.cause' });
    expect(definition.States['Failed without record']).toMatchObject({
      Type: 'Fail',
      ErrorPath: '$.Error',
      CausePath: '$.Cause',
    });
  });

  test('starts from the input and the execution', () => {
    const first = definition.States[definition === restore ? 'Plan' : 'Prepare'];
    expect(first!.Parameters).toEqual({
      'input.$': '$$.Execution.Input',
      execution: { 'arn.$': '$$.Execution.Id', 'name.$': '$$.Execution.Name', 'startTime.$': '$$.Execution.StartTime' },
      ...workflowOf(definition),
    });
    expect(first).not.toHaveProperty('ResultPath');
  });
});

describe.each([
  ['Scan', backup, 'Partition', 'VaultBackupScan'],
  ['BackUpRanges', backup, 'Commit', 'VaultBackupRange'],
  ['Scan', upkeep, 'Partition', 'VaultBackupScan'],
  ['BackUpRanges', upkeep, 'Commit', 'VaultBackupRange'],
  ['PlanRanges', restore, 'Assess', 'VaultRestorePlanRange'],
  ['RestoreRanges', restore, 'Finish', 'VaultRestoreRange'],
])('the fan-out %s', (name, definition: Definition, next, worker) => {
  const {
    [`${name}: how many?`]: choice,
    [`${name} in place`]: single,
    [`${name} in parallel`]: map,
  } = definition.States;

  test('starts nothing for no unit, a worker for one, and a map for more', () => {
    expect(choice).toMatchObject({
      Type: 'Choice',
      Choices: [
        { Variable: '$.units.count', NumericEquals: 1, Next: `${name} in place` },
        { Variable: '$.units.count', NumericGreaterThan: 1, Next: `${name} in parallel` },
      ],
      Default: next,
    });
  });

  const expectLoop = (states: Readonly<Record<string, State>>, task: string, done: string): void => {
    expect(states[task]).toMatchObject({
      Type: 'Task',
      Resource: expect.stringContaining(worker),
      Parameters: { 'job.$': '$.job', 'unit.$': '$.unit', 'turn.$': '$.work.turn' },
      ResultPath: '$.work',
      Next: `${task}: more?`,
    });
    expect(states[`${task}: more?`]).toMatchObject({
      Choices: [{ Variable: '$.work.more', BooleanEquals: true, Next: task }],
      Default: done,
    });
  };

  test('works on one unit in place, turn after turn', () => {
    expect(single).toBeDefined();
    expectLoop(definition.States, `${name} in place`, next);
  });

  test('works on many units in child executions, turn after turn', () => {
    expect(map!.ItemProcessor).toMatchObject({
      ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
      StartAt: `${name} unit`,
    });
    expectLoop(map!.ItemProcessor!.States, `${name} unit`, `${name} unit done`);
    expect(map!.ItemProcessor!.States[`${name} unit done`]).toEqual({ Type: 'Succeed', OutputPath: '$.work' });
  });

  test('reads the units from the scratch bucket, and leaves the state as it was', () => {
    expect(map).toMatchObject({
      Type: 'Map',
      Label: name,
      // The partition says how many workers a backup's ranges gain from; the construct's limit is an environment variable of it.
      ...(name === 'BackUpRanges' ? { MaxConcurrencyPath: '$.units.concurrency' } : { MaxConcurrency: 17 }),
      ItemReader: {
        Resource: 'arn:aws:states:::s3:getObject',
        ReaderConfig: { InputType: 'JSONL' },
        Parameters: { Bucket: expect.stringContaining('VaultScratchBucket'), 'Key.$': '$.units.key' },
      },
      ItemSelector: { 'job.$': '$.job', 'unit.$': '$$.Map.Item.Value', work: { turn: 0 } },
      ResultPath: null,
      Next: next,
    });
    // One failed unit ends the map: a job is whole, or it failed.
    expect(map).not.toHaveProperty('ToleratedFailurePercentage');
    expect(map).not.toHaveProperty('ToleratedFailureCount');
  });

  test('writes what children answer to the scratch bucket, so that no answer grows too large', () => {
    expect(map!['ResultWriter']).toEqual({
      Resource: 'arn:aws:states:::s3:putObject',
      Parameters: { Bucket: expect.stringContaining('VaultScratchBucket'), Prefix: 'map-results' },
    });
  });
});

describe('a scheduled backup', () => {
  test('waits until it is due; a time that is none is left to Prepare, which names the error', () => {
    expect(backup.StartAt).toBe('Due later?');
    expect(backup.States['Due later?']).toMatchObject({
      Choices: [
        {
          And: [
            { Variable: '$.scheduled.notBefore', IsPresent: true },
            { Variable: '$.scheduled.notBefore', IsTimestamp: true },
          ],
          Next: 'Wait until due',
        },
      ],
      Default: 'Prepare',
    });
    expect(backup.States['Wait until due']).toEqual({
      Type: 'Wait',
      TimestampPath: '$.scheduled.notBefore',
      Next: 'Prepare',
    });
  });

  test('waits while its bucket is busy, then asks again', () => {
    expect(backup.States['Bucket busy?']).toMatchObject({
      Choices: [
        { Variable: '$.wait', IsPresent: true, Next: 'Wait for the bucket' },
        { Variable: '$.job.shared', IsPresent: true, Next: 'Commit' },
      ],
      Default: 'Scan: how many?',
    });
    expect(backup.States['Wait for the bucket']).toEqual({ Type: 'Wait', SecondsPath: '$.wait', Next: 'Prepare' });
  });
});

test.each([
  ['Partition', backup],
  ['Commit', backup],
  ['Assess', restore],
  ['Finish', restore],
])('%s gets the job and nothing that grows', (name, definition) => {
  expect(definition.States[name]!.Parameters).toEqual({
    'job.$': '$.job',
    ...(name === 'Partition' && { choosesConcurrency: true }),
  });
});

test('upkeep is the backup workflow, told apart by what its first and last steps are told', () => {
  const told = JSON.stringify(upkeep.States).replaceAll(',"workflow":"upkeep"', '');
  expect(told).not.toContain('upkeep');
  expect(JSON.parse(told)).toEqual(backup.States);
  expect(upkeep.StartAt).toBe(backup.StartAt);
  expect(upkeep.Comment).not.toBe(backup.Comment);
});

test('the comment of a restore names every field of its input, and no other', () => {
  const input = (restore.Comment as string).replace(/ Output: .*/, '');
  const named = new Set([...input.matchAll(/"(\w+)"(?=:| \()|, "(\w+)"(?=[,.])/g)].map(([, a, b]) => a ?? b));
  // Fields of the encryption are inside of it.
  for (const inner of ['type', 'kmsKeyId']) named.delete(inner);
  expect([...named].sort()).toEqual(Object.keys(restoreSchema.shape).sort());
});

test('the comment of a restore has the defaults and the values that the fields have', () => {
  const comment = restore.Comment as string;
  const { encryption, ...flat } = restoreDefaults();
  // What a field does is said, and not that it is not done without it.
  const { rollback, removeMarkers, dryRun, destinationPrefix, ...defaults } = flat;
  expect({ rollback, removeMarkers, dryRun, destinationPrefix }).toEqual({
    ...{ rollback: false, removeMarkers: false, dryRun: false },
    destinationPrefix: '',
  });
  const named = [...comment.matchAll(/"(\w+)" \(default: ([^)]*)\)/g)].map(([, field, text]) => [field!, text!]);
  expect(Object.fromEntries(named)).toEqual({
    ...Object.fromEntries(Object.entries(defaults).map(([field, value]) => [field, JSON.stringify(value)])),
    type: JSON.stringify(encryption.type),
    destinationBucket: 'the source',
    restoreAcls: 'where possible',
  });
  expect(comment).toContain('default: all');
  for (const values of [ON_EXISTING, ENCRYPTION_TYPES])
    expect(comment).toContain(values.map((value) => `"${value}"`).join(' | '));
});

test('the last step answers for the execution', () => {
  expect(backup.States['Commit']!.End).toBe(true);
  expect(restore.States['Finish']!.End).toBe(true);
});

test('executions are traced, and errors are logged without their data', () => {
  template.allResourcesProperties('AWS::StepFunctions::StateMachine', {
    TracingConfiguration: { Enabled: true },
    LoggingConfiguration: { Level: 'ERROR' },
  });
  expect(JSON.stringify(template.toJSON())).not.toContain('"IncludeExecutionData":true');
});
