import {
  type InventoryConfiguration,
  ListBucketInventoryConfigurationsCommand,
  NoSuchBucket,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetParametersByPathCommand, SSMClient } from '@aws-sdk/client-ssm';
import { parseArgs } from 'node:util';
import { AwsBucketAdmin } from '../lambda/adapters/aws/s3/aws-bucket-admin';
import { vaultParameterName } from '../lambda/contract/layout';
import { vaultInventory } from '../lambda/core/inventory/place';
import { bucketRows } from './inventory/bucket-rows';
import { type WrittenReport, writeInventoryReport } from './inventory/report';
import { clientConfig, type Endpoint, localAccount } from './service/aws-env';
import { runningEngine } from './service/engine';
import { configuredPort } from './service/ports';
import { runMain } from './support/run-main';

export type InventoryFormat = 'CSV' | 'Parquet';

export interface InventoryOptions {
  /** @default what the configuration says */
  readonly format?: InventoryFormat;
  /** Data files of the report; fewer if there are fewer versions. @default 3 */
  readonly files?: number;
  /** ID of the configuration. @default the only one that is enabled */
  readonly configId?: string;
  /** When S3 began to look, epoch milliseconds. @default now */
  readonly startedAt?: number;
}

export interface BucketReport extends WrittenReport {
  readonly destinationBucket: string;
  readonly configId: string;
  readonly format: InventoryFormat;
}

/**
 * Makes an inventory report of a bucket of the local engine, which has no schedule of its own, where its inventory configuration
 * wants it. A bucket without any gets one first, as a backup plan of the deployed vault would set it up.
 */
export async function reportInventory(
  engine: Endpoint,
  bucket: string,
  options: InventoryOptions = {},
): Promise<BucketReport> {
  const s3 = new S3Client({ ...clientConfig(engine), forcePathStyle: true });
  try {
    let found = await configurations(s3, bucket);
    if (found.length === 0) {
      await configure(engine, bucket, options.format ?? 'CSV');
      found = await configurations(s3, bucket);
    }
    return await report(s3, bucket, chosen(bucket, found, options.configId), options);
  } finally {
    s3.destroy();
  }
}

async function configurations(s3: S3Client, Bucket: string): Promise<InventoryConfiguration[]> {
  const found: InventoryConfiguration[] = [];
  let ContinuationToken: string | undefined;
  try {
    do {
      const page = await s3.send(new ListBucketInventoryConfigurationsCommand({ Bucket, ContinuationToken }));
      found.push(...(page.InventoryConfigurationList ?? []));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== NoSuchBucket.name) throw error;
    throw new Error(`no such bucket: ${Bucket}`, { cause: error });
  }
  return found;
}

/** As Prepare does it for a plan with the source "inventory". */
async function configure(engine: Endpoint, bucket: string, format: InventoryFormat): Promise<void> {
  const scratchBucket = await deployedScratchBucket(engine);
  const admin = new AwsBucketAdmin({ accountId: localAccount, client: clientConfig(engine) });
  await admin.ensureInventory(bucket, { ...vaultInventory(scratchBucket), format });
  admin.destroy();
}

async function deployedScratchBucket(engine: Endpoint): Promise<string> {
  const ssm = new SSMClient(clientConfig(engine));
  const { Parameters = [] } = await ssm.send(
    new GetParametersByPathCommand({ Path: vaultParameterName('').slice(0, -1) }),
  );
  ssm.destroy();
  const names = Parameters.map(({ Value }) => (JSON.parse(Value ?? '{}') as { scratchBucket?: string }).scratchBucket);
  const [name, ...others] = names;
  if (name === undefined)
    throw new Error('the bucket has no inventory configuration, and no vault is deployed: npm run local:deploy');
  if (others.length > 0)
    throw new Error(`the bucket has no inventory configuration, and ${names.length} vaults are deployed: set one up`);
  return name;
}

function chosen(
  bucket: string,
  found: readonly InventoryConfiguration[],
  id: string | undefined,
): InventoryConfiguration {
  const fitting = found.filter(({ Id, IsEnabled }) => (id === undefined ? IsEnabled : Id === id));
  const [first, ...others] = fitting;
  const ids = found.map(({ Id, IsEnabled }) => `${Id ?? ''}${IsEnabled === true ? '' : ' (disabled)'}`).join(', ');
  if (first?.IsEnabled !== true)
    throw new Error(
      `bucket ${bucket} has no enabled inventory configuration${id === undefined ? '' : ` ${id}`}, only ${ids}`,
    );
  if (others.length > 0) throw new Error(`bucket ${bucket} has several inventories, choose by --config-id: ${ids}`);
  return first;
}

async function report(
  s3: S3Client,
  sourceBucket: string,
  configuration: InventoryConfiguration,
  options: InventoryOptions,
): Promise<BucketReport> {
  const { Id: configId = '', Destination, IncludedObjectVersions: versions = 'All', Filter } = configuration;
  const { Bucket: arn = '', Prefix: prefix, Format } = Destination?.S3BucketDestination ?? {};
  const destinationBucket = arn.split(':').at(-1) ?? '';
  const format = options.format ?? formatOf(Format);
  const fields = configuration.OptionalFields ?? [];
  const startedAt = options.startedAt ?? Date.now();
  const written = await writeInventoryReport({
    sourceBucket,
    destinationBucket,
    prefix,
    configId,
    format,
    versions,
    fields,
    rows: bucketRows(s3, sourceBucket, { versions, fields, prefix: Filter?.Prefix }),
    startedAt,
    filesAtOnce: options.files,
    put: (Key, Body) =>
      s3.send(new PutObjectCommand({ Bucket: destinationBucket, Key, Body, ACL: 'bucket-owner-full-control' })),
  });
  return { ...written, destinationBucket, configId, format };
}

export function formatOf(text: string | undefined): InventoryFormat {
  if (text === 'CSV' || text === 'Parquet') return text;
  throw new Error(`the format of an inventory must be CSV or Parquet here, got "${text ?? ''}"`);
}

const USAGE = 'npm run local:inventory -- <bucket> [--format CSV|Parquet] [--files <n>] [--config-id <id>]';

/** What the command line says. Throws one sentence for anything that it cannot mean. */
export function parseInventoryArguments(args: readonly string[]): { bucket: string; options: InventoryOptions } {
  const text = { type: 'string' } as const;
  const options = { format: text, files: text, 'config-id': text };
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const [bucket, ...others] = positionals;
    if (bucket === undefined || others.length > 0) throw new Error('name one bucket');
    const files = values.files === undefined ? undefined : Number(values.files);
    if (files !== undefined && (!Number.isInteger(files) || files < 1))
      throw new Error(`--files must be a whole number from 1, got "${values.files ?? ''}"`);
    const format = values.format === undefined ? undefined : formatOf(values.format);
    return { bucket, options: { format, files, configId: values['config-id'] } };
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}; usage: ${USAGE}`, { cause: error });
  }
}

/** `npm run local:inventory`: a report of a bucket of the background engine. */
async function main(): Promise<void> {
  const { bucket, options } = parseInventoryArguments(process.argv.slice(2));
  const port = configuredPort();
  const engine = await runningEngine(port);
  if (engine === undefined) throw new Error(`no local AWS engine is running on port ${String(port)}: npm run local:up`);
  const made = await reportInventory(engine, bucket, options);
  console.log(`s3://${made.destinationBucket}/${made.manifestKey}`);
  console.log(`${made.rows} rows in ${made.files.length} ${made.format} files, by configuration ${made.configId}`);
}

if (require.main === module) runMain(main);
