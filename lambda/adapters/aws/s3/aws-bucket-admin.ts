import {
  type BucketLocationConstraint,
  CreateBucketCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketVersioningCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutBucketOwnershipControlsCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import type { BucketAdmin, BucketDescription, InventorySettings } from '../../../ports/bucket-admin';
import { StoreError } from '../../../ports/object-store';
import type { RequestCounter, RequestCounts } from '../../../ports/runtime';
import { ensureEventBridge, ensureInventory, hasInventory } from './bucket-settings';
import { explained, isUnexplained } from './wire/head-errors';
import { dateOf } from './wire/object-fields';
import { S3Requests } from './wire/requests';
import { causeName, statusOf } from './wire/store-errors';

type Ownership = BucketDescription['ownership'];

/** The only Region whose buckets must not name it as their location. */
const CLASSIC_REGION = 'us-east-1';
/** Buckets from before object ownership have no setting: whoever writes an object owns it. */
const OWNERSHIP_BEFORE_CONTROLS: Ownership = 'ObjectWriter';

export interface AwsBucketAdminOptions {
  /** Account that must own every bucket; without it the expected owner is not checked. */
  readonly accountId?: string;
  /** Partition of the buckets' ARNs. @default 'aws' */
  readonly partition?: string;
  /** Settings of the SDK client. @default see createS3Client */
  readonly client?: S3ClientConfig;
}

export class AwsBucketAdmin implements BucketAdmin, RequestCounter {
  private readonly requests: S3Requests;
  private readonly accountId: string | undefined;
  private readonly partition: string;

  constructor({ accountId, partition = 'aws', client }: AwsBucketAdminOptions = {}) {
    this.accountId = accountId;
    this.partition = partition;
    // A bucket of another Region is described too, so that a job can say where it is.
    this.requests = new S3Requests({ accountId, client: { followRegionRedirects: true, ...client } });
  }

  counts(): RequestCounts {
    return this.requests.wire.counts();
  }

  /** Closes the connections. */
  destroy(): void {
    this.requests.client.destroy();
  }

  async describe(bucket: string): Promise<BucketDescription> {
    // First, as the others answer less clearly when the bucket is missing or in another Region.
    const head = await this.head(bucket);
    const [versioning, ownership] = await Promise.all([this.versioning(bucket), this.ownership(bucket)]);
    return {
      region: head.BucketRegion ?? (await this.requests.client.config.region()),
      versioning,
      ownership,
      aclsEnabled: ownership !== 'BucketOwnerEnforced',
      date: dateOf(this.requests.wire.of(head).headers),
    };
  }

  async create(bucket: string, { ownership }: { readonly ownership: Ownership }): Promise<void> {
    await this.createOrKeep(bucket);
    await this.requests.run({ bucket }, (client, owner) =>
      client.send(
        new PutBucketOwnershipControlsCommand({
          Bucket: bucket,
          OwnershipControls: { Rules: [{ ObjectOwnership: ownership }] },
          ...owner,
        }),
      ),
    );
    await this.requests.run({ bucket }, (client, owner) =>
      client.send(
        new PutPublicAccessBlockCommand({
          Bucket: bucket,
          PublicAccessBlockConfiguration: {
            BlockPublicAcls: true,
            BlockPublicPolicy: true,
            IgnorePublicAcls: true,
            RestrictPublicBuckets: true,
          },
          ...owner,
        }),
      ),
    );
    await this.requests.run({ bucket }, (client, owner) =>
      client.send(
        new PutBucketVersioningCommand({
          Bucket: bucket,
          VersioningConfiguration: { Status: 'Enabled' },
          ...owner,
        }),
      ),
    );
  }

  ensureEventBridge(bucket: string, beforeEnabling?: () => Promise<void>): Promise<'enabled' | 'was-enabled'> {
    return ensureEventBridge(this.requests, bucket, beforeEnabling);
  }

  ensureInventory(bucket: string, settings: InventorySettings): Promise<'created' | 'was-there'> {
    const { accountId, partition } = this;
    return ensureInventory(this.requests, bucket, settings, { accountId, partition });
  }

  hasInventory(bucket: string, settings: Omit<InventorySettings, 'format'>): Promise<boolean> {
    return hasInventory(this.requests, bucket, settings, this.accountId);
  }

  private async createOrKeep(bucket: string): Promise<void> {
    const region = await this.requests.client.config.region();
    const location = region === CLASSIC_REGION ? undefined : (region as BucketLocationConstraint);
    try {
      await this.requests.run({ bucket }, (client) =>
        client.send(
          new CreateBucketCommand({
            Bucket: bucket,
            CreateBucketConfiguration: location && { LocationConstraint: location },
          }),
        ),
      );
    } catch (error) {
      const name = causeName(error);
      if (name === 'BucketAlreadyOwnedByYou') return;
      if (name !== 'BucketAlreadyExists') throw error;
      throw new StoreError('access-denied', `${bucket} belongs to another account`, { cause: error });
    }
  }

  private async head(bucket: string) {
    try {
      return await this.requests.run({ bucket }, (client, owner) =>
        client.send(new HeadBucketCommand({ Bucket: bucket, ...owner })),
      );
    } catch (error) {
      // Whoever may head a bucket may list it: the same right allows both.
      if (isUnexplained(error)) throw await explained(error, () => this.listNothing(bucket));
      if (!(error instanceof StoreError) || statusOf(error.cause) !== 404) throw error;
      throw new StoreError('no-such-bucket', `no such bucket: ${bucket}`, { cause: error.cause });
    }
  }

  private listNothing(bucket: string): Promise<unknown> {
    return this.requests.run({ bucket }, (client, owner) =>
      client.send(new ListObjectsV2Command({ Bucket: bucket, MaxKeys: 0, ...owner })),
    );
  }

  private async versioning(bucket: string): Promise<BucketDescription['versioning']> {
    const output = await this.requests.run({ bucket }, (client, owner) =>
      client.send(new GetBucketVersioningCommand({ Bucket: bucket, ...owner })),
    );
    return output.Status ?? 'Disabled';
  }

  private async ownership(bucket: string): Promise<Ownership> {
    try {
      const output = await this.requests.run({ bucket }, (client, owner) =>
        client.send(new GetBucketOwnershipControlsCommand({ Bucket: bucket, ...owner })),
      );
      return output.OwnershipControls?.Rules?.[0]?.ObjectOwnership ?? OWNERSHIP_BEFORE_CONTROLS;
    } catch (error) {
      if (causeName(error) === 'OwnershipControlsNotFoundError') return OWNERSHIP_BEFORE_CONTROLS;
      throw error;
    }
  }
}
