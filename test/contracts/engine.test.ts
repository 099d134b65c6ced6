import { randomBytes } from 'node:crypto';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoCatalog } from '../../lambda/adapters/aws/dynamo-catalog';
import { CatalogTable } from '../../lambda/contract/catalog-schema';
import { clientConfig } from '../../local/aws-env';
import { type Engine, startEngine } from '../../local/engine';
import { engineWorld } from '../support/engine-world';
import type { S3World } from '../support/s3-world';
import { bucketAdminContract } from './bucket-admin.contract';
import { bucketSettingsContract } from './bucket-settings.contract';
import { catalogContract } from './catalog.contract';
import { copyingContract } from './copying.contract';
import { listingContract } from './listing.contract';
import { readingContract } from './reading.contract';
import { writingContract } from './writing.contract';

/** A first run may have to install the engine. */
const START_LIMIT_MS = 360_000;

describe('on the local engine', () => {
  let engine: Engine;
  let world: S3World;
  let dynamo: DynamoDBClient;
  const catalogs: DynamoCatalog[] = [];

  beforeAll(async () => {
    engine = await startEngine();
    world = engineWorld(engine);
    dynamo = new DynamoDBClient(clientConfig(engine));
  }, START_LIMIT_MS);

  afterAll(async () => {
    for (const catalog of catalogs) catalog.destroy();
    dynamo.destroy();
    await world.close();
    await engine.stop();
  });

  listingContract(() => world);
  readingContract(() => world);
  writingContract(() => world);
  copyingContract(() => world);
  bucketAdminContract(() => world);
  bucketSettingsContract(() => world);
  catalogContract(async () => {
    const tableName = `catalog-${randomBytes(6).toString('hex')}`;
    await dynamo.send(new CreateTableCommand(tableOf(tableName)));
    const catalog = new DynamoCatalog({ tableName, client: clientConfig(engine) });
    catalogs.push(catalog);
    return catalog;
  });
});

/** The table as the construct makes it. */
function tableOf(TableName: string) {
  const { partitionKey, sortKey, index, indexPartitionKey, indexSortKey } = CatalogTable;
  const keys = (hash: string, range: string) => [
    { AttributeName: hash, KeyType: 'HASH' as const },
    { AttributeName: range, KeyType: 'RANGE' as const },
  ];
  return {
    TableName,
    BillingMode: 'PAY_PER_REQUEST' as const,
    KeySchema: keys(partitionKey, sortKey),
    AttributeDefinitions: [partitionKey, sortKey, indexPartitionKey, indexSortKey].map((AttributeName) => ({
      AttributeName,
      AttributeType: 'S' as const,
    })),
    GlobalSecondaryIndexes: [
      {
        IndexName: index,
        KeySchema: keys(indexPartitionKey, indexSortKey),
        Projection: { ProjectionType: 'ALL' as const },
      },
    ],
  };
}
