import { MemoryS3 } from '../../lambda/adapters/memory';
import { DEADLINE_MARGIN_MS } from '../../lambda/contract/env';
import type { RangeUnit } from '../../lambda/core/backup/job';
import { encodeManifest, type Manifest } from '../../lambda/core/history/manifest';
import {
  cutRanges,
  versionWeight,
  type WeightSample,
  workersFor,
  workOf,
  SAMPLES_PER_RANGE,
} from '../../lambda/core/scan/weights';
import type { Counts } from '../../lambda/core/values/counts';
import { shareOfRate } from '../../lambda/usecases/backup/limits/paced';
import { listingUnits } from '../../lambda/usecases/backup/sources/listing-units';
import { type BackupSettings, DEFAULT_SETTINGS } from '../../lambda/usecases/context';
import { endOfRangeAt } from '../../lambda/usecases/history/segment-index';
import { planUnits, ROWS_PER_WEIGHT } from '../../lambda/usecases/restore/plan';
import { FILE_KEYS, FILES_PER_UNIT } from '../../lambda/usecases/restore/planning/book';
import { UnitCutter } from '../../lambda/usecases/restore/planning/units';
import type { Vault } from '../../lambda/usecases/vault/vault';
import { writeUnits } from '../../lambda/usecases/work/turns';
import { LAMBDA_TIMEOUT } from '../../lib/private/runtime-function';
import { NOW } from '../support/disk-store';
import { GeneratedSource, BUCKET } from '../support/generated-bucket';
import { scaleJob, ScaleStore } from '../support/scale-store';
import { benchPorts } from '../support/steps';
import { shapeOf } from './steps';

export type JobKind = 'first backup' | 'incremental, 0.1 % changed' | 'restore';

/** A job to simulate. */
export interface Workload {
  readonly kind: JobKind;
  readonly objects: number;
  readonly bytes: number;
  readonly settings: BackupSettings;
  /** Requests as the benchmark of requests has counted them. */
  readonly requestCounts: { readonly perObject: Readonly<Counts>; readonly perJob: Readonly<Counts> };
}

/** How the product cuts a job: numbers of units, and what goes through the state machine and the scratch bucket. */
export interface JobPlan {
  /** Listings, some at a time, by which Prepare finds where to cut a bucket that has no history. */
  readonly probes: number;
  readonly scanUnits: number;
  /** Parts of a unit that are listed at the same time. */
  readonly lanes: number;
  readonly workUnits: number;
  /** Workers that run at a time, and requests to the protected bucket that each of them may make in a second. */
  readonly concurrency: number;
  readonly share: number | undefined;
  readonly payloadBytes: number;
  readonly unitsFileBytes: number;
  /** The index of the last commit, with its pages (0: none). */
  readonly indexBytes: number;
  readonly bytesPerSegment: number;
  /** What the manifest has of each page. */
  readonly bytesPerPage: number;
}

/** A worker's turn starts nothing more after this many seconds. */
export const TURN_SECONDS = LAMBDA_TIMEOUT.toSeconds() - DEADLINE_MARGIN_MS / 1_000;
export const CHANGED = 0.001;
/** About, of a page that is named in a manifest. */
const PAGE_REF_BYTES = 300;

/** Plans a job by the product's own code: intervals of a listing, ranges, units of a restore, shares of the rate. */
export async function planJob({ kind, objects, bytes, settings }: Omit<Workload, 'requestCounts'>): Promise<JobPlan> {
  const store = new ScaleStore(shapeOf(objects, 1, versionWeight(bytes, false)));
  store.keepsPages = true;
  const source = new GeneratedSource({ objects });
  const ports = { ...benchPorts(source, store, store, NOW, new MemoryS3()), settings };
  const manifest = await store.manifest(ports.vault);
  const index = indexOf(manifest, store);
  if (kind === 'restore') return restorePlan({ objects, bytes, settings }, { vault: ports.vault, manifest }, index);
  const base = kind === 'first backup' ? undefined : manifest;
  const scan = await listingUnits(ports, BUCKET, base);
  const ranges = await cutRanges(samplesOf(objects, bytes, settings, base), settings.rangeWeight, (key) =>
    endOfRangeAt(ports.vault, base, key),
  );
  const share = shareOfRate(settings, ranges.length);
  const units = ranges.map((range, index): RangeUnit => ({ id: String(index), ...range, requestsPerSecond: share }));
  const sizes = [await sizeOf(scan), await sizeOf(units)];
  return {
    probes: source.counts().ListObjectVersions ?? 0,
    scanUnits: scan.length,
    lanes: Math.max(...scan.map(({ cuts = [] }) => cuts.length + 1)),
    workUnits: units.length,
    share,
    concurrency: settings.maxConcurrency,
    payloadBytes: Math.max(...sizes.map((size) => size.payload)),
    unitsFileBytes: Math.max(...sizes.map((size) => size.file)),
    ...index,
    indexBytes: base ? index.indexBytes : 0,
  };
}

