import { ONE_VCPU_MIB } from '../../lib/private/runtime-function';

const SFN = 'docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html';
const LAMBDA = 'docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html';
const S3 = 'docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html';

/** A quota of AWS, as of 2026-11, for the us-east-1 Region; `elsewhere` where other Regions have less. */
export interface Quota {
  readonly what: string;
  readonly value: number;
  readonly elsewhere?: number;
  readonly source: string;
}

/** Quotas that the simulation keeps to or checks. Rates are a second, times are seconds, sizes are bytes. */
export const QUOTAS = {
  mapConcurrency: { what: 'children of one map run at a time (hard)', value: 10_000, source: SFN },
  openMapRuns: { what: 'open map runs of an account (hard)', value: 1_000, source: SFN },
  childStarts: { what: 'Standard children that a map run starts in a second', value: 100, source: SFN },
  expressStarts: { what: 'Express children that a map run starts in a second', value: 1_000, source: SFN },
  startExecutions: {
    what: 'StartExecution of Standard: refill a second, of a bucket of 1,300',
    value: 300,
    elsewhere: 150,
    source: SFN,
  },
  transitions: { what: 'state transitions of Standard a second', value: 5_000, elsewhere: 800, source: SFN },
  historyEvents: { what: 'events in the history of an execution (hard)', value: 25_000, source: SFN },
  payloadBytes: { what: 'input or output of a state (hard)', value: 256 * 1024, source: SFN },
  executionSeconds: { what: 'duration of a Standard execution (hard)', value: 365 * 86_400, source: SFN },
  itemsFileBytes: {
    what: 'file that a map reads its items from (hard)',
    value: 10 * 1024 ** 3,
    source: 'docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html',
  },
  lambdaConcurrency: { what: 'Lambdas of an account at a time', value: 1_000, source: LAMBDA },
  lambdaScaling: {
    what: 'new environments of one function in 10 s',
    value: 1_000,
    source: 'docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html',
  },
  lambdaSeconds: { what: 'duration of a call (hard)', value: 900, source: LAMBDA },
  s3Reads: { what: 'GET and HEAD a second of a partitioned prefix', value: 5_500, source: S3 },
  s3Writes: { what: 'PUT, COPY and LIST a second of a partitioned prefix', value: 3_500, source: S3 },
  kmsRequests: {
    what: 'KMS requests of an account a second',
    value: 100_000,
    elsewhere: 10_000,
    source: 'docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html',
  },
  /** Not of AWS, but as hard: V8's longest string. Manifests and lists of units are made as one. */
  stringBytes: {
    what: "V8's longest string (hard)",
    value: 0x1fffffe8,
    source: 'node:buffer constants.MAX_STRING_LENGTH',
  },
  memoryMiB: {
    what: 'MiB of a function of this vault (lib/private/runtime-function)',
    value: ONE_VCPU_MIB,
    source: 'lib/private/runtime-function.ts',
  },
} as const satisfies Readonly<Record<string, Quota>>;
export type QuotaName = keyof typeof QUOTAS;

/** What a job has of something that a quota limits. */
export interface Use {
  readonly quota: QuotaName;
  readonly used: number;
  /** Where. */
  readonly of: string;
}

/** Quotas that are passed, in words; of one quota only the worst use. */
export function passed(uses: readonly Use[]): string[] {
  const worst = new Map<QuotaName, Use>();
  for (const use of uses) {
    const known = worst.get(use.quota);
    if (use.used > QUOTAS[use.quota].value && (!known || known.used < use.used)) worst.set(use.quota, use);
  }
  return [...worst.values()].map(
    ({ quota, used, of }) =>
      `${of}: ${Math.ceil(used).toLocaleString('en')} is over ${QUOTAS[quota].value.toLocaleString('en')}, ${QUOTAS[quota].what}`,
  );
}
