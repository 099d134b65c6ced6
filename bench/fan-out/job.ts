import { MOST_DELTAS } from '../../lambda/core/history/compaction';
import { estimateCost } from '../../lambda/core/values/cost';
import type { Counts } from '../../lambda/core/values/counts';
import { PROBES_AT_A_TIME } from '../../lambda/usecases/backup/sources/listing-units';
import type { BackupSettings } from '../../lambda/usecases/context';
import { isSingleCopy, partSizeOf } from '../../lambda/usecases/versions/server-copy';
import { RESULTS_AT_A_TIME } from '../../lambda/usecases/work/turns';
import { ONE_VCPU_MIB, LAMBDA_TIMEOUT } from '../../lib/private/runtime-function';
import { SCRATCH_LIFETIME } from '../../lib/private/vault-storage';
import { perMillion } from '../../local/support/prices';
import type { Figures } from './figures';
import { type MapRun, type MapRunResult, simulateMap, STATES_PER_TURN } from './map';
import { passed, QUOTAS, type Use } from './quotas';
import { CHANGED, type JobPlan, manifestBytesOf, TURN_SECONDS, type Workload } from './workload';

/** What a job takes, and why not less. Times are seconds. */
export interface JobResult {
  readonly seconds: number;
  readonly dollars: number;
  /** Part of the dollars that Lambda takes. */
  readonly lambdaDollars: number;
  readonly scan: MapRunResult;
  readonly work: MapRunResult;
  /** The step that takes most of the time, and what limits it. */
  readonly bottleneck: string;
  /** Quotas and limits that the job would pass: it would fail, or be refused. */
  readonly broken: readonly string[];
  /** What would ask to slow down for a while: the client of the runtime then holds its rate down. */
  readonly throttled: readonly string[];
}

/** Requests that a turn of a worker makes besides its work: its file, the one before, runs or actions, the manifest, its segment and pack. */
const TURN_REQUESTS: Counts = { GetObject: 6, PutObject: 3 };
/** Entered once by every backup: due, prepare, busy, how many and map twice, partition, commit; a restore has fewer by two. */
export const STATES_OF_JOB = 9;
const EVENTS_PER_TURN = 7;
const CONNECTIONS = 32;
const PARTITION_SPLIT_SECONDS = 3_600;
const TURN_ANSWER_SECONDS = 0.5;

/** Seconds that a unit takes at full speed, and what it asks of others. */
interface Work {
  readonly seconds: number;
  readonly limit: string;
  /** Paced by the product: requests to the protected bucket. */
  readonly sourceRequests: number;
  /** To the bucket that has the least of it. */
  readonly reads: number;
  readonly writes: number;
}

/** Simulates a job from its first step to its last. */
export function simulateJob(workload: Workload, plan: JobPlan, figures: Figures): JobResult {
  const { objects, kind, settings } = workload;
  const scanWork = kind === 'restore' ? planning(objects, plan, figures) : listing(objects, plan, figures);
  const indexRead = workerReads(plan, settings);
  const scanRead = kind === 'restore' ? indexRead : 0;
  const scan = runMap(settings.maxConcurrency, plan.scanUnits, scanWork, scanRead, figures, undefined);
  const work = unitWork(workload, plan, figures);
  const runsBytes = kind === 'restore' ? 0 : runsFileBytes(objects, figures);
  const ran = runMap(plan.concurrency, plan.workUnits, work, indexRead + runsBytes, figures, plan.share);
  const results = [scan.result.turns, scan.result.turns + ran.result.turns];
  const singles = results.map((files) => singleStep(files, plan, settings, figures));
  const prepare = 1 + Math.ceil(plan.probes / PROBES_AT_A_TIME) * figures.listLatency;
  const seconds = prepare + scan.result.seconds + ran.result.seconds + singles.reduce((sum, step) => sum + step, 0);
  const lambda = lambdaDollars(
    [prepare, scan.result.workerSeconds, ran.result.workerSeconds, ...singles].reduce((sum, one) => sum + one, 0),
  );
  const turns = scan.result.turns + ran.result.turns;
  const states = STATES_OF_JOB + turns * STATES_PER_TURN + plan.scanUnits + plan.workUnits;
  const calls = (turns * perMillion['Lambda request'] + states * perMillion['state transition']) / 1e6;
  const requests = estimateCost(TURN_REQUESTS) * turns + objectDollars(workload);
  const parts: readonly Named[] = [
    [scan.result.seconds, `${kind === 'restore' ? 'plan' : 'scan'}: ${scan.limit}`],
    [ran.result.seconds, `${kind === 'restore' ? 'restore' : 'ranges'}: ${ran.limit}`],
    [prepare, 'prepare: looking for where to cut a listing'],
    [Math.max(...singles), 'one Lambda between the fan-outs'],
  ];
  const [, bottleneck] = most(parts);
  return {
    seconds,
    dollars: lambda + calls + requests,
    lambdaDollars: lambda,
    scan: scan.result,
    work: ran.result,
    bottleneck,
    broken: [
      ...passed(uses(workload, plan, { scan: scan.result, work: ran.result, singles }, figures)),
      ...tooLong(seconds),
    ],
    throttled: [...new Set([...scan.throttled, ...ran.throttled, ...kmsThrottled(ran.mostRequests)])],
  };
}

