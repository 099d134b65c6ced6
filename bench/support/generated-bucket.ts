import { hash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Row, VaultFile } from '../../lambda/core/history/row';
import { vaultInventory } from '../../lambda/core/inventory/place';
import { compareKeys } from '../../lambda/core/keys/order';
import {
  type Dated,
  type GetOptions,
  type ListedVersion,
  type ObjectBody,
  type ObjectHead,
  type ObjectPage,
  StoreError,
  type Tags,
  type VersionPage,
} from '../../lambda/ports/object-store';
import type { InventoryRow } from '../../local/inventory/columns';
import { writeInventoryReport } from '../../local/inventory/report';
import { AbsentStore, Counter, NOW } from './disk-store';

export const BUCKET = 'a-large-bucket';
/** Rows of a data file of a report; S3 writes a few million. */
const FILE_ROWS = 500_000;
/** Walks over all objects in no order of their keys. */
export const STEP = 1_000_003;
const DAY = 86_400;
const PAGE = 1_000;
const FOLDERS = 97;

/** A bucket whose content is a formula: it takes no memory, however large it is. */
export interface BucketShape {
  readonly objects: number;
  /** Every so many objects have a second version, of the second round. */
  readonly changedEvery?: number;
}

export const keyOf = (n: number): string =>
  `data/${String(n % 97).padStart(2, '0')}/object-${String(n).padStart(10, '0')}.json`;
const versionsOf = (n: number, { changedEvery }: BucketShape): readonly number[] =>
  changedEvery !== undefined && n % changedEvery === 0 ? [2, 1] : [1];
export const versionId = (n: number, round: number): string =>
  hash('md5', `${String(n)} ${String(round)}`, 'base64url').padEnd(32, 'x');
const lastModified = (round: number): number => NOW - 10 * DAY + round * 3 * DAY;
export const bodyOf = (n: number, round: number): Buffer =>
  Buffer.from(`{"object":${String(n)},"round":${String(round)}}`);
export const etagOf = (body: Uint8Array): string => hash('md5', body, 'hex');

/** A version as an event tells of it. */
export function generatedVersion(n: number, round: number) {
  const body = bodyOf(n, round);
  return { key: keyOf(n), versionId: versionId(n, round), etag: etagOf(body), size: body.length };
}

/** An object of a generated bucket, of its first round. */
export interface GeneratedObject {
  readonly key: string;
  readonly versionId: string;
  /** Epoch seconds. */
  readonly lastModified: number;
  readonly etag: string;
  readonly body: Buffer;
}

/** The object of a number. */
export function generatedObject(n: number): GeneratedObject {
  const body = bodyOf(n, 1);
  return { key: keyOf(n), versionId: versionId(n, 1), lastModified: lastModified(1), etag: etagOf(body), body };
}

/** The objects in the order of their keys. */
export function* generatedObjects({ objects }: BucketShape): Generator<GeneratedObject> {
  for (let place = 0; place < objects; place++) yield generatedObject(numberAt(place, objects));
}

/** The number of the object whose key is at a place of so many, in the order of keys: by folder, the remainder of 97, then by number. */
export function numberAt(place: number, objects: number): number {
  const [each, longer] = [Math.floor(objects / FOLDERS), objects % FOLDERS];
  const inLonger = longer * (each + 1);
  const [folder, n] =
    place < inLonger
      ? [Math.floor(place / (each + 1)), place % (each + 1)]
      : [longer + Math.floor((place - inLonger) / each), (place - inLonger) % each];
  return folder + n * FOLDERS;
}

export const keyAt = (place: number, objects: number): string => keyOf(numberAt(place, objects));

/** Reads a generated bucket as S3 answers. */
export class GeneratedSource extends AbsentStore {
  readonly counter = new Counter();
  constructor(private readonly shape: BucketShape) {
    super();
  }

  counts(): Record<string, number> {
    return this.counter.counts();
  }

  override get = (options: GetOptions): Promise<ObjectBody> => {
    this.counter.add('GetObject');
    const n = Number(/object-(\d+)/.exec(options.key)?.[1]);
    const round = options.versionId === versionId(n, 2) ? 2 : 1;
    const body = bodyOf(n, round);
    return Promise.resolve({ ...this.describe(n, round), body });
  };

  /** The capture asks when a delete marker was made. */
  override head = (): Promise<ObjectHead> => {
    this.counter.add('HeadObject');
    return Promise.reject(new StoreError('delete-marker', 'a marker', { lastModified: NOW }));
  };

  override readTags = (): Promise<Dated<Tags>> => {
    this.counter.add('GetObjectTagging');
    return Promise.resolve({ value: { state: 'reviewed' }, date: NOW });
  };

  override listVersions = (options: { cursor?: { keyMarker: string } }): Promise<VersionPage> => {
    this.counter.add('ListObjectVersions');
    const entries: ListedVersion[] = [];
    let key: string | undefined = options.cursor?.keyMarker;
    for (key = nextKey(key, this.shape); key !== undefined && entries.length < PAGE; key = nextKey(key, this.shape)) {
      const n = Number(/object-(\d+)/.exec(key)?.[1]);
      versionsOf(n, this.shape).forEach((round, index) => {
        const { size, etag, storageClass } = this.describe(n, round);
        const isLatest = index === 0;
        const common = { key: keyOf(n), versionId: versionId(n, round), isMarker: false, isLatest };
        entries.push({ ...common, lastModified: lastModified(round), size, etag, storageClass });
      });
    }
    const last = entries.at(-1);
    const next = last && nextKey(last.key, this.shape) !== undefined ? { keyMarker: last.key } : undefined;
    return Promise.resolve({ entries, next, date: NOW });
  };

