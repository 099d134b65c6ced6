import { MetricName } from '../../contract/metrics';
import { LOST, PENDING } from '../../core/backup/fold-versions';
import { isRefused } from '../../core/backup/refused';
import { isVersionEvent, MetadataEvent, parseS3Event, S3Event } from '../../core/capture/s3-event';
import { PACK_BYTES, PackBuilder } from '../../core/history/files/pack';
import { NULL_VERSION, UNREAD } from '../../core/history/row';
import { addCounts } from '../../core/values/counts';
import type { ChangeLog, LoggedChange } from '../../ports/change-log';
import { isStoreError, StoreError, type CountingStore } from '../../ports/object-store';
import type { Log, Metrics } from '../../ports/runtime';
import type { Deployment } from '../context';
import { writePack } from '../versions/write-pack';
import { runInOrder } from '../work/pool';
import { requestsSince } from '../work/requests';
import { underTrueKey } from './event-key';
import { readChanged } from './read-changed';
import { captureJobId, captureVersion, CaptureVersionPorts } from './versions';

export interface CapturePorts extends CaptureVersionPorts {
  readonly source: CountingStore;
  readonly changeLog: ChangeLog;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly deployment: Pick<Deployment, 'vaultBucket' | 'scratchBucket'>;
  readonly settings: CaptureVersionPorts['settings'] & { readonly concurrency: number };
}

