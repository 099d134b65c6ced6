import { Template } from 'aws-cdk-lib/assertions';
import { type Figures, readFigures, smallObjectCpu } from '../../bench/fan-out/figures';
import { simulateJob, STATES_OF_JOB } from '../../bench/fan-out/job';
import { type MapRun, simulateMap, STATES_PER_TURN, STATES_PER_UNIT } from '../../bench/fan-out/map';
import { passed, QUOTAS } from '../../bench/fan-out/quotas';
import { type JobPlan, pacedPlan, planJob, SETTINGS, TURN_SECONDS } from '../../bench/fan-out/workload';
import throughput from '../../bench/results/throughput.json';
import { RANGE_WORKERS, RESTORE } from '../../bench/support/throughput-work';
import type { ThroughputResult } from '../../bench/throughput';
import { BackupVault } from '../../lib';
import { definitionOf } from '../lib/support/definition';
import { testStack } from '../lib/support/synth';

const run = (over: Partial<MapRun>) =>
  simulateMap({
    units: 1,
    concurrency: 200,
    secondsPerUnit: 10,
    speed: () => 1,
    overheadSeconds: 0,
    turnSeconds: 780,
    ...over,
  });

describe('a map run', () => {
  test('of one unit takes the unit and a cold start', () => {
    expect(run({})).toMatchObject({ seconds: 11, turns: 1, mostWorkers: 1, mostTurnsOfUnit: 1 });
  });

  test('starts children at the rate of Step Functions', () => {
    // The last of 1,000 starts after 9.99 s.
    expect(run({ units: 1_000, concurrency: 10_000 }).seconds).toBeCloseTo(9.99 + 1 + 10);
    expect(run({ units: 1_000, concurrency: 10_000, startsPerSecond: 1_000 }).seconds).toBeCloseTo(0.999 + 11);
  });

  test('has no more workers than it may have, or than Lambda has', () => {
    const waves = run({ units: 40, concurrency: 20, secondsPerUnit: 100 });
    expect(waves.mostWorkers).toBe(20);
    expect(waves.seconds).toBeGreaterThan(200);
    expect(run({ units: 5_000, concurrency: 10_000, secondsPerUnit: 100 }).mostWorkers).toBe(1_000);
  });

  test('works on a unit in as many turns as it takes, and pays for what each reads first', () => {
    const { turns, mostTurnsOfUnit, workerSeconds } = run({
      secondsPerUnit: 1_000,
      overheadSeconds: 80,
      turnSeconds: 780,
    });
    expect([turns, mostTurnsOfUnit]).toEqual([2, 2]);
    expect(workerSeconds).toBeCloseTo(1_000 + 2 * 80 + 1);
  });

  test('takes twice the time at half the speed', () => {
    expect(run({ secondsPerUnit: 100, speed: () => 0.5 }).seconds).toBeCloseTo(201);
  });

  test('is the same each time', () => {
    const once = run({ units: 500, secondsPerUnit: 33, speed: (_, second) => (second < 20 ? 0.5 : 1) });
    expect(run({ units: 500, secondsPerUnit: 33, speed: (_, second) => (second < 20 ? 0.5 : 1) })).toEqual(once);
  });
});

test('a worker is as fast as the benchmark of throughput has measured it', () => {
  const one = { server: 's', bytes: 1_024, objects: 5_000, program: 'product', does: RANGE_WORKERS };
  const measured = [
    { ...one, cpuMsPerObject: 0.5 },
    { ...one, cpuMsPerObject: 0.6 },
    { ...one, bytes: 102_400, cpuMsPerObject: 2 },
    { ...one, objects: 10, cpuMsPerObject: 30 },
    { ...one, program: 'rclone', cpuMsPerObject: 3 },
    { ...one, does: 'first backup, all steps', cpuMsPerObject: 0.7 },
  ];
  expect(smallObjectCpu(measured, RANGE_WORKERS)).toBe(0.6 / 1_000);
  expect(smallObjectCpu(measured, RESTORE)).toBeUndefined();
  const results = throughput.results as unknown as ThroughputResult[];
  const { storeCpu, restoreCpu } = readFigures();
  expect(storeCpu).toBe(smallObjectCpu(results, RANGE_WORKERS));
  expect(restoreCpu).toBe(smallObjectCpu(results, RESTORE));
});

