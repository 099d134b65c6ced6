import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { changeItems } from '../lambda/adapters/change-items';
import { DELETION_TYPES } from '../lambda/core/capture/s3-event';
import type { ChangeLog, LoggedChange } from '../lambda/ports/change-log';
import { captureChanges } from '../lambda/usecases/capture/changes';
import { perMillion, type Price } from '../local/support/prices';
import { DiskStore, NOW } from './support/disk-store';
import { BUCKET, GeneratedSource, generatedVersion } from './support/generated-bucket';
import { benchPorts, SCRATCH_BUCKET } from './support/steps';

/** What capturing events took. Requests are counted, prices follow from them. */
export interface CaptureResult {
  readonly event: string;
  readonly events: number;
  /** To the protected bucket. */
  readonly requests: Readonly<Record<string, number>>;
  readonly vaultRequests: Readonly<Record<string, number>>;
  readonly logWrites: number;
  /** Size of an item of the change log, as DynamoDB counts it; a write unit is 1,024 bytes. */
  readonly logItemBytes: { readonly mean: number; readonly most: number };
  readonly logWriteUnits: number;
  readonly cpuMicrosPerEvent: number;
  readonly dollarsPerMillion: Readonly<Record<string, number>> & { readonly together: number };
}

const EVENTS = 10_000;
/** SQS hands a function so many messages at a time at most. */
const BATCH = 100;
/** SQS counts a request for each message that comes, and for up to ten that are received or deleted. */
const QUEUE_REQUESTS = 1 + 2 / 10;

/** Captures events of small objects: new versions, delete markers, permanent deletions, other tags. */
export async function captureBench(): Promise<CaptureResult[]> {
  const results: CaptureResult[] = [];
  for (const kind of ['put', 'marker', 'removed', 'tags'] as const) {
    const result = await capture(kind);
    console.log(line(result));
    results.push(result);
  }
  return results;
}

type Kind = 'put' | 'marker' | 'removed' | 'tags';

