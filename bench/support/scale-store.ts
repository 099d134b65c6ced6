import {
  fileTableKey,
  manifestKey,
  restoreReportPrefix,
  segmentKey,
  turnKey,
  unitsKey,
  workKey,
} from '../../lambda/contract/layout';
import { NO_HOLDINGS } from '../../lambda/core/backup/holdings';
import type { BackupJob } from '../../lambda/core/backup/job';
import type { RangeResult } from '../../lambda/core/backup/range-result';
import type { Manifest } from '../../lambda/core/history/manifest';
import type { SegmentRef } from '../../lambda/core/history/segment-index';
import { afterKey, type KeyRange } from '../../lambda/core/keys/order';
import type { PlanResult } from '../../lambda/core/restore/result';
import { type WeightSample, SAMPLES_PER_RANGE } from '../../lambda/core/scan/weights';
import { sha256Hex } from '../../lambda/core/values/hash';
import {
  type GetOptions,
  type ObjectBody,
  type ObjectHead,
  type ObjectPage,
  type ObjectRef,
  type PutOptions,
  StoreError,
  type Written,
} from '../../lambda/ports/object-store';
import { NextHistory } from '../../lambda/usecases/backup/compare/next-history';
import { type ScanResult } from '../../lambda/usecases/backup/sources/result';
import { DEFAULT_SETTINGS } from '../../lambda/usecases/context';
import type { Vault } from '../../lambda/usecases/vault/vault';
import { PLAN_STEP, RANGE_STEP, SCAN_STEP, RESTORE_STEP } from '../../lambda/usecases/work/step-names';
import { AbsentStore, Counter, type DiskStore, NOW } from './disk-store';
import { BUCKET } from './generated-bucket';

/** What the steps of a job between two fan-outs find: so many units, each of so many turns. Keys have 35 characters. */
export interface JobShape {
  readonly objects: number;
  readonly scanUnits: number;
  readonly scanTurns: number;
  readonly ranges: number;
  readonly rangeTurns: number;
  /** Segments that each range has beside its base. */
  readonly deltas: number;
  readonly planUnits: number;
  readonly planFiles: number;
}

const JOB_ID = '20261122T101500Z-4f0c1d7ab2c9';
const OBJECT_BYTES = 1_024;

/** The job of the shape: the first backup of the bucket. */
export const scaleJob: BackupJob = {
  jobId: JOB_ID,
  executionArn: 'arn:aws:states:us-east-1:111111111111:execution:backup:scale',
  startedAt: '2026-11-22T10:15:00Z',
  bucket: BUCKET,
  asOf: NOW,
  previousAsOf: 0,
  seq: 1,
  fence: 1,
  source: 'listing',
  requests: {},
  versions: 'ALL',
  metadata: 'EVENTS',
  region: 'us-east-1',
  aclsEnabled: false,
  ownership: 'BucketOwnerEnforced',
};

const keyOf = (n: number): string => `data/2026/11/object-${String(Math.floor(n)).padStart(11, '0')}.json`;
/** The number of things that part `n` of so many parts has: whole numbers whose sum is the total. */
const shareOf = (total: number, parts: number, n: number): number =>
  Math.floor((total * (n + 1)) / parts) - Math.floor((total * n) / parts);
const hashOf = (text: string): string => sha256Hex(Buffer.from(text));

/** Work files and manifest of a job whose size is a formula: a file is made when a step reads it, as bytes, like S3's answer. */
export class ScaleStore extends AbsentStore {
  readonly counter = new Counter();
  bytesRead = 0;
  bytesWritten = 0;
  private readonly kept = new Map<string, Uint8Array>();
  /** The job whose results it has: those of each write segments of their own. */
  round = 1;
  /** Whether it keeps the pages of an index that are written, to be read again. */
  keepsPages = false;

  /** `history`: where the manifest and its pages are, so that making them is not a part of what is measured. */
  constructor(
    private readonly shape: JobShape,
    private readonly history?: DiskStore,
  ) {
    super();
  }

  counts(): Record<string, number> {
    return this.counter.counts();
  }

  override put = ({ key, body }: PutOptions): Promise<Written> => {
    this.counter.add('PutObject');
    this.bytesWritten += body.byteLength;
    if (body.byteLength < 64 * 1024 || (this.keepsPages && key.includes('/index/'))) this.kept.set(key, body);
    return Promise.resolve({ etag: 'an-etag', versionId: 'v'.repeat(32) });
  };

  override get = async ({ key }: GetOptions): Promise<ObjectBody> => {
    this.counter.add('GetObject');
    const body = this.kept.get(key) ?? this.made(key) ?? (await this.history?.get({ bucket: BUCKET, key }))?.body;
    if (!body) throw new StoreError('not-found', `no ${key}`);
    this.bytesRead += body.byteLength;
    return { ...described(body.byteLength), body };
  };