/** A message of the capture queue, as SQS hands it to a function. */
export interface CaptureMessage {
  readonly messageId: string;
  /** An event, as EventBridge sent it. */
  readonly body: string;
}
/** The messages that SQS shall deliver again; after several times it moves them to the dead-letter queue. */
export interface CaptureOutput {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

interface Received {
  readonly messageId: string;
  readonly event: S3Event;
}
/** Messages that one read answers, and what it answered: changes to log, and a body that belongs to the first of them. */
interface Read {
  readonly group: readonly Received[];
  readonly changes: readonly LoggedChange[];
  readonly body?: Uint8Array;
  /** The key of the event was URL-encoded. */
  readonly isDecoded?: boolean;
}

/**
 * Stores the versions that events tell of, reads the tags or the ACL that they tell of, each version once however many events a batch
 * has of it, and logs all of it. A body is in the vault before its change is in the log. Every call may be repeated, in any order.
 */
export async function captureChanges(ports: CapturePorts, messages: readonly CaptureMessage[]): Promise<CaptureOutput> {
  const before = { ...ports.source.counts() };
  const failed = new Set<string>();
  const counts = { logged: 0, vanished: 0, decoded: 0 };
  const received = parseAll(ports, messages, failed).filter(({ event }) => !isOwn(ports, event));
  for (const slice of slices(groupByVersion(received), ports.settings.packThreshold)) {
    const read = await readAll(ports, slice, failed);
    try {
      await ports.changeLog.append(await withBodies(ports, read));
      const told = read.map(({ changes }) => changes.filter(({ row }) => !row.uncertain?.startsWith(UNREAD)).length);
      counts.vanished += told.filter((rows) => rows === 0).length;
      counts.logged += told.reduce((sum, rows) => sum + rows, 0);
      counts.decoded += read.filter(({ isDecoded }) => isDecoded).length;
      measure(ports, read);
    } catch (error) {
      fail(
        ports,
        failed,
        read.flatMap(({ group }) => group),
        error,
      );
    }
  }
  const requests = addCounts({}, requestsSince(ports.source, before));
  ports.log.info('ChangesCaptured', { messages: messages.length, ...counts, failed: failed.size, requests });
  return { batchItemFailures: [...failed].map((itemIdentifier) => ({ itemIdentifier })) };
}

function fail({ log }: CapturePorts, failed: Set<string>, some: readonly Received[], cause: unknown): void {
  for (const { messageId } of some) failed.add(messageId);
  const { name, message } = cause as Error;
  // What S3 says of an error may hold a key.
  const problem = cause instanceof StoreError ? cause.code : `${name}: ${message}`;
  log.warn('ChangesNotCaptured', { messages: some.length, problem });
}

function parseAll(ports: CapturePorts, messages: readonly CaptureMessage[], failed: Set<string>): Received[] {
  return messages.flatMap(({ messageId, body }) => {
    try {
      return [{ messageId, event: parseS3Event(body) }];
    } catch (error) {
      failed.add(messageId);
      ports.log.error('EventNotUnderstood', { messageId, problem: (error as Error).message });
      return [];
    }
  });
}

/** Events of the vault's own buckets are nobody's change. */
const isOwn = ({ deployment }: CapturePorts, { bucket }: S3Event): boolean =>
  bucket === deployment.vaultBucket || bucket === deployment.scratchBucket;

/** Messages that one read answers. Deletions need none, and each of them counts. */
function groupByVersion(received: readonly Received[]): Received[][] {
  const groups = new Map<string, Received[]>();
  for (const one of received) {
    const { event } = one;
    const { id, bucket, key, versionId } = event;
    // Two null versions may have the same bytes: each event tells of one of its own.
    const isNamed = versionId !== undefined && versionId !== NULL_VERSION;
    const which = isVersionEvent(event) && event.change === 'created' && isNamed ? event.etag : id;
    const what = isVersionEvent(event) ? [event.change, which] : [event.field];
    const group = JSON.stringify([bucket, key, versionId, ...what]);
    groups.set(group, [...(groups.get(group) ?? []), one]);
  }
  return [...groups.values()];
}

/** Groups whose bodies share a pack, and fit into memory together. */
function* slices(groups: readonly Received[][], packThreshold: number): Generator<Received[][]> {
  let slice: Received[][] = [];
  let bytes = 0;
  for (const group of groups) {
    slice.push(group);
    bytes += bodyBytes(group[0]?.event, packThreshold);
    if (bytes < PACK_BYTES) continue;
    yield slice;
    slice = [];
    bytes = 0;
  }
  if (slice.length > 0) yield slice;
}

function bodyBytes(event: S3Event | undefined, packThreshold: number): number {
  if (!event || !isVersionEvent(event) || event.change !== 'created') return 0;
  const { size = packThreshold } = event;
  return size > packThreshold ? 0 : size;
}

async function readAll(ports: CapturePorts, groups: Received[][], failed: Set<string>): Promise<readonly Read[]> {
  const read = await runInOrder(
    groups,
    ports.settings.concurrency,
    () => true,
    async (group): Promise<Read | undefined> => {
      try {
        return await readGroup(ports, group);
      } catch (error) {
        if (isStoreError(error, 'no-such-bucket')) return { group, changes: [] };
        fail(ports, failed, group, error);
        return undefined;
      }
    },
  );
  return read.filter((one) => one !== undefined);
}

async function readGroup(ports: CapturePorts, group: readonly Received[]): Promise<Read> {
  const [first] = group;
  if (!first) return { group, changes: [] };
  const { found, isDecoded } = await underTrueKey(ports.source, first.event, (source, event) =>
    readEvent({ ...ports, source }, group, event),
  );
  return { group, ...found, isDecoded };
}

async function readEvent(
  ports: CaptureVersionPorts,
  group: readonly Received[],
  event: S3Event,
): Promise<Pick<Read, 'changes' | 'body'>> {
  if (!isVersionEvent(event)) return { changes: await statesOf(ports, group, event) };
  const { row, body } = await captureVersion(ports, event);
  return { changes: [{ id: event.id, bucket: event.bucket, row }], body };
}

/** A state for each event and version. */
async function statesOf(
  { source }: CaptureVersionPorts,
  group: readonly Received[],
  changed: MetadataEvent,
): Promise<LoggedChange[]> {
  const states = await readChanged(source, changed);
  return group.flatMap(({ event: { id, bucket, time } }) =>
    states.map(({ suffix, ...state }): LoggedChange => ({
      id: `${id}${suffix}`,
      bucket,
      row: { ...state, kind: 'state', effectiveFrom: time, source: 'event' },
    })),
  );
}

/** The changes, once the bodies among them are in the vault. */
async function withBodies({ vault }: CapturePorts, read: readonly Read[]): Promise<readonly LoggedChange[]> {
  const pack = new PackBuilder();
  const changes: { readonly change: LoggedChange; readonly packed: boolean }[] = [];
  let day: string | undefined;
  for (const { group, changes: own, body } of read) {
    for (const change of own) {
      changes.push({
        change: body ? { ...change, row: pack.add(change.row, body) } : change,
        packed: body !== undefined,
      });
    }
    if (body) day ??= captureJobId(group[0]?.event.time ?? 0);
  }
  if (day === undefined) return changes.map(({ change }) => change);
  const file = await writePack(vault, { jobId: day, seq: 0 }, pack);
  return changes.map(({ change, packed }) => (packed ? { ...change, row: { ...change.row, file } } : change));
}

function measure({ metrics }: CapturePorts, read: readonly Read[]): void {
  const byBucket = Map.groupBy(
    read.flatMap(({ changes }) => changes),
    ({ bucket }) => bucket,
  );
  const decoded = Map.groupBy(
    read.filter(({ isDecoded }) => isDecoded === true),
    ({ group }) => group[0]?.event.bucket ?? '',
  );
  for (const [bucket, some] of decoded) metrics.put(MetricName.keysDecoded, some.length, bucket);
  for (const [bucket, changes] of byBucket) {
    const puts = changes.map(({ row }) => row).filter(({ kind }) => kind === 'put');
    const lost = puts.filter(({ uncertain }) => uncertain === LOST).length;
    const stored = puts.filter(({ file, uncertain }) => file !== undefined || uncertain === PENDING).length;
    const refused = puts.filter(isRefused).length;
    const lags = puts.flatMap((row) =>
      row.readAt === undefined ? [] : [row.readAt - (row.visibleFrom ?? row.lastModified)],
    );
    if (stored > 0) metrics.put(MetricName.versionsCaptured, stored, bucket);
    if (refused > 0) metrics.put(MetricName.versionsRefused, refused, bucket);
    if (lost > 0) metrics.put(MetricName.versionsLost, lost, bucket);
    if (lags.length > 0) metrics.put(MetricName.captureLag, Math.max(...lags), bucket);
  }
}
