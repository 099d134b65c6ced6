import type { StartJobsInput } from '../../contract/steps';
import { sha256Hex } from '../../core/values/hash';
import { fromIso, toIso } from '../../core/values/instant';
import type { CaptureControl } from '../../ports/capture-control';
import type { BucketTags, Executions, Log } from '../../ports/runtime';

export interface StartPorts {
  readonly executions: Executions;
  /** Executions of the Upkeep workflow. */
  readonly upkeep: Executions;
  readonly captureControl: Pick<CaptureControl, 'ensureRules'>;
  readonly tags: BucketTags;
  readonly log: Log;
  /** Buckets of the vault itself. */
  readonly ownBuckets: readonly string[];
}

const MAX_DELAY_SECONDS = 15 * 60;
/** Execution names have at most 80 characters. */
const MAX_NAME = 80;

/**
 * A schedule fired: starts one execution for each bucket. Each begins after a stable delay of at most a quarter of the start window, so
 * that many buckets do not start in one second. Names repeat when the schedule's delivery does, so nothing starts twice;
 * rules that ask for different things have different names, even in plans of one name.
 *
 * A continuous rule starts Upkeep, and first has the events of buckets captured that the template could not name. When that fails, the jobs start
 * all the same, and then the call fails, to be tried again: those of all other buckets must not wait for it.
 */
export async function startJobs(ports: StartPorts, input: StartJobsInput): Promise<{ readonly started: number }> {
  const { found, buckets } = await selectedBuckets(ports, input);
  const { continuous } = input;
  const failure = continuous && (await captureFound(ports, input, found));
  const executions = continuous ? ports.upkeep : ports.executions;
  const request = continuous ? { deleteAfterDays: continuous.deleteAfterDays } : input.request;
  const scheduled = fromIso(input.scheduledTime);
  const startBy = scheduled + input.startWindowMinutes * 60;
  const completeBy = startBy + input.completionWindowMinutes * 60;
  const most = Math.min(MAX_DELAY_SECONDS, (input.startWindowMinutes * 60) / 4);
  for (const bucket of buckets) {
    const hash = sha256Hex(JSON.stringify([input.plan, input.rule, bucket, request, startBy, completeBy]));
    const share = buckets.length === 1 ? 0 : parseInt(hash.slice(0, 8), 16) / 0x1_0000_0000;
    const stamp = toIso(scheduled).replace(/[-:]/g, '');
    await executions.start({
      name: `${stamp}-${hash.slice(0, 12)}-${bucket}`.slice(0, MAX_NAME),
      input: {
        ...request,
        bucket,
        scheduled: {
          plan: input.plan,
          rule: input.rule,
          scheduledTime: toIso(scheduled),
          startBy: toIso(startBy),
          completeBy: toIso(completeBy),
          notBefore: toIso(scheduled + Math.floor(share * most)),
        },
      },
    });
  }
  ports.log.info('JobsStarted', { plan: input.plan, rule: input.rule, jobs: buckets.length });
  if (failure) throw failure.error;
  return { started: buckets.length };
}

/**
 * Has the events of buckets captured that no rule of the template names. Nothing found is no reason to take rules away: it may be the lookup that is
 * behind. Answers what went wrong.
 */
async function captureFound(
  { captureControl, log, ownBuckets }: StartPorts,
  { plan, buckets, continuous }: StartJobsInput,
  found: readonly string[],
): Promise<{ readonly error: unknown } | undefined> {
  const unnamed = continuous?.unnamed ?? [];
  const named = new Set([...ownBuckets, ...buckets.filter((bucket) => !unnamed.includes(bucket))]);
  const wanted = [...new Set([...unnamed, ...found])].filter((bucket) => !named.has(bucket));
  if (wanted.length === 0) return undefined;
  try {
    const { changed } = await captureControl.ensureRules(wanted);
    if (changed > 0) log.info('CaptureRulesChanged', { plan, changed });
    return undefined;
  } catch (error) {
    log.error('CaptureRulesNotChanged', { plan, buckets: wanted.length, problem: String(error) });
    return { error };
  }
}

/** Buckets that are named or have a tag now, each once. A tag on the whole app also selects the vault's own, which are left out. */
async function selectedBuckets(
  { tags, ownBuckets }: StartPorts,
  input: StartJobsInput,
): Promise<{ readonly found: readonly string[]; readonly buckets: readonly string[] }> {
  const tagged = await Promise.all((input.tags ?? []).map((tag) => tags.bucketsWith(tag)));
  const isForeign = (bucket: string): boolean => !ownBuckets.includes(bucket);
  const found = [...new Set(tagged.flat().sort())].filter(isForeign);
  return { found, buckets: [...new Set([...input.buckets, ...found])].filter(isForeign) };
}