  override head = ({ key }: ObjectRef): Promise<ObjectHead> => {
    this.counter.add('HeadObject');
    return Promise.resolve(described(this.kept.get(key)?.byteLength ?? 0));
  };

  override listObjects = ({ prefix = '' }: { prefix?: string }): Promise<ObjectPage> => {
    const key = manifestKey(BUCKET, 1);
    const entries = key.startsWith(prefix) ? [{ key, size: 1, etag: 'an-etag', lastModified: NOW }] : [];
    return Promise.resolve({ entries });
  };

  /** Segments that the index of the job's commit names. */
  get segmentsIn(): number {
    const { ranges, rangeTurns, deltas } = this.shape;
    return ranges * (rangeTurns + deltas);
  }

  /** The manifest that the job's commit writes; its pages go to the vault. */
  async manifest(vault: Vault): Promise<Manifest> {
    const { ranges, deltas, objects, rangeTurns } = this.shape;
    const { pageSegments } = DEFAULT_SETTINGS;
    const next = new NextHistory({ vault, job: scaleJob, base: undefined, cuts: true, pageSegments });
    for (let n = 0; n < ranges; n++)
      await next.add(this.range(n), { segments: this.segments(n, rangeTurns + deltas), merged: [] });
    const counts = { objects, versions: objects, markers: 0, bytes: 0, stored: objects, storedBytes: 0, reused: 0 };
    return {
      bucket: BUCKET,
      region: 'us-east-1',
      seq: 1,
      jobId: JOB_ID,
      asOf: '2026-11-22T10:15:00Z',
      source: 'listing',
      versions: 'ALL',
      recoveryPoint: { state: 'COMPLETED' },
      ownership: 'BucketOwnerEnforced',
      history: await next.finish(),
      counts: { ...counts, removed: 0, restated: 0, skipped: {} },
    };
  }

  private made(key: string): Uint8Array | undefined {
    const { scanUnits, ranges, planUnits } = this.shape;
    if (key === unitsKey(JOB_ID, SCAN_STEP)) return lines(scanUnits, (n) => ({ id: String(n) }));
    if (key === unitsKey(JOB_ID, RANGE_STEP)) return lines(ranges, (n) => ({ id: String(n), ...this.range(n) }));
    if (key === unitsKey(JOB_ID, PLAN_STEP)) return lines(planUnits, (n) => ({ id: String(n), from: '' }));
    if (key === unitsKey(JOB_ID, RESTORE_STEP)) return lines(ranges, (n) => ({ id: String(n) }));
    if (key.endsWith('/runs.json')) return json({ scan: [], changes: [], rows: 0, lag: 0, gaps: [] });
    if (key === 'history.json') return json({});
    if (key.endsWith('/selection.json')) return json({ intervals: [{ from: '' }], innerKeys: [], innerPrefixes: [] });
    const [, step = '', unit = '', turn = ''] = /^jobs\/[^/]+\/(\w+)\/(\d+)\/turn-(\d+)\.json$/.exec(key) ?? [];
    return key === turnKey(JOB_ID, step, unit, Number(turn)) ? this.turn(step, Number(unit), Number(turn)) : undefined;
  }

  private turn(step: string, unit: number, turn: number): Uint8Array | undefined {
    const { scanTurns, rangeTurns } = this.shape;
    const cursor =
      turn + 1 < (step === SCAN_STEP ? scanTurns : step === RANGE_STEP ? rangeTurns : 1) ? { cursor: {} } : {};
    if (step === SCAN_STEP) return json({ result: this.scanResult(unit * scanTurns + turn), ...cursor });
    if (step === RANGE_STEP) return json({ result: this.rangeResult(unit, turn), ...cursor });
    if (step === PLAN_STEP) return json({ result: this.planResult(unit) });
    return step === RESTORE_STEP ? json({ result: this.restoreResult(unit) }) : undefined;
  }

  private scanResult(turn: number): ScanResult {
    const { objects, scanUnits, scanTurns, ranges } = this.shape;
    const rows = shareOf(objects, scanUnits * scanTurns, turn);
    const count = Math.max(1, Math.round((ranges * SAMPLES_PER_RANGE) / (scanUnits * scanTurns)));
    const samples = Array.from({ length: count }, (_, n): WeightSample => ({
      key: keyOf(rows * turn + (rows * (n + 1)) / count),
      weight: (ranges * 50_000) / (scanUnits * scanTurns * count),
    }));
    // A row takes about 42 bytes of a run, a part has about 16 MiB.
    const parts = Math.ceil(rows / 390_000);
    const run = Array.from({ length: parts }, (_, n) => ({
      key: workKey(JOB_ID, SCAN_STEP, String(turn), `${hashOf(`${String(turn)} ${String(n)}`)}.run`),
      bytes: 16_777_216,
      index: 16_770_000,
      indexSha256: hashOf(String(n)),
      minKey: keyOf(rows * turn + n),
      maxKey: keyOf(rows * turn + n + 1),
      rows: 390_000,
    }));
    return { runs: [run], samples, versions: rows, requests: { ListObjectVersions: Math.ceil(rows / 1_000) } };
  }