type Named = readonly [number, string];
const most = (parts: readonly Named[]): Named => parts.reduce((a, b) => (b[0] > a[0] ? b : a));

/** Requests that objects and the job itself take, as `requests` has counted them. */
const objectDollars = ({ objects, requestCounts }: Workload): number =>
  estimateCost(requestCounts.perObject) * objects + estimateCost(requestCounts.perJob);

function listing(objects: number, { scanUnits, lanes }: JobPlan, figures: Figures): Work {
  const rows = objects / scanUnits;
  const pages = Math.ceil(rows / lanes / 1_000);
  const seconds = pages * figures.listLatency + rows * figures.scanRowCpu;
  return {
    seconds,
    limit: 'pages of a listing, one after the other',
    sourceRequests: pages * lanes,
    reads: 0,
    writes: pages * lanes,
  };
}

function planning(objects: number, { scanUnits }: JobPlan, figures: Figures): Work {
  const seconds = (objects / scanUnits) * figures.planRowCpu;
  return { seconds, limit: 'CPU of planning', sourceRequests: 0, reads: 0, writes: 0 };
}

/** A range of a backup, or a unit of a restore. */
function unitWork({ kind, objects, bytes, settings }: Workload, { workUnits }: JobPlan, figures: Figures): Work {
  const rows = objects / workUnits;
  const changed = kind === 'incremental, 0.1 % changed' ? rows * CHANGED : rows;
  const known = (rows - changed) * figures.knownRowCpu;
  const isPacked = bytes <= settings.packThreshold;
  const cpu = kind === 'restore' ? figures.restoreCpu : figures.storeCpu;
  const latency = kind === 'restore' ? figures.putLatency : figures.getLatency;
  const copies = isSingleCopy(bytes, settings.copyPartSize)
    ? 1
    : Math.ceil(bytes / partSizeOf(bytes, settings.copyPartSize));
  const parts: readonly Named[] = isPacked
    ? [
        [cpu, 'CPU of a worker'],
        [latency / CONNECTIONS, 'latency of S3'],
        [(2 * bytes) / figures.network, 'network of a worker'],
      ]
    : [
        [(1 + copies) * cpu, 'CPU of a worker'],
        [(figures.getLatency + figures.copyLatency + bytes / figures.copySpeed) / CONNECTIONS, 'time of copies by S3'],
      ];
  const [each, limit] = most(parts);
  const seconds = known + changed * each;
  return {
    seconds,
    limit: known > changed * each ? 'CPU of comparing' : limit,
    sourceRequests: changed * (isPacked ? 1 : 1 + copies),
    reads: changed,
    writes: kind === 'restore' || !isPacked ? changed * (isPacked ? 1 : copies) : 0,
  };
}

interface Run {
  readonly result: MapRunResult;
  readonly limit: string;
  readonly throttled: readonly string[];
  /** Requests to S3 in a second, of all workers. */
  readonly mostRequests: number;
}

function runMap(
  concurrency: number,
  units: number,
  work: Work,
  readBytes: number,
  figures: Figures,
  share: number | undefined,
): Run {
  const slowdowns = new Map<string, number>();
  const throttled = new Set<string>();
  let mostRequests = 0;
  const speed: MapRun['speed'] = (workers, second) => {
    // A prefix is split in two after each hour of more requests than a partition takes.
    const partitions = 2 ** Math.floor(second / PARTITION_SPLIT_SECONDS);
    const rate = (requests: number): number => requests / Math.max(1e-9, work.seconds);
    const limits: readonly Named[] = [
      [share === undefined ? 1 : share / Math.max(1e-9, rate(work.sourceRequests)), 'maxSourceRequestsPerSecond'],
      [(QUOTAS.s3Reads.value * partitions) / Math.max(1e-9, workers * rate(work.reads)), 'reads of an S3 partition'],
      [(QUOTAS.s3Writes.value * partitions) / Math.max(1e-9, workers * rate(work.writes)), 'writes of an S3 partition'],
    ];
    const [least, what] = limits.reduce((a, b) => (b[0] < a[0] ? b : a));
    mostRequests = Math.max(mostRequests, workers * rate(work.reads + work.writes) * Math.min(1, least));
    if (least >= 1) return 1;
    slowdowns.set(what, (slowdowns.get(what) ?? 0) + 1);
    if (what !== 'maxSourceRequestsPerSecond') throttled.add(what);
    return least;
  };
  const overheadSeconds = TURN_ANSWER_SECONDS + readBytes / figures.network + readBytes * figures.manifestByteCpu;
  const result = simulateMap({
    units,
    concurrency,
    secondsPerUnit: work.seconds,
    speed,
    overheadSeconds,
    turnSeconds: TURN_SECONDS,
  });
  const slow = [...slowdowns].sort((a, b) => b[1] - a[1])[0]?.[0];
  const overhead =
    result.turns * overheadSeconds > result.workerSeconds / 2 ? 'reading the manifest and runs' : work.limit;
  return { result, limit: slow ?? overhead, throttled: [...throttled], mostRequests };
}

