import {
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  closeSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { compareKeys } from '../../lambda/core/keys/order';
import { sha256Hex } from '../../lambda/core/values/hash';
import {
  type GetOptions,
  type ObjectBody,
  type ObjectHead,
  type ObjectPage,
  type ObjectRef,
  type ObjectStore,
  type PutOptions,
  StoreError,
  type Written,
} from '../../lambda/ports/object-store';

/** S3's time in benchmarks: nothing depends on when one runs. */
export const NOW = 1_790_000_000;

/** Operations that a store of a benchmark does not have: one that is asked for shows that the benchmark no longer fits the code. */
export class AbsentStore implements ObjectStore {
  listVersions: ObjectStore['listVersions'] = absent;
  listObjects: ObjectStore['listObjects'] = absent;
  head: ObjectStore['head'] = absent;
  get: ObjectStore['get'] = absent;
  getTags: ObjectStore['getTags'] = absent;
  getAcl: ObjectStore['getAcl'] = absent;
  readTags: ObjectStore['readTags'] = absent;
  readAcl: ObjectStore['readAcl'] = absent;
  put: ObjectStore['put'] = absent;
  copy: ObjectStore['copy'] = absent;
  putTags: ObjectStore['putTags'] = absent;
  putAcl: ObjectStore['putAcl'] = absent;
  createUpload: ObjectStore['createUpload'] = absent;
  copyPart: ObjectStore['copyPart'] = absent;
  listParts: ObjectStore['listParts'] = absent;
  completeUpload: ObjectStore['completeUpload'] = absent;
  abortUpload: ObjectStore['abortUpload'] = absent;
  addMarker: ObjectStore['addMarker'] = absent;
}
const absent = (): Promise<never> => Promise.reject(new Error('this benchmark does not model the operation'));

/** Requests by operation. */
export class Counter {
  private readonly made: Record<string, number> = {};
  add(operation: string): void {
    this.made[operation] = (this.made[operation] ?? 0) + 1;
  }
  counts(): Record<string, number> {
    return this.made;
  }
}

/** Objects as files of one folder: what a worker writes leaves its memory. */
export class DiskStore implements ObjectStore {
  private readonly rest = new AbsentStore();
  listVersions = this.rest.listVersions;
  getTags = this.rest.getTags;
  getAcl = this.rest.getAcl;
  readTags = this.rest.readTags;
  readAcl = this.rest.readAcl;
  copy = this.rest.copy;
  putTags = this.rest.putTags;
  putAcl = this.rest.putAcl;
  createUpload = this.rest.createUpload;
  copyPart = this.rest.copyPart;
  listParts = this.rest.listParts;
  completeUpload = this.rest.completeUpload;
  abortUpload = this.rest.abortUpload;
  addMarker = this.rest.addMarker;
  readonly counter = new Counter();
  bytesWritten = 0;
  bytesRead = 0;

  constructor(
    private readonly folder: string,
    private readonly now = NOW,
  ) {
    mkdirSync(folder, { recursive: true });
  }

  counts(): Record<string, number> {
    return this.counter.counts();
  }

  put({ key, body, ifAbsent }: PutOptions): Promise<Written> {
    this.counter.add('PutObject');
    const path = this.path(key);
    if (ifAbsent && existsSync(path)) return Promise.reject(new StoreError('precondition-failed', `${key} exists`));
    writeFileSync(path, body);
    this.bytesWritten += body.byteLength;
    return Promise.resolve({ etag: sha256Hex(body).slice(0, 32) });
  }

  get({ key, range }: GetOptions): Promise<ObjectBody> {
    this.counter.add('GetObject');
    const path = this.path(key);
    if (!existsSync(path)) return Promise.reject(new StoreError('not-found', `no ${key}`));
    const body = range ? readPart(path, range) : readFileSync(path);
    this.bytesRead += body.byteLength;
    return Promise.resolve({ ...this.describe(path), body });
  }

  head({ key }: ObjectRef): Promise<ObjectHead> {
    this.counter.add('HeadObject');
    const path = this.path(key);
    return existsSync(path)
      ? Promise.resolve(this.describe(path))
      : Promise.reject(new StoreError('not-found', `no ${key}`));
  }

  listObjects({ prefix = '', startAfter = '' }: { prefix?: string; startAfter?: string }): Promise<ObjectPage> {
    this.counter.add('ListObjectsV2');
    const keys = readdirSync(this.folder).map(decodeURIComponent);
    const wanted = keys.filter((key) => key.startsWith(prefix) && compareKeys(key, startAfter) > 0).sort(compareKeys);
    const entries = wanted.map((key) => {
      const { size, etag, lastModified } = this.describe(this.path(key));
      return { key, size, etag, lastModified };
    });
    return Promise.resolve({ entries });
  }

  private path(key: string): string {
    return join(this.folder, encodeURIComponent(key));
  }

  private describe(path: string): ObjectHead {
    return {
      etag: 'a-file',
      size: statSync(path).size,
      lastModified: this.now,
      storageClass: 'STANDARD',
      headers: {},
      userMetadata: {},
      missingMetadata: 0,
      tagCount: 0,
      date: this.now,
    };
  }
}

function readPart(path: string, { offset, length }: { offset: number; length: number }): Uint8Array {
  const bytes = Buffer.alloc(length);
  const file = openSync(path, 'r');
  try {
    return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
  } finally {
    closeSync(file);
  }
}
