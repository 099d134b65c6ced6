import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateBucketCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient, QueryCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import type { BackupOutput } from '../../lambda/usecases/backup/commit';
import type { RestoreOutput } from '../../lambda/usecases/restore/finish';
import type { BucketHistory } from '../../local/buckets/history';
import { BucketReader } from '../../local/buckets/reader';
import { SampleBucket, type SampleBucketOptions } from '../../local/buckets/sample';
import { fillSample } from '../../local/buckets/sample-content';
import { deployExample } from '../../local/deploy';
import { clientConfig } from '../../local/service/aws-env';
import { startEngine, type Engine } from '../../local/service/engine';
import { Workflow } from '../../local/stack/executions';
import { listFiles } from '../../local/stack/vault-files';
import { Bucket } from './buckets';

const foreignAccount = '210987654321';
/** Waits of state machines take so much of their time: a job is due, or asks again, in seconds and not in minutes. */
const waitScale = '0.005';
/** Units of a few objects, parts of the smallest size, and a worker whose time is over as soon as it begins. */
const smallUnits = {
  RANGE_WEIGHT: '10',
  // Buckets of more than two ranges have an index in pages.
  PAGE_SEGMENTS: '2',
  COPY_PART_SIZE: String(5 * 1024 * 1024),
  DEADLINE_MARGIN_MS: '900000',
  // Changes of tags and ACLs are taken in by the next job.
  CHANGES_SETTLE_SECONDS: '1',
  // The queue holds events back for 5 s, and the function takes its time.
  CAPTURE_DELIVERY_SECONDS: '15',
  CAPTURE_START_SECONDS: '1',
};

export interface Backed {
  readonly output: BackupOutput;
  readonly history: BucketHistory;
}

/** One of the deployed vaults. */
export class DeployedVault {
  readonly backups: Workflow<BackupOutput>;
  readonly restores: Workflow<RestoreOutput>;
  readonly upkeeps: Workflow<BackupOutput>;

  constructor(
    private readonly engine: Engine,
    readonly names: Readonly<Record<'vault' | 'scratch' | 'catalog' | 'backup' | 'restore' | 'upkeep', string>>,
  ) {
    this.backups = new Workflow(engine, names.backup);
    this.restores = new Workflow(engine, names.restore);
    this.upkeeps = new Workflow(engine, names.upkeep);
  }

  /** Names of all files in the vault, after the bucket's. */
  async files(): Promise<string[]> {
    return [...(await listFiles(this.engine, [this.names.vault])).keys()].map((name) =>
      name.slice(this.names.vault.length + 1),
    );
  }

  async scratchFiles(): Promise<string[]> {
    return [...(await listFiles(this.engine, [this.names.scratch])).keys()].map((name) =>
      name.slice(this.names.scratch.length + 1),
    );
  }
}

/** The engine with everything deployed on it: started once for all end-to-end tests. */
export class E2eWorld {
  readonly main: DeployedVault;
  readonly small: DeployedVault;
  readonly events: Workflow<unknown>;
  readonly reader: BucketReader;
  readonly s3: S3Client;
  private readonly foreign: S3Client;
  private readonly foreignBuckets = new Set<string>();
  private readonly catalog: DynamoDBDocumentClient;
  private readonly changeLogTable: string;
  private sampleBackup: Promise<Backed> | undefined;

  private constructor(
    readonly engine: Engine,
    outputs: Readonly<Record<string, string>>,
  ) {
    const output = (name: string): string => outputs[name] ?? '';
    this.main = new DeployedVault(engine, {
      vault: output('E2eVaultBucket'),
      scratch: output('E2eScratchBucket'),
      catalog: output('E2eCatalogTable'),
      backup: output('E2eBackup'),
      restore: output('E2eRestore'),
      upkeep: output('E2eUpkeep'),
    });
    this.small = new DeployedVault(engine, {
      vault: output('VaultBucketName'),
      scratch: output('ScratchBucketName'),
      catalog: output('CatalogTableName'),
      backup: output('BackupStateMachineArn'),
      restore: output('RestoreStateMachineArn'),
      upkeep: output('UpkeepStateMachineArn'),
    });
    this.changeLogTable = output('ChangeLogTableName');
    this.events = new Workflow(engine, output('E2eEventRecorder'));
    this.reader = new BucketReader(engine);
    this.s3 = new S3Client({ ...clientConfig(engine), forcePathStyle: true });
    // The engine takes a key of twelve digits for the root of that account.
    const credentials = { accessKeyId: foreignAccount, secretAccessKey: 'x' };
    this.foreign = new S3Client({ ...clientConfig(engine), credentials, forcePathStyle: true });
    this.catalog = DynamoDBDocumentClient.from(new DynamoDBClient(clientConfig(engine)));
  }