/** The file that says where the runs of the scan are: about 500 bytes for 16 MiB. */
const runsFileBytes = (objects: number, { runBytesPerRow }: Figures): number =>
  Math.ceil((objects * runBytesPerRow) / (16 * 1024 * 1024)) * 500;

/** Partition, assess, commit or finish: reads every turn's result. */
function singleStep(files: number, plan: JobPlan, { pageSegments }: BackupSettings, figures: Figures): number {
  const { indexBytes, bytesPerSegment } = plan;
  const reading = files * Math.max(figures.getLatency / RESULTS_AT_A_TIME, figures.resultCpu);
  // Pages are read one after the other, and those of the commit written.
  const pages = indexBytes / bytesPerSegment / pageSegments;
  const paging = pages * (figures.getLatency + figures.putLatency);
  return 1 + reading + paging + indexBytes / figures.network + indexBytes * figures.manifestByteCpu;
}

/** What a worker reads of the index: the manifest, and a page where it has pages. */
function workerReads(plan: JobPlan, settings: BackupSettings): number {
  const { indexBytes, bytesPerSegment } = plan;
  const file = manifestBytesOf(plan, settings, indexBytes / bytesPerSegment);
  return Math.min(indexBytes, file + settings.pageSegments * bytesPerSegment);
}

const lambdaDollars = (seconds: number): number =>
  (seconds * (ONE_VCPU_MIB / 1024) * perMillion['Lambda GB-second, arm64']) / 1e6;

interface Ran {
  readonly scan: MapRunResult;
  readonly work: MapRunResult;
  readonly singles: readonly number[];
}

function uses({ kind, objects, settings }: Workload, plan: JobPlan, ran: Ran, figures: Figures): Use[] {
  const { scan, work, singles } = ran;
  const segments = kind === 'first backup' ? work.turns : 0;
  // A bucket that changes everywhere has so many deltas in each range before they are merged.
  const deltas = kind === 'incremental, 0.1 % changed' ? MOST_DELTAS : 0;
  const { bytesPerSegment } = plan;
  const indexBytes = Math.max((1 + deltas) * plan.indexBytes, segments * bytesPerSegment);
  const manifestBytes = manifestBytesOf(plan, settings, indexBytes / bytesPerSegment);
  const after = deltas > 0 ? ` after ${String(deltas)} jobs that found changes in every range` : '';
  const memoryMiB = kind === 'restore' ? figures.assessMiB(objects) : figures.commitMiB(indexBytes / 1024 / 1024);
  return [
    { quota: 'mapConcurrency', used: Math.max(scan.mostWorkers, work.mostWorkers), of: 'map run' },
    { quota: 'lambdaConcurrency', used: Math.max(scan.mostWorkers, work.mostWorkers) + 1, of: 'Lambdas' },
    { quota: 'transitions', used: Math.max(scan.mostTransitions, work.mostTransitions), of: 'map run' },
    {
      quota: 'historyEvents',
      used: 10 + EVENTS_PER_TURN * Math.max(scan.mostTurnsOfUnit, work.mostTurnsOfUnit),
      of: 'history of a child',
    },
    { quota: 'payloadBytes', used: plan.payloadBytes, of: 'input of a map' },
    { quota: 'itemsFileBytes', used: plan.unitsFileBytes, of: 'list of units' },
    { quota: 'stringBytes', used: manifestBytes, of: `manifest${after}` },
    { quota: 'memoryMiB', used: memoryMiB, of: kind === 'restore' ? 'assess' : `commit${after}` },
    { quota: 'lambdaSeconds', used: Math.max(...singles), of: kind === 'restore' ? 'finish' : 'commit' },
  ];
}

/** Where the bucket's key is used without a bucket key, each object is a request to KMS. */
const kmsThrottled = (requests: number): string[] =>
  requests > QUOTAS.kmsRequests.value ? ['KMS, where a bucket has no bucket key'] : [];

function tooLong(seconds: number): string[] {
  const problems: string[] = [];
  const most = SCRATCH_LIFETIME.toSeconds();
  if (seconds > most)
    problems.push(
      `the job takes ${(seconds / 86_400).toFixed(0)} days, but its work files expire after ${String(most / 86_400)}`,
    );
  if (seconds > QUOTAS.executionSeconds.value) problems.push('the job takes more than a year');
  if (LAMBDA_TIMEOUT.toSeconds() > QUOTAS.lambdaSeconds.value) problems.push('a turn takes longer than a Lambda may');
  return problems;
}
