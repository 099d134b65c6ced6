import { addCounts } from '../core/counts';
import { parseS3Event, S3Event } from '../core/s3-event';
import type { ChangeLog, LoggedChange } from '../ports/change-log';
import type { Log } from '../ports/runtime';
import { isStoreError, StoreError } from '../ports/object-store';
import type { CountingStore, Deployment } from './context';
import { runInOrder } from './pool';
import { readChanged } from './read-changed';
import { requestsSince } from './requests';

export interface CapturePorts {
  readonly source: CountingStore;
  readonly changeLog: ChangeLog;
  readonly log: Log;
  readonly deployment: Pick<Deployment, 'vaultBucket' | 'scratchBucket'>;
  readonly settings: { readonly concurrency: number };
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

/**
 * Reads the tags or the ACL that each event tells of, each version once however many events a batch has of it, and logs them as
 * states of the version since the event's time. Every call may be repeated, in any order: the state that holds in the end is that of
 * the last event, which is read after it.
 */
export async function captureChanges(ports: CapturePorts, messages: readonly CaptureMessage[]): Promise<CaptureOutput> {
  const before = { ...ports.source.counts() };
  const failed = new Set<string>();
  const fail = (some: readonly Received[], cause: unknown): void => {
    for (const { messageId } of some) failed.add(messageId);
    const { name, message } = cause as Error;
    // What S3 says of an error may hold a key.
    const problem = cause instanceof StoreError ? cause.code : `${name}: ${message}`;
    ports.log.warn('ChangesNotCaptured', { messages: some.length, problem });
  };
  const received = parseAll(ports, messages, failed);
  const wanted = groupByVersion(received.filter(({ event }) => !isOwn(ports, event)));
  const counts = { logged: 0, vanished: 0 };
  const read = await runInOrder(
    wanted,
    ports.settings.concurrency,
    () => true,
    async (group) => {
      try {
        return { group, changes: await changesOf(ports, group) };
      } catch (error) {
        fail(group, error);
        return { group, changes: undefined };
      }
    },
  );
  const captured = read.flatMap(({ group, changes }) => (changes ? [{ group, changes }] : []));
  try {
    await ports.changeLog.append(captured.flatMap(({ changes }) => changes));
    counts.vanished = captured.filter(({ changes }) => changes.length === 0).length;
    counts.logged = captured.reduce((sum, { changes }) => sum + changes.length, 0);
  } catch (error) {
    fail(
      captured.flatMap(({ group }) => group),
      error,
    );
  }
  const requests = addCounts({}, requestsSince(ports.source, before));
  ports.log.info('ChangesCaptured', { messages: messages.length, ...counts, failed: failed.size, requests });
  return { batchItemFailures: [...failed].map((itemIdentifier) => ({ itemIdentifier })) };
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

/** Messages that one read answers. */
function groupByVersion(received: readonly Received[]): Received[][] {
  const groups = new Map<string, Received[]>();
  for (const one of received) {
    const { bucket, key, versionId, field } = one.event;
    const id = JSON.stringify([bucket, key, versionId, field]);
    groups.set(id, [...(groups.get(id) ?? []), one]);
  }
  return [...groups.values()];
}

/** A state for each event and version; none when the version is gone. */
async function changesOf({ source }: CapturePorts, group: readonly Received[]): Promise<LoggedChange[]> {
  const [first] = group;
  if (!first) return [];
  try {
    const states = await readChanged(source, first.event);
    return group.flatMap(({ event: { id, bucket, time } }) =>
      states.map(({ suffix, ...state }): LoggedChange => ({
        id: `${id}${suffix}`,
        bucket,
        row: { ...state, kind: 'state', effectiveFrom: time, observedAt: state.observedAt ?? time, source: 'event' },
      })),
    );
  } catch (error) {
    if (isStoreError(error, 'no-such-bucket')) return [];
    throw error;
  }
}
