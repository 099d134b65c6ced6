import { DELIVERY_SECONDS, SETTLE_SECONDS, START_SECONDS } from '../contract/change-log-schema';
import { DEFAULT_RANGE_WEIGHT } from '../core/scan/weights';
import type { BucketAdmin } from '../ports/bucket-admin';
import type { BucketClaims, CaptureControl } from '../ports/capture-control';
import type { Catalog } from '../ports/catalog';
import type { ChangeLog } from '../ports/change-log';
import type { CountingStore } from '../ports/object-store';
import type { Deadline, EventPublisher, Executions, Log, Metrics, Pace } from '../ports/runtime';
import type { Vault } from './vault/vault';
import type { Scratch } from './work/turns';

/** Facts about the deployment. */
export interface Deployment {
  readonly vaultName: string;
  readonly vaultArn: string;
  readonly vaultBucket: string;
  readonly scratchBucket: string;
  readonly accountId: string;
  readonly region: string;
  readonly partition: string;
}

/** What steps of a backup work with. Each step is given the whole; its role decides what it can do. */
export interface BackupPorts {
  readonly source: CountingStore;
  readonly vault: Vault;
  readonly scratch: Scratch;
  readonly buckets: BucketAdmin;
  readonly catalog: Catalog;
  readonly changeLog: ChangeLog;
  readonly captureControl: CaptureControl;
  readonly claims: BucketClaims;
  readonly events: EventPublisher;
  readonly executions: Executions;
  readonly deadline: Deadline;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly deployment: Deployment;
  readonly settings: BackupSettings;
  /** A pace of so many requests a second. */
  readonly pace: (perSecond: number) => Pace;
}

export interface BackupSettings {
  /** Objects up to this many bytes are packed; larger ones are copied by S3. */
  readonly packThreshold: number;
  /** Largest object that one CopyObject may copy, and the least size of a part above it. */
  readonly copyPartSize: number;
  readonly rangeWeight: number;
  /** Bodies read at the same time. */
  readonly concurrency: number;
  /** Rows of an inventory report that are sorted in memory at once. */
  readonly sortRows: number;
  /** Bytes of a report's data files that one unit reads, about. */
  readonly inventoryUnitBytes: number;
  /** Rows of the last commit that one unit of a listing covers, about. */
  readonly listingUnitRows: number;
  /** Segments that a manifest names itself, and a page of its index where it has more, about. */
  readonly pageSegments: number;
  /** Age at which changes in the log are settled: none of that time is written any more. */
  readonly settleSeconds: number;
  /** Time that S3 may take to send an event. */
  readonly deliverySeconds: number;
  /** Time that S3 may take to begin with sending events. */
  readonly startSeconds: number;
  /** Workers of a job that run at a time. */
  readonly maxConcurrency: number;
  /** Whether the vault was deployed with the function that removes delete markers. */
  readonly markerRemoval: boolean;
  /** Requests to the protected bucket that all workers of a job together make in a second; no limit when absent. */
  readonly maxSourceRequestsPerSecond?: number;
}

export const DEFAULT_SETTINGS: BackupSettings = {
  packThreshold: 1024 * 1024,
  // One CopyObject of 1 GiB takes well under the 60 s that a single operation may take.
  copyPartSize: 256 * 1024 * 1024,
  rangeWeight: DEFAULT_RANGE_WEIGHT,
  concurrency: 32,
  sortRows: 100_000,
  // About 15 million rows of a compressed CSV report.
  inventoryUnitBytes: 1024 * 1024 * 1024,
  // 200 requests, one after the other.
  listingUnitRows: 200_000,
  // 1.5 MB: about 100 million versions.
  pageSegments: 2_048,
  settleSeconds: SETTLE_SECONDS,
  deliverySeconds: DELIVERY_SECONDS,
  startSeconds: START_SECONDS,
  maxConcurrency: 200,
  markerRemoval: false,
};

export interface RestorePorts extends Omit<BackupPorts, 'source'> {
  readonly destination: CountingStore;
}
