import { shareOfRate } from '../lambda/usecases/backup/limits/paced';
import { type Figures, readFigures, requestsOf } from './fan-out/figures';
import { type JobResult, simulateJob } from './fan-out/job';
import { QUOTAS } from './fan-out/quotas';
import {
  type JobKind,
  type JobPlan,
  pacedPlan,
  planJob,
  SETTINGS,
  type SettingsName,
  type Workload,
} from './fan-out/workload';

/** A job of a size under the settings of a deployment. */
export interface FanOutRow extends JobResult {
  readonly settings: SettingsName;
  readonly job: JobKind;
  readonly objects: number;
  readonly size: string;
  readonly plan: JobPlan;
  /** The same job with as many workers as the deployment allows, whatever the rate. */
  readonly allWorkers: { readonly seconds: number; readonly dollars: number };
}

/** What the benchmark leaves in its file. */
export interface FanOutResults {
  readonly quotas: typeof QUOTAS;
  readonly figures: Readonly<Record<string, number>>;
  readonly rows: readonly FanOutRow[];
}

const KIB = 1_024;
const OBJECTS = [1e5, 1e6, 1e7, 1e8, 1e9, 1e10];
const SIZES = { '1 KB': KIB, '100 KB': 100 * KIB, '10 MB': 10 * KIB * KIB } as const;
/** Jobs, and what the benchmark of requests calls them. */
const JOBS: Readonly<Record<JobKind, string>> = {
  'first backup': 'first backup',
  'incremental, 0.1 % changed': 'incremental, 0.1 % changed',
  restore: 'restore to a new bucket',
};

/** Simulates jobs of 10⁵ to 10¹⁰ objects: time, price, what limits them, and quotas that they would pass. */
export async function fanOutBench(sizes: readonly number[] = OBJECTS): Promise<FanOutResults> {
  const figures = readFigures();
  const rows: FanOutRow[] = [];
  for (const settings of Object.keys(SETTINGS) as SettingsName[])
    for (const job of Object.keys(JOBS) as JobKind[])
      for (const objects of sizes)
        for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
          const row = await simulate(settings, job, objects, size, figures);
          console.log(line(row));
          rows.push(row);
        }
  const broken = rows.filter((row) => row.broken.length > 0);
  if (broken.length > 0) {
    console.log(`\n${String(broken.length)} of ${String(rows.length)} jobs would pass a quota:`);
    for (const row of broken) console.log(`${name(row)}: ${row.broken.join('; ')}`);
  }
  const numbers = Object.entries(figures).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  return { quotas: QUOTAS, figures: Object.fromEntries(numbers), rows };
}

const plans = new Map<string, Promise<JobPlan>>();

/** The cuts are the same under all settings of speed. */
function plannedOnce(workload: Workload): Promise<JobPlan> {
  const key = `${workload.kind} ${String(workload.objects)} ${String(workload.bytes)}`;
  const planned = plans.get(key) ?? planJob(workload);
  plans.set(key, planned);
  return planned;
}

async function simulate(
  settings: SettingsName,
  job: JobKind,
  objects: number,
  size: keyof typeof SIZES,
  figures: Figures,
): Promise<FanOutRow> {
  const requestCounts = requestsOf(JOBS[job], size);
  const workload = { kind: job, objects, bytes: SIZES[size], settings: SETTINGS[settings], requestCounts };
  const planned = await plannedOnce(workload);
  const plan = pacedPlan(workload, planned);
  const share = plan.share && shareOfRate(workload.settings, plan.workUnits);
  const all = simulateJob(workload, { ...plan, concurrency: workload.settings.maxConcurrency, share }, figures);
  const allWorkers = { seconds: all.seconds, dollars: all.dollars };
  return { settings, job, objects, size, plan, ...simulateJob(workload, plan, figures), allWorkers };
}

const name = ({ settings, job, objects, size }: FanOutRow): string =>
  `${settings}, ${job}, ${objects.toExponential(0)} objects of ${size}`;

function line(row: FanOutRow): string {
  const { seconds, dollars, lambdaDollars, plan, work, bottleneck, throttled, broken } = row;
  return [
    `${name(row)}: ${duration(seconds)}, US$ ${dollars.toFixed(2)} (Lambda ${lambdaDollars.toFixed(2)});`,
    `${String(plan.scanUnits)} and ${String(plan.workUnits)} units, ${String(work.mostWorkers)} workers, ${String(work.turns)} turns;`,
    `limit: ${bottleneck}${throttled.length > 0 ? `, asks to slow down: ${throttled.join(' and ')}` : ''}${broken.length > 0 ? '; PASSES A QUOTA' : ''}`,
  ].join(' ');
}

function duration(seconds: number): string {
  if (seconds < 600) return `${seconds.toFixed(0)} s`;
  if (seconds < 6 * 3_600) return `${(seconds / 60).toFixed(0)} min`;
  return seconds < 4 * 86_400 ? `${(seconds / 3_600).toFixed(1)} h` : `${(seconds / 86_400).toFixed(1)} d`;
}