const figures: Figures = {
  storeCpu: 0.001,
  restoreCpu: 0.001,
  scanRowCpu: 1e-5,
  reportRowCpu: 2e-5,
  knownRowCpu: 1e-5,
  planRowCpu: 1e-5,
  manifestByteCpu: 1e-8,
  resultCpu: 0.001,
  runBytesPerRow: 40,
  getLatency: 0.05,
  putLatency: 0.05,
  listLatency: 0.2,
  copyLatency: 0.1,
  network: 1e8,
  copySpeed: 1e8,
  commitMiB: (manifest) => 100 + 7 * manifest,
  assessMiB: () => 100,
};
const plan: JobPlan = {
  probes: 10,
  scanUnits: 64,
  lanes: 1,
  workUnits: 20,
  share: 100,
  concurrency: 20,
  payloadBytes: 2_000,
  unitsFileBytes: 10_000,
  indexBytes: 0,
  bytesPerSegment: 750,
  bytesPerPage: 300,
};
const workload = {
  kind: 'first backup',
  objects: 1_000_000,
  bytes: 1_024,
  settings: SETTINGS.defaults,
  requestCounts: { perObject: { GetObject: 1 }, perJob: {} },
} as const;

describe('a job', () => {
  test('that keeps to its rate takes as long as its requests, and is said to be limited by it', () => {
    const { seconds, bottleneck, broken, throttled, work } = simulateJob(workload, plan, figures);
    expect(work.seconds).toBeGreaterThan(500);
    expect(work.seconds).toBeLessThan(520);
    expect(seconds).toBeGreaterThan(work.seconds);
    expect(bottleneck).toBe('ranges: maxSourceRequestsPerSecond');
    expect({ broken, throttled }).toEqual({ broken: [], throttled: [] });
  });

  test('that S3 slows down says so', () => {
    const { throttled } = simulateJob(
      { ...workload, objects: 1e7 },
      { ...plan, workUnits: 200, concurrency: 200, share: 1_000 },
      figures,
    );
    expect(throttled).toEqual(['reads of an S3 partition']);
  });

  test.each<[string, Partial<JobPlan>, Partial<Figures>, RegExp]>([
    ['a state that is too large', { payloadBytes: 300_000 }, {}, /^input of a map: 300,000 is over 262,144/],
    ['a list of units that is too long', { unitsFileBytes: 11 * 1024 ** 3 }, {}, /^list of units/],
    ['a manifest that is too long', { bytesPerSegment: 6e7 }, {}, /^manifest: 1,200,000,000 is over 536,870,888/],
    ['too little memory', { bytesPerSegment: 2e7 }, {}, /^commit: 2,771 is over 1,769, MiB/],
    ['work files that expire', { share: 0.01 }, {}, /work files expire after 14/],
    ['a history that is too long', { share: 0.01 }, {}, /^history of a child/],
    ['a commit that takes too long', {}, { resultCpu: 15 }, /^commit: 1,261 is over 900/],
  ])('is marked for %s', (_, change, figure, expected) => {
    const { broken } = simulateJob(workload, { ...plan, ...change }, { ...figures, ...figure });
    expect(broken).toContainEqual(expect.stringMatching(expected));
  });

  test('is cut, and gets its workers and their share, by the product', async () => {
    const wanted = { ...workload, objects: 2_000_000 };
    const planned = pacedPlan(wanted, await planJob(wanted));
    expect(planned).toMatchObject({ scanUnits: 64, workUnits: 41, concurrency: 11, share: 2_000 / 11 });
    expect(planned.payloadBytes).toBeLessThan(2_000);
  });
});

test('a quota is passed by one more than it allows', () => {
  const { value } = QUOTAS.historyEvents;
  expect(passed([{ quota: 'historyEvents', used: value, of: 'a child' }])).toEqual([]);
  expect(passed([{ quota: 'historyEvents', used: value + 1, of: 'a child' }])).toEqual([
    'a child: 25,001 is over 25,000, events in the history of an execution (hard)',
  ]);
});

test('states are counted as the state machine has them', () => {
  const stack = testStack();
  new BackupVault(stack, 'Vault');
  const { StartAt, States } = definitionOf(Template.fromStack(stack), 'VaultBackupStateMachine');
  let entered = 0;
  for (let name: string | undefined = StartAt; name !== undefined; entered++) {
    const state: { Type?: string; Next?: string; Default?: string } = States[name]!;
    name = name.endsWith(': how many?') ? name.replace(': how many?', ' in parallel') : (state.Default ?? state.Next);
  }
  expect(entered).toBe(STATES_OF_JOB);
  const child = Object.values(States['BackUpRanges in parallel']!.ItemProcessor!.States).map(({ Type }) => Type);
  expect(child).toHaveLength(STATES_PER_TURN + STATES_PER_UNIT);
  expect(TURN_SECONDS).toBe(780);
});
