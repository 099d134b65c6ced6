import type { BucketDescription } from '../../ports/bucket-admin';
import type { Encryption, VersionCursor } from '../../ports/object-store';
import type { BucketInventory } from '../bucket-inventory';
import { KeyIndex } from './key-index';
import type { MemoryVersion } from './memory-version';

export interface MemoryBucketOptions {
  readonly versioning?: BucketDescription['versioning'];
  readonly ownership?: BucketDescription['ownership'];
  readonly region?: string;
  /** Account that owns the bucket. */
  readonly account?: string;
  /** Default encryption. Objects under KMS have ETags that say nothing about their bytes. */
  readonly encryption?: Encryption;
}

/** Where a bucket sends events; S3 keeps all of it in one document. */
export interface MemoryNotifications {
  rules: readonly {
    readonly kind: 'queue' | 'topic' | 'function';
    readonly id: string;
    readonly arn: string;
    readonly events: readonly string[];
    /** Only for keys that begin so. */
    readonly prefix?: string;
  }[];
  eventBridge: boolean;
}

interface Place {
  readonly lastModified: number;
  readonly sequence: number;
}

/** Versions and delete markers of one bucket, in S3's order. */
export class MemoryBucket {
  versioning: BucketDescription['versioning'];
  ownership: BucketDescription['ownership'];
  readonly region: string;
  readonly account: string;
  readonly encryption: Encryption;
  readonly notifications: MemoryNotifications = { rules: [], eventBridge: false };
  /** Inventory configurations by ID. */
  readonly inventories = new Map<string, BucketInventory>();
  /** Canonical IDs of accounts that are closed: no grant may name them any more. */
  readonly closedAccounts = new Set<string>();
  /** Until then versioning that was enabled does not hold everywhere: some writes still get no version ID. */
  versionsFrom = 0;
  /** How often each key was written or deleted. */
  private readonly changes = new Map<string, number>();
  /** Newest first. A key whose versions are all gone stays, empty. */
  private readonly histories = new Map<string, MemoryVersion[]>();
  private readonly index = new KeyIndex();
  /** Where deleted versions were: a listing may still go on behind one. */
  private readonly departed = new Map<string, Place>();

  constructor(
    readonly name: string,
    options: MemoryBucketOptions & { region: string; account: string },
  ) {
    this.versioning = options.versioning ?? 'Enabled';
    this.ownership = options.ownership ?? 'BucketOwnerEnforced';
    this.region = options.region;
    this.account = options.account;
    this.encryption = options.encryption ?? { type: 'SSE_S3' };
  }

  history(key: string): readonly MemoryVersion[] {
    return this.histories.get(key) ?? [];
  }

  changesOf(key: string): number {
    return this.changes.get(key) ?? 0;
  }

  current(key: string): MemoryVersion | undefined {
    return this.histories.get(key)?.[0];
  }

  version(key: string, versionId: string): MemoryVersion | undefined {
    return this.histories.get(key)?.find((version) => version.versionId === versionId);
  }

  /** Adds a version; a null version takes the place of the null version before it. */
  insert(version: MemoryVersion): void {
    this.changes.set(version.key, this.changesOf(version.key) + 1);
    if (version.versionId === 'null') this.remove(version.key, 'null');
    const history = this.histories.get(version.key);
    if (!history) {
      this.histories.set(version.key, [version]);
      this.index.add(version.key);
      return;
    }
    const older = history.findIndex((other) => version.isNewerThan(other));
    history.splice(older < 0 ? history.length : older, 0, version);
  }

  remove(key: string, versionId: string): MemoryVersion | undefined {
    const history = this.histories.get(key);
    const position = history?.findIndex((version) => version.versionId === versionId) ?? -1;
    const removed = history?.[position];
    if (!history || !removed) return undefined;
    history.splice(position, 1);
    this.changes.set(key, this.changesOf(key) + 1);
    this.departed.set(`${key}\n${versionId}`, removed);
    return removed;
  }

  /** All rows from a place on, in listing order. */
  *versions(prefix = '', cursor?: VersionCursor): Generator<{ version: MemoryVersion; isLatest: boolean }> {
    const inKey = cursor?.versionIdMarker !== undefined;
    const start = Math.max(this.index.seek(prefix), cursor ? this.index.seek(cursor.keyMarker, !inKey) : 0);
    for (let i = start; ; i++) {
      const key = this.index.at(i);
      if (key === undefined || !key.startsWith(prefix)) return;
      const history = this.history(key);
      const behind = inKey && key === cursor.keyMarker ? this.place(key, cursor.versionIdMarker) : undefined;
      for (const [n, version] of history.entries()) {
        if (!behind || (behind.sequence !== version.sequence && !version.isNewerThan(behind))) {
          yield { version, isLatest: n === 0 };
        }
      }
    }
  }

  /** Current objects in key order, after a key. */
  *objects(prefix = '', startAfter?: string): Generator<MemoryVersion> {
    const start = Math.max(this.index.seek(prefix), startAfter === undefined ? 0 : this.index.seek(startAfter, true));
    for (let i = start; ; i++) {
      const key = this.index.at(i);
      if (key === undefined || !key.startsWith(prefix)) return;
      const current = this.current(key);
      if (current && !current.isMarker) yield current;
    }
  }

  private place(key: string, versionId: string): Place | undefined {
    return this.version(key, versionId) ?? this.departed.get(`${key}\n${versionId}`);
  }
}
