import { CreateBucketCommand, PutBucketTaggingCommand, S3Client } from '@aws-sdk/client-s3';
import { TaggedBuckets } from '../../lambda/adapters/aws/s3/tagged-buckets';
import { clientConfig } from '../../local/service/aws-env';
import { startEngine, type Engine } from '../../local/service/engine';
import { engineStartLimitMs } from './support';

let engine: Engine;

beforeAll(async () => {
  engine = await startEngine();
}, engineStartLimitMs);

afterAll(async () => {
  await engine.stop();
});

test('buckets are found by key and value of a tag, over pages, and others are not', async () => {
  const s3 = new S3Client(clientConfig(engine));
  const create = async (name: string, tags: Readonly<Record<string, string>>): Promise<void> => {
    await s3.send(new CreateBucketCommand({ Bucket: name }));
    const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    if (TagSet.length > 0) await s3.send(new PutBucketTaggingCommand({ Bucket: name, Tagging: { TagSet } }));
  };
  const many = Array.from({ length: 120 }, (_, i) => `tagged-${String(i).padStart(3, '0')}`);
  for (const name of many) await create(name, { backup: 'yes', n: name });
  await create('no-tags', {});
  await create('another-value', { backup: 'no' });
  await create('another-key', { restore: 'yes' });
  const buckets = new TaggedBuckets(clientConfig(engine));
  expect((await buckets.bucketsWith({ key: 'backup', value: 'yes' })).sort()).toEqual(many);
  expect(await buckets.bucketsWith({ key: 'backup', value: 'maybe' })).toEqual([]);
  s3.destroy();
});
