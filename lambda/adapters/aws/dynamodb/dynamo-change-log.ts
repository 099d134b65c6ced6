import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChangeLogTable } from '../../../contract/change-log-schema';
import type { Row } from '../../../core/history/row';
import type { ChangeLog, LoggedChange } from '../../../ports/change-log';
import { type ChangeItem, changeItems, changePartitions, rowsWithin } from '../../change-items';

/** DynamoDB's limit of a batch. */
const BATCH_ITEMS = 25;
/** What DynamoDB leaves out of a batch is sent again after 50 ms, 100 ms … 12.8 s: within half a minute in all. */
const ATTEMPTS = 9;
const FIRST_PAUSE_MS = 50;
/** Partitions that are read at the same time: each holds a page of at most 1 MB in memory. */
const PARALLEL = 16;

export interface DynamoChangeLogOptions {
  readonly tableName: string;
  readonly client?: DynamoDBClientConfig;
  /** Epoch seconds. @default the clock of this machine; readers allow for one that is minutes off */
  readonly now?: () => number;
}

/** The change log in DynamoDB. */
export class DynamoChangeLog implements ChangeLog {
  private readonly table: string;
  private readonly documents: DynamoDBDocumentClient;
  private readonly now: () => number;

  constructor({ tableName, client = {}, now = () => Date.now() / 1_000 }: DynamoChangeLogOptions) {
    this.table = tableName;
    this.now = now;
    this.documents = DynamoDBDocumentClient.from(new DynamoDBClient(client));
  }

  /** Closes the connections. */
  destroy(): void {
    this.documents.destroy();
  }

  async append(changes: readonly LoggedChange[]): Promise<void> {
    const items = changeItems(changes, this.now());
    for (let at = 0; at < items.length; at += BATCH_ITEMS) await this.write(items.slice(at, at + BATCH_ITEMS));
  }

  async *read(bucket: string, from: number, to: number): AsyncGenerator<Row[]> {
    const partitions = changePartitions(bucket, from, to);
    for (let at = 0; at < partitions.length; at += PARALLEL) {
      const some = partitions.slice(at, at + PARALLEL);
      const pages = await Promise.all(some.map((partition) => this.page(partition)));
      for (const [index, partition] of some.entries()) {
        for (let page = pages[index]; page; page = page.next && (await this.page(partition, page.next))) {
          const rows = rowsWithin(page.items, from, to);
          if (rows.length > 0) yield rows;
        }
      }
    }
  }

  private async write(items: readonly ChangeItem[]): Promise<void> {
    let requests = items.map((Item) => ({ PutRequest: { Item: { ...Item } } }));
    for (let attempt = 1; ; attempt++) {
      const { UnprocessedItems } = await this.documents.send(
        new BatchWriteCommand({ RequestItems: { [this.table]: requests } }),
      );
      requests = (UnprocessedItems?.[this.table] ?? []) as typeof requests;
      if (requests.length === 0) return;
      if (attempt === ATTEMPTS) throw new Error(`DynamoDB did not accept ${requests.length} items of the change log`);
      await sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1));
    }
  }

  private async page(
    partition: string,
    start?: Record<string, unknown>,
  ): Promise<{ items: readonly ChangeItem[]; next?: Record<string, unknown> }> {
    const { Items = [], LastEvaluatedKey: next } = await this.documents.send(
      new QueryCommand({
        TableName: this.table,
        KeyConditionExpression: `${ChangeLogTable.partitionKey} = :pk`,
        ExpressionAttributeValues: { ':pk': partition },
        ConsistentRead: true,
        ExclusiveStartKey: start,
      }),
    );
    return { items: Items as unknown as ChangeItem[], next };
  }
}
