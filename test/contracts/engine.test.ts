import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { randomBytes } from 'node:crypto';
import { DynamoCatalog } from '../../lambda/adapters/aws/dynamodb/dynamo-catalog';
import { DynamoChangeLog } from '../../lambda/adapters/aws/dynamodb/dynamo-change-log';
import { SsmBucketClaims } from '../../lambda/adapters/aws/events/ssm-bucket-claims';
import { CatalogTable } from '../../lambda/contract/catalog-schema';
import { ChangeLogTable } from '../../lambda/contract/change-log-schema';
import { clientConfig } from '../../local/service/aws-env';
import { type Engine, startEngine } from '../../local/service/engine';
import { engineCapture } from '../support/engine-capture';
import { engineWorld } from '../support/engine-world';
import type { S3World } from '../support/s3-world';
import { bucketAdminContract } from './bucket-admin.contract';
import { bucketClaimsContract } from './bucket-claims.contract';
import { bucketSettingsContract } from './bucket-settings.contract';
import { type CaptureWorld, captureControlContract } from './capture-control.contract';
import { catalogContract } from './catalog.contract';
import { changeLogContract } from './change-log.contract';
import { checksumsContract } from './checksums.contract';
import { copyingContract } from './copying.contract';
import { listingContract } from './listing.contract';
import { markerRemovalContract } from './marker-removal.contract';
import { readingContract } from './reading.contract';
import { writingContract } from './writing.contract';

/** A first run may have to install the engine. */
const START_LIMIT_MS = 10 * 60_000;

describe('on the local engine', () => {
  let engine: Engine;
  let world: S3World;
  let dynamo: DynamoDBClient;
  let newCapture: () => Promise<CaptureWorld>;
  const opened: { destroy(): void }[] = [];

  beforeAll(async () => {
    engine = await startEngine();
    world = engineWorld(engine);
    dynamo = new DynamoDBClient(clientConfig(engine));
    newCapture = engineCapture(engine, opened);
  }, START_LIMIT_MS);

  afterAll(async () => {
    for (const client of opened) client.destroy();
    dynamo.destroy();
    await world.close();
    await engine.stop();
  });

  listingContract(() => world);
  readingContract(() => world);
  writingContract(() => world);
  copyingContract(() => world);
  checksumsContract(() => world);
  markerRemovalContract(() => world);
  bucketAdminContract(() => world);
  bucketSettingsContract(() => world);
  bucketClaimsContract(() => {
    const claims = new SsmBucketClaims(clientConfig(engine));
    opened.push(claims);
    return claims;
  });
  captureControlContract(() => newCapture());
  catalogContract(async () => {
    const tableName = `catalog-${randomBytes(6).toString('hex')}`;
    await dynamo.send(new CreateTableCommand(tableOf(tableName)));
    const catalog = new DynamoCatalog({ tableName, client: clientConfig(engine) });
    opened.push(catalog);
    return catalog;
  });
  changeLogContract(Date.now() / 1_000, async (now) => {
    const tableName = `changes-${randomBytes(6).toString('hex')}`;
    await dynamo.send(new CreateTableCommand(changeTableOf(tableName)));
    const log = new DynamoChangeLog({ tableName, client: clientConfig(engine), now });
    opened.push(log);
    return log;
  });
});

const keys = (hash: string, range: string) => [
  { AttributeName: hash, KeyType: 'HASH' as const },
  { AttributeName: range, KeyType: 'RANGE' as const },
];
const texts = (...names: string[]) => names.map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const }));

/** The tables as the construct makes them. */
function changeTableOf(TableName: string) {
  const { partitionKey, sortKey } = ChangeLogTable;
  return {
    TableName,
    BillingMode: 'PAY_PER_REQUEST' as const,
    KeySchema: keys(partitionKey, sortKey),
    AttributeDefinitions: texts(partitionKey, sortKey),
  };
}

function tableOf(TableName: string) {
  const { partitionKey, sortKey, index, indexPartitionKey, indexSortKey } = CatalogTable;
  return {
    TableName,
    BillingMode: 'PAY_PER_REQUEST' as const,
    KeySchema: keys(partitionKey, sortKey),
    AttributeDefinitions: texts(partitionKey, sortKey, indexPartitionKey, indexSortKey),
    GlobalSecondaryIndexes: [
      {
        IndexName: index,
        KeySchema: keys(indexPartitionKey, indexSortKey),
        Projection: { ProjectionType: 'ALL' as const },
      },
    ],
  };
}