/** The plan under the rate of a deployment: how many workers of a backup run at a time, and the share of each. */
export function pacedPlan({ kind, objects, bytes, settings }: Omit<Workload, 'requestCounts'>, plan: JobPlan): JobPlan {
  const { maxSourceRequestsPerSecond: rate, maxConcurrency, packThreshold } = settings;
  if (kind === 'restore') return { ...plan, concurrency: maxConcurrency };
  const fresh = kind === 'first backup' ? objects : Math.ceil(objects * CHANGED);
  const [one, known] = [workOf(bytes, false, packThreshold), workOf(bytes, true, packThreshold)];
  const seconds = fresh * one.seconds + (objects - fresh) * known.seconds;
  const concurrency = workersFor({ requests: fresh * one.requests, seconds }, rate, maxConcurrency, plan.workUnits);
  return { ...plan, concurrency, share: shareOfRate({ ...settings, maxConcurrency: concurrency }, plan.workUnits) };
}

async function restorePlan(
  { objects, bytes, settings }: Pick<Workload, 'objects' | 'bytes' | 'settings'>,
  { vault, manifest }: { readonly vault: Vault; readonly manifest: Manifest },
  index: Pick<JobPlan, 'indexBytes' | 'bytesPerSegment' | 'bytesPerPage'>,
): Promise<JobPlan> {
  const plans = await planUnits(vault, manifest, [{ from: '' }], ROWS_PER_WEIGHT * settings.rangeWeight);
  const weight = versionWeight(bytes, false);
  const perFile = Math.min(FILE_KEYS, Math.ceil(settings.rangeWeight / FILES_PER_UNIT / weight));
  // Files of the last thousand units, whose numbers are the longest, are cut as those of all are.
  const measured = plans.slice(-1_000);
  const files = Array.from({ length: Math.ceil(objects / plans.length / perFile) }, () => ({
    key: '',
    weight: perFile * weight,
  }));
  const cutter = new UnitCutter(settings.rangeWeight);
  for (const { id } of measured) cutter.add(id, 0, files);
  const { units } = cutter;
  const scale = plans.length / measured.length;
  const size = await sizeOf(units);
  return {
    probes: 0,
    scanUnits: plans.length,
    lanes: 1,
    workUnits: Math.ceil(units.length * scale),
    share: undefined,
    concurrency: settings.maxConcurrency,
    payloadBytes: size.payload,
    unitsFileBytes: Math.ceil(size.file * scale),
    ...index,
  };
}

/** Samples as a scan leaves them: one each eighth of a range's weight. */
function samplesOf(
  objects: number,
  bytes: number,
  { rangeWeight }: BackupSettings,
  base: Manifest | undefined,
): WeightSample[] {
  const fresh = versionWeight(bytes, false);
  const weight = base ? (1 - CHANGED) * versionWeight(bytes, true) + CHANGED * fresh : fresh;
  const each = Math.ceil(rangeWeight / SAMPLES_PER_RANGE / weight);
  return Array.from({ length: Math.ceil(objects / each) }, (_, n) => ({
    key: `data/2026/11/object-${String(Math.min(objects, each * (n + 1))).padStart(11, '0')}.json`,
    weight: weight * Math.min(each, objects - each * n),
  }));
}

/** What the index of a commit takes, by what was written of it. */
function indexOf(
  manifest: Manifest,
  { bytesWritten, segmentsIn }: ScaleStore,
): Pick<JobPlan, 'indexBytes' | 'bytesPerSegment' | 'bytesPerPage'> {
  const own = encodeManifest(manifest).byteLength;
  const indexBytes = bytesWritten + own;
  const { history } = manifest;
  const bytesPerPage = 'pages' in history ? own / history.pages.length : PAGE_REF_BYTES;
  return { indexBytes, bytesPerSegment: indexBytes / segmentsIn, bytesPerPage };
}

/** Bytes of a manifest that names so many segments, or the pages that have them. */
export const manifestBytesOf = (
  { bytesPerSegment, bytesPerPage }: Pick<JobPlan, 'bytesPerSegment' | 'bytesPerPage'>,
  { pageSegments }: BackupSettings,
  segments: number,
): number =>
  segments <= pageSegments ? segments * bytesPerSegment : Math.ceil(segments / pageSegments) * bytesPerPage;

/** What a fan-out's input and its list of units take. */
async function sizeOf(units: readonly object[]): Promise<{ payload: number; file: number }> {
  let file = 0;
  const store = new ScaleStore(shapeOf(1, 1));
  store.put = ({ body }) => {
    file = body.byteLength;
    return Promise.resolve({ etag: 'an-etag' });
  };
  const { scratch } = benchPorts(store, store, store);
  // Only the first thousand are written, and the rest reckoned: the list of all may be too long for one string.
  const some = units.slice(0, 1_000);
  const input = await writeUnits(scratch, 'ranges', scaleJob, some);
  const longest = Math.max(0, ...some.map((unit) => JSON.stringify(unit).length));
  return {
    payload: JSON.stringify(input).length + longest,
    file: Math.ceil((file * units.length) / Math.max(1, some.length)),
  };
}

/** Limits as a deployment has them by default, and as one that is made for speed. */
export const SETTINGS = {
  defaults: { ...DEFAULT_SETTINGS, maxSourceRequestsPerSecond: 2_000 },
  fast: { ...DEFAULT_SETTINGS, maxConcurrency: 900, maxSourceRequestsPerSecond: 100_000 },
} as const satisfies Readonly<Record<string, BackupSettings>>;
export type SettingsName = keyof typeof SETTINGS;