async function capture(kind: Kind): Promise<CaptureResult> {
  const folder = mkdtempSync(join(tmpdir(), 's3-backup-bench-'));
  const vault = new DiskStore(join(folder, 'vault'));
  const source = new GeneratedSource({ objects: EVENTS, changedEvery: 1 });
  const ports = benchPorts(source, vault, new DiskStore(join(folder, 'scratch')));
  const log = new CountedLog();
  try {
    const cpu = process.cpuUsage();
    for (let first = 0; first < EVENTS; first += BATCH) {
      const messages = Array.from({ length: BATCH }, (_, i) => message(kind, first + i));
      const { batchItemFailures } = await captureChanges(
        { ...ports, changeLog: log, deployment: { vaultBucket: 'the-vault', scratchBucket: SCRATCH_BUCKET } },
        messages,
      );
      if (batchItemFailures.length > 0) throw new Error(`${String(batchItemFailures.length)} events were not captured`);
    }
    const { user, system } = process.cpuUsage(cpu);
    return {
      event: kind,
      events: EVENTS,
      requests: source.counts(),
      vaultRequests: vault.counts(),
      logWrites: log.items,
      logItemBytes: { mean: Math.round(log.bytes / log.items), most: log.most },
      logWriteUnits: log.units,
      cpuMicrosPerEvent: Math.round((user + system) / EVENTS),
      dollarsPerMillion: prices(source.counts(), vault.counts(), log.units),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function prices(
  requests: Readonly<Record<string, number>>,
  vaultRequests: Readonly<Record<string, number>>,
  writeUnits: number,
): CaptureResult['dollarsPerMillion'] {
  const of = (price: Price, times: number): number => (perMillion[price] * times) / EVENTS;
  const s3 = [...Object.entries(requests), ...Object.entries(vaultRequests)].reduce(
    (sum, [operation, times]) => sum + of(operation === 'PutObject' ? 'S3 PUT' : 'S3 GET', times),
    0,
  );
  const parts = {
    s3,
    event: of('EventBridge event of S3', EVENTS),
    queue: of('SQS request', QUEUE_REQUESTS * EVENTS),
    table: of('DynamoDB write unit', writeUnits),
  };
  const together = Object.values(parts).reduce((sum, part) => sum + part, 0);
  const rounded = Object.entries({ ...parts, together }).map(([name, value]) => [name, Number(value.toFixed(3))]);
  return Object.fromEntries(rounded) as CaptureResult['dollarsPerMillion'];
}

class CountedLog implements ChangeLog {
  items = 0;
  bytes = 0;
  most = 0;
  units = 0;

  append(changes: readonly LoggedChange[]): Promise<void> {
    for (const item of changeItems(changes, NOW)) {
      // Names and texts count by their bytes, a number by about a byte for each two digits and one more.
      const size = Object.entries(item).reduce(
        (sum, [name, value]) => sum + name.length + (typeof value === 'number' ? 7 : Buffer.byteLength(String(value))),
        0,
      );
      this.items++;
      this.bytes += size;
      this.most = Math.max(this.most, size);
      this.units += Math.ceil(size / 1_024);
    }
    return Promise.resolve();
  }

  async *read(): AsyncGenerator<never> {
    // Nothing is read here.
  }
}

const TYPES: Readonly<Record<Kind, string>> = {
  put: 'Object Created',
  marker: 'Object Deleted',
  removed: 'Object Deleted',
  tags: 'Object Tags Added',
};

/** An event as EventBridge sends it. */
function message(kind: Kind, n: number): { readonly messageId: string; readonly body: string } {
  const { key, versionId, etag, size } = generatedVersion(n, 2);
  const deletion = Object.entries(DELETION_TYPES).find(([, change]) => change === DELETIONS[kind])?.[0];
  const hex = (value: number): string => value.toString(16).padStart(4, '0');
  const body = {
    version: '0',
    id: `17793124-05d4-b198-2fde-7edede63${hex(n)}`,
    'detail-type': TYPES[kind],
    source: 'aws.s3',
    account: '111111111111',
    time: new Date(NOW * 1_000).toISOString().replace('.000', ''),
    region: 'us-east-1',
    resources: [`arn:aws:s3:::${BUCKET}`],
    detail: {
      version: '0',
      bucket: { name: BUCKET },
      object: {
        key,
        'version-id': versionId,
        ...(kind === 'put' && { etag, size }),
        sequencer: `0055AED6DCD9${hex(n)}`,
      },
      'request-id': 'N4N7GDK58NMKJ12R',
      requester: '111111111111',
      'source-ip-address': '1.2.3.4',
      reason: kind === 'put' ? 'PutObject' : 'DeleteObject',
      ...(deletion !== undefined && { 'deletion-type': deletion }),
    },
  };
  return { messageId: String(n), body: JSON.stringify(body) };
}

const DELETIONS: Readonly<Partial<Record<Kind, string>>> = { marker: 'marked', removed: 'deleted' };

function line({
  event,
  events,
  requests,
  vaultRequests,
  logItemBytes,
  dollarsPerMillion,
  ...rest
}: CaptureResult): string {
  const each = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, count]) => `${String(count / events)} ${name}`)
      .join(', ') || 'none';
  return [
    `${event}: for each event ${each(requests)} to the bucket, ${each(vaultRequests)} to the vault,`,
    `${String(rest.logWrites / events)} log writes of ${String(logItemBytes.mean)} bytes (at most ${String(logItemBytes.most)});`,
    `CPU ${String(rest.cpuMicrosPerEvent)} µs; US$ ${String(dollarsPerMillion.together)} per million`,
    `(${Object.entries(dollarsPerMillion)
      .filter(([name]) => name !== 'together')
      .map(([name, value]) => `${name} ${String(value)}`)
      .join(', ')})`,
  ].join(' ');
}