  private rangeResult(range: number, turn: number): RangeResult {
    const { objects, ranges, rangeTurns } = this.shape;
    const stored = shareOf(objects, ranges * rangeTurns, range * rangeTurns + turn);
    const none = { leftOut: 0, reused: 0, removed: 0, restated: 0, omitted: 0, unread: 0, captured: 0, lost: 0 };
    return {
      segments: this.segments(range, rangeTurns).slice(turn, turn + 1),
      merged: [],
      objects: stored,
      versions: stored,
      bytes: stored * OBJECT_BYTES,
      markers: 0,
      stored,
      storedBytes: stored * OBJECT_BYTES,
      ...none,
      folded: 0,
      change: NO_HOLDINGS,
      later: NO_HOLDINGS,
      gaps: 0,
      missing: 0,
      skipped: {},
      reports: [],
      requests: { GetObject: stored },
    };
  }

  private planResult(unit: number): PlanResult {
    const { objects, planUnits, planFiles } = this.shape;
    const each = shareOf(objects, planUnits, unit);
    const files = Array.from({ length: planFiles }, (_, n) => ({
      key: workKey(JOB_ID, PLAN_STEP, String(unit), `actions-${hashOf(`${String(unit)} ${String(n)}`)}.jsonl`),
      weight: each / planFiles,
    }));
    const none = { markers: 0, deletes: 0, uncovered: 0, conflicts: 0, uncertain: 0, archived: 0 };
    const counts = {
      objects: each,
      versions: each,
      bytes: each * OBJECT_BYTES,
      ...none,
      doubts: {},
      skipped: {},
      notUndoable: {},
    };
    const matches = { matched: [0], matchedKeys: [], matchedPrefixes: [] };
    return { files, ...counts, ...matches, estimated: { PutObject: each }, requests: {}, reports: [] };
  }

  private restoreResult(unit: number) {
    const restored = shareOf(this.shape.objects, this.shape.ranges, unit);
    const none = { uncovered: 0, markers: 0, lostDeletes: 0, failed: 0, verifiedByReading: 0 };
    const reports = [
      `${restoreReportPrefix(BUCKET, JOB_ID)}restore-${String(unit)}-0-${hashOf(String(unit)).slice(0, 32)}.jsonl`,
    ];
    return { restored, bytes: restored * OBJECT_BYTES, ...none, skipped: {}, requests: {}, reports };
  }

  private range(n: number): KeyRange {
    const { objects, ranges } = this.shape;
    const cut = (at: number): string => afterKey(keyOf((objects / ranges) * at));
    return { from: n === 0 ? '' : cut(n), to: n + 1 < ranges ? cut(n + 1) : undefined };
  }

  /** Segments of a range, each of a part of its keys. */
  private segments(range: number, count: number): SegmentRef[] {
    const { objects, ranges } = this.shape;
    const each = objects / ranges;
    return Array.from({ length: count }, (_, n): SegmentRef => {
      const sha256 = hashOf(`${String(range)} ${String(n)} of ${String(this.round)}`);
      const name = segmentKey(BUCKET, JOB_ID, sha256);
      return {
        name,
        versionId: sha256.slice(0, 32),
        sha256,
        bytes: Math.round((each / count) * 70),
        filesName: fileTableKey(name),
        filesVersionId: sha256.slice(32),
        filesSha256: sha256,
        rows: Math.round(each / count),
        minKey: keyOf(each * range + 1 + (each / count) * n),
        maxKey: keyOf(each * range + (each / count) * (n + 1)),
        commit: this.round,
      };
    });
  }
}

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value), 'utf8');

function lines(count: number, of: (n: number) => unknown): Uint8Array {
  const chunks: Buffer[] = [];
  for (let n = 0; n < count; n++) chunks.push(Buffer.from(`${JSON.stringify(of(n))}\n`));
  return Buffer.concat(chunks);
}

const described = (size: number): ObjectHead => ({
  etag: 'an-etag',
  size,
  lastModified: NOW,
  storageClass: 'STANDARD',
  headers: {},
  userMetadata: {},
  missingMetadata: 0,
  tagCount: 0,
  date: NOW,
});
