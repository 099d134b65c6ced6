import { ConditionalCheckFailedException, DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import {
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  type QueryCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { CatalogTable } from '../../../contract/catalog-schema';
import {
  type Catalog,
  type ContinuousPointRecord,
  ENDED_STATES,
  type JobLock,
  type JobRecord,
  type Page,
  type RecoveryPointRecord,
} from '../../../ports/catalog';
import {
  continuousItem,
  continuousKey,
  type Item,
  jobItem,
  Kind,
  lockKey,
  partitionOf,
  pointItem,
  pointKey,
  SortPrefix,
} from './catalog-items';
import { decodePosition, encodePosition } from './catalog-position';

const DEFAULT_LIMIT = 100;
/** The holder may free the lock between our failed write and our look at it, a few times over at most. */
const LOCK_ATTEMPTS = 5;

export interface DynamoCatalogOptions {
  readonly tableName: string;
  readonly client?: DynamoDBClientConfig;
}

/** The catalog in DynamoDB. */
export class DynamoCatalog implements Catalog {
  private readonly table: string;
  private readonly documents: DynamoDBDocumentClient;

  constructor({ tableName, client = {} }: DynamoCatalogOptions) {
    this.table = tableName;
    this.documents = DynamoDBDocumentClient.from(new DynamoDBClient(client), {
      marshallOptions: { removeUndefinedValues: true },
    });
  }

  /** Closes the connections. */
  destroy(): void {
    this.documents.destroy();
  }

  async putJob(job: JobRecord): Promise<void> {
    await this.documents.send(new PutCommand({ TableName: this.table, Item: jobItem(job) }));
  }

  async putJobUnlessEnded(job: JobRecord): ReturnType<Catalog['putJobUnlessEnded']> {
    const states = Object.fromEntries(ENDED_STATES.map((state) => [`:${state}`, state]));
    const put = await this.unlessRefused(
      new PutCommand({
        TableName: this.table,
        Item: jobItem(job),
        ConditionExpression: `attribute_not_exists(#record) OR NOT #record.#state IN (${Object.keys(states).join(', ')})`,
        ExpressionAttributeNames: { '#record': 'record', '#state': 'state' },
        ExpressionAttributeValues: states,
        ReturnValues: 'ALL_OLD',
      }),
    );
    return put ? { put: true, before: put.record as JobRecord | undefined } : { put: false };
  }

  /** Looks through the bucket's jobs, newest first: jobs are sorted by time, and the one asked for is mostly recent. */
  async getJob(bucket: string, jobId: string): Promise<JobRecord | undefined> {
    const page = await this.page<JobRecord>({
      query: {
        ...this.bucketQuery(bucket, Kind.job),
        ConsistentRead: true,
        FilterExpression: '#record.#jobId = :jobId',
      },
      names: { '#record': 'record', '#jobId': 'jobId' },
      values: { ':jobId': jobId },
      limit: 1,
      stopWhenFull: true,
    });
    return page.items.at(0);
  }

  async listJobs({ bucket, type, limit, next }: Parameters<Catalog['listJobs']>[0]): Promise<Page<JobRecord>> {
    return this.page<JobRecord>({
      query: {
        ...this.query(bucket, Kind.job),
        ...(type && { FilterExpression: '#record.#type = :type' }),
      },
      names: type && { '#record': 'record', '#type': 'type' },
      values: type && { ':type': type },
      limit,
      next,
    });
  }

  async putRecoveryPoint(point: RecoveryPointRecord): Promise<void> {
    await this.documents.send(new PutCommand({ TableName: this.table, Item: pointItem(point) }));
  }

  async getRecoveryPoint(bucket: string, seq: number): Promise<RecoveryPointRecord | undefined> {
    const { Item: item } = await this.documents.send(
      new GetCommand({ TableName: this.table, Key: pointKey(bucket, seq), ConsistentRead: true }),
    );
    return item?.record as RecoveryPointRecord | undefined;
  }

  async listRecoveryPoints(options: {
    bucket?: string;
    limit?: number;
    next?: string;
  }): Promise<Page<RecoveryPointRecord>> {
    const { bucket, limit, next } = options;
    return this.page<RecoveryPointRecord>({ query: this.query(bucket, Kind.recoveryPoint), limit, next });
  }

  async putContinuousPoint(point: ContinuousPointRecord): Promise<void> {
    await this.documents.send(new PutCommand({ TableName: this.table, Item: continuousItem(point) }));
  }

  async getContinuousPoint(bucket: string): Promise<ContinuousPointRecord | undefined> {
    const { Item: item } = await this.documents.send(
      new GetCommand({ TableName: this.table, Key: continuousKey(bucket), ConsistentRead: true }),
    );
    return item?.record as ContinuousPointRecord | undefined;
  }

  /** One record a bucket with continuous backup. */
  async listContinuousPoints(): Promise<readonly ContinuousPointRecord[]> {
    const all: ContinuousPointRecord[] = [];
    let next: string | undefined;
    do {
      const page: Page<ContinuousPointRecord> = await this.page({ query: this.vaultQuery(Kind.continuous), next });
      all.push(...page.items);
      next = page.next;
    } while (next !== undefined);
    return all;
  }

  async getLock(bucket: string): Promise<JobLock | undefined> {
    const { Item: item } = await this.documents.send(
      new GetCommand({ TableName: this.table, Key: lockKey(bucket), ConsistentRead: true }),
    );
    return item?.jobId === undefined ? undefined : lockOf(bucket, item);
  }

  async takeLock({
    bucket,
    jobId,
    executionArn,
    type = 'BACKUP',
    from,
  }: Parameters<Catalog['takeLock']>[0]): Promise<JobLock> {
    for (let attempt = 1; attempt <= LOCK_ATTEMPTS; attempt++) {
      const taken = await this.unlessRefused(
        new UpdateCommand({
          TableName: this.table,
          Key: lockKey(bucket),
          UpdateExpression:
            'SET jobId = :jobId, executionArn = :arn, holder = :type, fence = if_not_exists(fence, :none) + :one',
          ConditionExpression: from
            ? 'attribute_not_exists(jobId) OR (jobId = :fromJob AND executionArn = :fromArn AND fence = :fromFence)'
            : 'attribute_not_exists(jobId)',
          ExpressionAttributeValues: {
            ':jobId': jobId,
            ':arn': executionArn,
            ':type': type,
            ':none': 0,
            ':one': 1,
            ...(from && { ':fromJob': from.jobId, ':fromArn': from.executionArn, ':fromFence': from.fence }),
          },
          ReturnValues: 'ALL_NEW',
        }),
      );
      if (taken) return lockOf(bucket, taken);
      const held = await this.getLock(bucket);
      if (held) return held;
    }
    throw new Error(`the lock of ${bucket} changed its holder during every attempt`);
  }

  async releaseLock(bucket: string, jobId: string): Promise<void> {
    await this.unlessRefused(
      new UpdateCommand({
        TableName: this.table,
        Key: lockKey(bucket),
        UpdateExpression: 'REMOVE jobId, executionArn',
        ConditionExpression: 'jobId = :jobId',
        ExpressionAttributeValues: { ':jobId': jobId },
      }),
    );
  }

  private async unlessRefused(command: UpdateCommand | PutCommand): Promise<Item | undefined> {
    try {
      const { Attributes = {} } =
        command instanceof PutCommand ? await this.documents.send(command) : await this.documents.send(command);
      return Attributes;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return undefined;
      throw error;
    }
  }

  private query(bucket: string | undefined, kind: Kind): QueryCommandInput {
    return bucket === undefined ? this.vaultQuery(kind) : this.bucketQuery(bucket, kind);
  }

  private bucketQuery(bucket: string, kind: Kind): QueryCommandInput {
    return {
      TableName: this.table,
      KeyConditionExpression: `${CatalogTable.partitionKey} = :pk AND begins_with(${CatalogTable.sortKey}, :prefix)`,
      ExpressionAttributeValues: { ':pk': partitionOf(bucket), ':prefix': SortPrefix[kind] },
    };
  }

  private vaultQuery(kind: Kind): QueryCommandInput {
    return {
      TableName: this.table,
      IndexName: CatalogTable.index,
      KeyConditionExpression: '#kind = :kind',
      ExpressionAttributeNames: { '#kind': CatalogTable.indexPartitionKey },
      ExpressionAttributeValues: { ':kind': kind },
    };
  }

  /** Newest first, until the page is full: a filter and DynamoDB's own page size may leave less at a time. */
  private async page<T>(options: {
    readonly query: QueryCommandInput;
    readonly names?: Record<string, string>;
    readonly values?: Record<string, unknown>;
    readonly limit?: number;
    readonly next?: string;
    /** Don't read on to find out whether there is a next page. */
    readonly stopWhenFull?: boolean;
  }): Promise<Page<T>> {
    const { query, names, values, limit = DEFAULT_LIMIT, next, stopWhenFull = false } = options;
    const wanted = stopWhenFull ? limit : limit + 1;
    const merged = { ...query.ExpressionAttributeNames, ...names };
    const items: Item[] = [];
    let start: Item | undefined = next === undefined ? undefined : decodePosition(next);
    do {
      const output = await this.documents.send(
        new QueryCommand({
          ...query,
          // DynamoDB refuses an empty map of names.
          ExpressionAttributeNames: Object.keys(merged).length > 0 ? merged : undefined,
          ExpressionAttributeValues: { ...query.ExpressionAttributeValues, ...values },
          ScanIndexForward: false,
          ExclusiveStartKey: start,
          ...(query.FilterExpression === undefined && { Limit: wanted - items.length }),
        }),
      );
      items.push(...(output.Items ?? []));
      start = output.LastEvaluatedKey;
    } while (start !== undefined && items.length < wanted);
    const page = items.slice(0, limit);
    const last = items.length > limit ? page.at(-1) : undefined;
    return {
      items: page.map((item) => item.record as T),
      ...(last && { next: encodePosition(last, query.IndexName !== undefined) }),
    };
  }
}

const lockOf = (bucket: string, item: Item): JobLock => {
  const { jobId, executionArn, fence } = item as unknown as JobLock;
  return { bucket, jobId, executionArn, ...(item.holder === 'UPKEEP' && { type: 'UPKEEP' as const }), fence };
};
