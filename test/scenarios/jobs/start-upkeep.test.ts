import { MemoryCaptureControl, MemoryExecutions, SilentLog } from '../../../lambda/adapters/memory';
import type { StartJobsInput } from '../../../lambda/contract/steps';
import { startJobs, type StartPorts } from '../../../lambda/usecases/jobs/start';

const TAG = { key: 'backup', value: 'yes' };

/** A continuous rule's schedule, with what its calls do. */
function scheduleOf(tagged: string[] = []) {
  const ports = {
    executions: new MemoryExecutions(),
    upkeep: new MemoryExecutions(),
    captureControl: new MemoryCaptureControl(),
    tags: { bucketsWith: () => Promise.resolve(tagged) },
    log: new SilentLog(),
    ownBuckets: ['the-vault', 'the-scratch'],
  } satisfies StartPorts;
  const fire = (fields: Partial<StartJobsInput> = {}, hour = '10') =>
    startJobs(ports, {
      plan: 'Plan',
      rule: 'Continuous',
      scheduledTime: `2026-11-22T${hour}:17:00Z`,
      startWindowMinutes: 60,
      completionWindowMinutes: 24 * 60,
      buckets: [],
      request: { deleteAfterDays: 35 },
      continuous: { deleteAfterDays: 35 },
      ...fields,
    });
  const started = (): unknown[] => ports.upkeep.started.map(({ input }) => (input as { bucket: string }).bucket);
  return { ports, fire, started, tagged };
}

test('a continuous rule starts upkeep for each bucket, and no backup, with its windows', async () => {
  const { ports, fire } = scheduleOf();
  expect(await fire({ buckets: ['photos'] })).toEqual({ started: 1 });
  expect(ports.executions.started).toEqual([]);
  expect(ports.upkeep.started).toMatchObject([
    {
      input: {
        bucket: 'photos',
        deleteAfterDays: 35,
        scheduled: {
          plan: 'Plan',
          rule: 'Continuous',
          scheduledTime: '2026-11-22T10:17:00Z',
          startBy: '2026-11-22T11:17:00Z',
          completeBy: '2026-11-23T11:17:00Z',
          notBefore: '2026-11-22T10:17:00Z',
        },
      },
    },
  ]);
  const { bucket, deleteAfterDays, scheduled, ...others } = ports.upkeep.started[0]!.input as any;
  expect([bucket, deleteAfterDays, typeof scheduled]).toEqual(['photos', 35, 'object']);
  expect(others).toEqual({});
});

test('a call that is delivered twice starts nothing twice', async () => {
  const { ports, fire } = scheduleOf();
  await fire({ buckets: ['photos', 'docs'] });
  await fire({ buckets: ['photos', 'docs'] });
  expect(ports.upkeep.started).toHaveLength(2);
  await fire({ buckets: ['photos', 'docs'] }, '11');
  expect(ports.upkeep.started).toHaveLength(4);
});

test('buckets that the template names need no rules', async () => {
  const { ports, fire } = scheduleOf();
  await fire({ buckets: ['photos'] });
  expect(ports.captureControl.captured).toEqual([]);
});

test('the events of buckets found by tag are captured before their jobs start; those of the vault, and those that have a rule, are left out', async () => {
  const { ports, fire } = scheduleOf(['found', 'the-vault', 'photos', 'a-found-one']);
  const seen: (readonly string[])[] = [];
  const start = jest.spyOn(ports.upkeep, 'start').mockImplementation(({ name }) => {
    seen.push(ports.captureControl.captured);
    return Promise.resolve({ executionArn: name });
  });
  await fire({ buckets: ['photos'], tags: [TAG] });
  expect(start.mock.calls.map(([{ input }]) => (input as { bucket: string }).bucket)).toEqual([
    'photos',
    'a-found-one',
    'found',
  ]);
  expect(seen).toEqual(Array(3).fill(['a-found-one', 'found']));
});

test('so are those of buckets that only another stack could name', async () => {
  const { ports, fire, started } = scheduleOf(['found']);
  const continuous = { deleteAfterDays: 7, unnamed: ['others'] };
  await fire({ buckets: ['photos', 'others'], tags: [TAG], continuous });
  expect(started()).toEqual(['photos', 'others', 'found']);
  expect(ports.captureControl.captured.sort()).toEqual(['found', 'others']);
});

test('rules follow the tags, from hour to hour', async () => {
  const { ports, fire, tagged } = scheduleOf(['one', 'two']);
  await fire({ tags: [TAG] }, '10');
  tagged.splice(0, 1, 'three');
  await fire({ tags: [TAG] }, '11');
  expect(ports.captureControl.captured.sort()).toEqual(['three', 'two']);
  expect(ports.log.events().filter((event) => event === 'CaptureRulesChanged')).toHaveLength(2);
  await fire({ tags: [TAG] }, '12');
  expect(ports.log.events().filter((event) => event === 'CaptureRulesChanged')).toHaveLength(2);
});

test('a lookup that finds nothing, or fails, takes no rule away', async () => {
  const { ports, fire, tagged } = scheduleOf(['one', 'two']);
  await fire({ tags: [TAG] }, '10');
  tagged.length = 0;
  expect(await fire({ tags: [TAG], buckets: ['photos'] }, '11')).toEqual({ started: 1 });
  expect(ports.captureControl.captured).toEqual(['one', 'two']);
  ports.tags.bucketsWith = () => Promise.reject(new Error('throttled'));
  await expect(fire({ tags: [TAG] }, '12')).rejects.toThrow('throttled');
  expect(ports.captureControl.captured).toEqual(['one', 'two']);
});

test('rules that cannot be made keep no job from starting, and the call is tried again', async () => {
  const { ports, fire, started } = scheduleOf(['found']);
  const refused = jest.spyOn(ports.captureControl, 'ensureRules').mockRejectedValue(new Error('300 rules on the bus'));
  await expect(fire({ buckets: ['photos'], tags: [TAG] })).rejects.toThrow('300 rules');
  expect(started()).toEqual(['photos', 'found']);
  refused.mockRestore();
  expect(await fire({ buckets: ['photos'], tags: [TAG] })).toEqual({ started: 2 });
  expect(started()).toHaveLength(2);
  expect(ports.captureControl.captured).toEqual(['found']);
});

test('a periodic rule makes no rules, whatever has its tag', async () => {
  const { ports, fire } = scheduleOf(['found']);
  await fire({ tags: [TAG], continuous: undefined });
  expect(ports.executions.started).toHaveLength(1);
  expect(ports.captureControl.captured).toEqual([]);
});