  /** Only to look whether the bucket is a vault: it is not. */
  override listObjects = (): Promise<ObjectPage> => {
    this.counter.add('ListObjectsV2');
    return Promise.resolve({ entries: [] });
  };

  private describe(n: number, round: number): ObjectHead {
    const body = bodyOf(n, round);
    return {
      versionId: versionId(n, round),
      etag: etagOf(body),
      size: body.length,
      lastModified: lastModified(round),
      storageClass: 'STANDARD',
      headers: { 'content-type': 'application/json' },
      userMetadata: {},
      missingMetadata: 0,
      tagCount: 0,
      date: NOW,
    };
  }
}

/** Keys stand by their folder, the number's remainder of 97, then by number. */
function nextKey(after: string | undefined, { objects }: BucketShape): string | undefined {
  if (after === undefined) return keyOf(0);
  const n = Number(/^data\/\d\d\/object-(\d{10})\.json$/.exec(after)?.[1] ?? NaN);
  if (n >= objects || keyOf(n) !== after) return firstAfter(after, objects);
  if (n + FOLDERS < objects) return keyOf(n + FOLDERS);
  const folder = n % FOLDERS;
  return folder + 1 < Math.min(FOLDERS, objects) ? keyOf(folder + 1) : undefined;
}

/** The first key after a text that is none. */
function firstAfter(text: string, objects: number): string | undefined {
  let [low, high] = [0, objects];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (compareKeys(keyAt(middle, objects), text) <= 0) low = middle + 1;
    else high = middle;
  }
  return low < objects ? keyAt(low, objects) : undefined;
}

/** Rows of a pack. */
const PACK_ROWS = 10_000;

/** Rows of the first versions in key order, as a first backup has written them: bodies in packs, checksums as S3 gives them today. */
export function* storedRows({ objects }: BucketShape): Generator<Row> {
  let place = 0;
  let file: VaultFile | undefined;
  for (let key = nextKey(undefined, { objects }); key !== undefined; key = nextKey(key, { objects })) {
    const n = Number(/object-(\d+)/.exec(key)?.[1]);
    const body = bodyOf(n, 1);
    const etag = etagOf(body);
    if (place % PACK_ROWS === 0) {
      const sha256 = hash('sha256', key);
      const name = `packs/${sha256.slice(0, 2)}/a-job/${sha256}`;
      file = { name, checksum: `SHA256:${sha256}`, bytes: PACK_ROWS * body.length, commit: 1 };
    }
    yield {
      key,
      versionId: versionId(n, 1),
      kind: 'put',
      lastModified: lastModified(1),
      size: body.length,
      etag,
      storageClass: 'STANDARD',
      checksumAlgorithm: 'CRC64NVME',
      checksum: `${etag.slice(0, 11)}=`,
      sha256: hash('sha256', body),
      headers: '[["content-type","application/json"]]',
      userMetadata: '[]',
      tags: '[]',
      readAt: NOW,
      file,
      offset: (place % PACK_ROWS) * body.length,
      length: body.length,
      observedAt: NOW,
      source: 'listing',
    };
    place++;
  }
}

/** Writes an inventory report about a generated bucket into a folder of a DiskStore, a row at a time. */
export async function writeReport(
  folder: string,
  scratchBucket: string,
  shape: BucketShape,
  start: number,
  format: 'CSV' | 'Parquet' = 'CSV',
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await writeInventoryReport({
    sourceBucket: BUCKET,
    ...reportPlace(scratchBucket),
    format,
    fields: ['Size', 'LastModifiedDate', 'ETag', 'StorageClass'],
    rows: rowsOf(shape),
    startedAt: start * 1_000,
    rowsPerFile: FILE_ROWS,
    put: (key, body) => {
      writeFileSync(join(folder, encodeURIComponent(key)), body);
      return Promise.resolve();
    },
  });
}

/** Rows of a report's records, in no order. */
export function* scannedRows({ objects }: BucketShape): Generator<Row> {
  for (let i = 0; i < objects; i++) {
    const n = (i * STEP) % objects;
    const body = bodyOf(n, 1);
    yield {
      key: keyOf(n),
      versionId: versionId(n, 1),
      kind: 'put',
      lastModified: lastModified(1),
      observedAt: NOW,
      source: 'inventory',
      size: body.length,
      etag: etagOf(body),
      storageClass: 'STANDARD',
    };
  }
}

const reportPlace = (scratchBucket: string) => {
  const { id: configId, destinationBucket, prefix } = vaultInventory(scratchBucket);
  return { configId, destinationBucket, prefix };
};

function* rowsOf(shape: BucketShape): Generator<InventoryRow> {
  for (let i = 0; i < shape.objects; i++) {
    const n = (i * STEP) % shape.objects;
    for (const [index, round] of versionsOf(n, shape).entries()) {
      const body = bodyOf(n, round);
      yield {
        key: keyOf(n),
        versionId: versionId(n, round),
        isLatest: index === 0,
        isDeleteMarker: false,
        lastModified: lastModified(round),
        size: body.length,
        etag: etagOf(body),
        storageClass: 'STANDARD',
      };
    }
  }
}