  static async start(): Promise<E2eWorld> {
    const engine = await startEngine({ settings: { SFN_WAIT_SCALE: waitScale } });
    try {
      // The schedule is due as soon as it is deployed.
      for (const name of Bucket.scheduled) {
        const bucket = await SampleBucket.create(engine, { name });
        await bucket.setVersioning('Enabled');
        await bucket.put('a', { body: name });
        bucket.destroy();
      }
      const context = { stackName: 'E2eSmall', sourceBucket: Bucket.small, environment: JSON.stringify(smallUnits) };
      return new E2eWorld(engine, await deployExample({ engine, context, app: 'tsx test/e2e/app.ts' }));
    } catch (error) {
      await engine.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    const { main, small, events, reader, s3, foreign, catalog } = this;
    for (const client of [
      main.backups,
      main.restores,
      small.backups,
      small.restores,
      main.upkeeps,
      small.upkeeps,
      events,
      reader,
      s3,
      foreign,
      catalog,
    ])
      client.destroy();
    await this.engine.stop();
  }

  /** A new bucket with versioning. */
  async newBucket(options: SampleBucketOptions): Promise<SampleBucket> {
    const bucket = await SampleBucket.create(this.engine, options);
    await bucket.setVersioning('Enabled');
    return bucket;
  }

  /** A bucket that another account owns. */
  async foreignBucket(name: string): Promise<void> {
    const s3 = this.foreign;
    await s3.send(new CreateBucketCommand({ Bucket: name }));
    this.foreignBuckets.add(name);
    await s3.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration: { Status: 'Enabled' } }));
  }

  /** The bucket with all that is hard to back up, and its backup: made by the first test that asks for it. */
  sample(): Promise<Backed> {
    this.sampleBackup ??= this.backUpSample();
    return this.sampleBackup;
  }

  /** How many versions and delete markers a bucket has; none when it does not exist. */
  async countVersions(bucket: string): Promise<number> {
    try {
      const s3 = this.foreignBuckets.has(bucket) ? this.foreign : this.s3;
      const page = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
      return (page.Versions?.length ?? 0) + (page.DeleteMarkers?.length ?? 0);
    } catch (error) {
      if (error instanceof Error && error.name === 'NoSuchBucket') return 0;
      throw error;
    }
  }

  /** Records of a bucket in the catalog, by the beginning of their sort key. */
  async records(bucket: string, kind: 'JOB#' | 'RECOVERY_POINT#' | 'LOCK'): Promise<Record<string, unknown>[]> {
    const { Items = [] } = await this.catalog.send(
      new QueryCommand({
        TableName: this.main.names.catalog,
        KeyConditionExpression: 'pk = :pk and begins_with(sk, :sk)',
        ExpressionAttributeValues: { ':pk': `BUCKET#${bucket}`, ':sk': kind },
        ConsistentRead: true,
      }),
    );
    return Items.map((item) => (item.record ?? item) as Record<string, unknown>);
  }

  /** How many tag and ACL changes the vault with small units has captured. */
  async capturedChanges(): Promise<number> {
    const { Count = 0 } = await this.catalog.send(new ScanCommand({ TableName: this.changeLogTable, Select: 'COUNT' }));
    return Count;
  }

  private async backUpSample(): Promise<Backed> {
    const bucket = await SampleBucket.create(this.engine, { name: Bucket.sample, ownership: 'BucketOwnerPreferred' });
    await fillSample(bucket);
    const output = await this.main.backups.succeed({ bucket: Bucket.sample });
    const history = bucket.snapshot();
    bucket.destroy();
    return { output, history };
  }
}
