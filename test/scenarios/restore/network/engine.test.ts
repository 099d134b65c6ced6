import { GetObjectCommand, GetObjectTaggingCommand, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { AwsBucketAdmin } from '../../../../lambda/adapters/aws/s3/aws-bucket-admin';
import { AwsMarkerRemoval } from '../../../../lambda/adapters/aws/s3/aws-marker-removal';
import { AwsObjectStore } from '../../../../lambda/adapters/aws/s3/aws-object-store';
import { Vault } from '../../../../lambda/usecases/vault/vault';
import { Scratch } from '../../../../lambda/usecases/work/turns';
import { clientConfig, localAccount } from '../../../../local/service/aws-env';
import { type Engine, startEngine } from '../../../../local/service/engine';
import { BrokenProxy } from '../../../support/broken-proxy';
import { pick, type Random, randomOf } from '../../../support/dice';
import { engineWorld } from '../../../support/engine-world';
import type { S3World } from '../../../support/s3-world';
import { seeds } from '../../../support/seeds';
import { Rig } from '../../support/rig';

/**
 * Restores and rollbacks by the adapters of the runtime, through a proxy that breaks any of their requests: the bucket ends as it was backed
 * up, or the job says that it does not. All of it is HTTP: what the SDK makes of a broken answer is part of the test.
 */
const SHARE = 0.1;
const KEYS = ['a', 'b/c', 'd e', 'é', 'large'];

/** How often jobs ended in which way. */
const ends: Record<string, number> = {};
const count = (end: string): void => {
  ends[end] = (ends[end] ?? 0) + 1;
};

let engine: Engine;
let world: S3World;
let proxy: BrokenProxy;
let broken: string;
let client: S3Client;

beforeAll(async () => {
  engine = await startEngine();
  world = engineWorld(engine);
  client = new S3Client({ ...clientConfig(engine), forcePathStyle: true });
  proxy = new BrokenProxy(engine.endpoint, Math.random);
  broken = await proxy.listen();
});

afterAll(async () => {
  client.destroy();
  await proxy.close();
  await world.close();
  await engine.stop();
});

/** The rig with S3 in the engine, behind the proxy; the tables stay in memory. */
class NetworkRig extends Rig {
  private readonly opened: { destroy(): void }[] = [];

  constructor(settings: object, vault: string, scratch: string) {
    super({ settings });
    const config = { ...clientConfig({ endpoint: broken }), maxAttempts: 3, retryMode: 'standard' };
    const options = { accountId: localAccount, client: config };
    const store = () => this.open(new AwsObjectStore(options));
    const buckets = this.open(new AwsBucketAdmin(options));
    const markers = this.open(new AwsMarkerRemoval(options));
    Object.assign(this, { markers });
    Object.assign(this.ports, {
      source: store(),
      destination: store(),
      vault: new Vault(store(), vault),
      scratch: new Scratch(store(), scratch),
      buckets,
      deployment: { ...this.ports.deployment, accountId: localAccount, vaultBucket: vault, scratchBucket: scratch },
    });
  }

  private open<T extends { destroy(): void }>(thing: T): T {
    this.opened.push(thing);
    return thing;
  }

  /** Jobs begin now. */
  override nextName(): string {
    this.s3.now = Date.now() / 1000;
    return super.nextName();
  }

  close(): void {
    for (const thing of this.opened) thing.destroy();
  }
}

async function change(bucket: string, random: Random, n: number): Promise<void> {
  const key = pick(random, KEYS);
  if (random() < 0.3) await world.delete(bucket, key);
  else {
    const tags = random() < 0.4 ? { n: String(n), t: 'x' } : undefined;
    // Bodies come again, so that ETags do not tell versions apart.
    const body = 'x'.repeat(3 + Math.floor(random() * 3));
    await world.put(bucket, key, body, { tags, userMetadata: { n: String(n % 2) } });
  }
}

interface State {
  readonly key: string;
  readonly versionId: string;
  readonly what: string;
}

/** Every version of a bucket, newest first, as far as it is restored: the engine itself is asked. */
async function statesOf(bucket: string): Promise<State[]> {
  const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket }));
  const listed = await world.store().listVersions({ bucket, maxKeys: 1000 });
  const known = new Map([...Versions, ...DeleteMarkers].map((one) => [`${one.Key ?? ''} ${one.VersionId ?? ''}`, one]));
  return Promise.all(
    listed.entries.map(async ({ key, versionId, isMarker }): Promise<State> => {
      expect(known.has(`${key} ${versionId}`)).toBe(true);
      if (isMarker) return { key, versionId, what: 'marker' };
      const target = { Bucket: bucket, Key: key, VersionId: versionId };
      const { Body, Metadata } = await client.send(new GetObjectCommand(target));
      const { TagSet = [] } = await client.send(new GetObjectTaggingCommand(target));
      const tags = TagSet.map(({ Key, Value }) => [Key, Value]).sort();
      return { key, versionId, what: JSON.stringify([await Body?.transformToString(), Metadata, tags]) };
    }),
  );
}

/** What a bucket has under each key, newest first, from its oldest body on: markers below that hide nothing. */
function storiesOf(states: readonly State[]): (readonly [string, string[]])[] {
  return KEYS.map((key) => {
    const own = states.filter((state) => state.key === key).map(({ what }) => what);
    return [key, own.slice(0, own.findLastIndex((what) => what !== 'marker') + 1)] as const;
  });
}

async function begun(seed: number) {
  const random = randomOf(seed);
  const settings = pick(random, [{}, { packThreshold: 0 }, { packThreshold: 4 }]);
  const [src, dst, vault, scratch] = await Promise.all([
    ...[1, 2, 3].map(() => world.newBucket()),
    world.newBucket({ versioning: 'Disabled' }),
  ]);
  if (!src || !dst || !vault || !scratch) throw new Error('no buckets');
  for (let n = 0; n < 16; n++) await change(src, random, n);
  const rig = new NetworkRig({ ...settings, concurrency: 4, markerRemoval: true }, vault, scratch);
  rig.retries = 40;
  const breaks = async <T>(run: () => Promise<T>): Promise<T | Error> => {
    proxy.breakBy(random, SHARE);
    try {
      const output = await run();
      count((output as { readonly status: string }).status);
      return output;
    } catch (error) {
      count((error as Error).name);
      return error as Error;
    } finally {
      proxy.share = 0;
    }
  };
  return { random, rig, src, dst, breaks };
}

/** What the report of a restore says of each version. */
async function linesOf(report: string): Promise<Record<string, string>[]> {
  const [bucket = ''] = report.replace('s3://', '').split('/');
  const text = async (name: string): Promise<string> => {
    const key = name.replace(`s3://${bucket}/`, '');
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return (await Body?.transformToString()) ?? '';
  };
  const { details } = JSON.parse(await text(report)) as { details: string[] };
  const files = await Promise.all(details.map(text));
  return files
    .flatMap((file) => file.trim().split('\n').filter(Boolean))
    .map((line) => JSON.parse(line) as Record<string, string>);
}

test.each(seeds(3, 1))('all versions come back through a broken network, or it is said (seed %i)', async (seed) => {
  const { rig, src, dst, breaks } = await begun(seed);
  try {
    await rig.backup({ bucket: src });
    const wanted = storiesOf(await statesOf(src));
    const output = await breaks(() => rig.restore({ sourceBucket: src, destinationBucket: dst, versions: 'all' }));
    const found = await statesOf(dst);
    if (output instanceof Error) return;
    if (output.status === 'COMPLETED') expect(storiesOf(found)).toEqual(wanted);
    const lines = await linesOf(output.report);
    // What is not to be used is named; of the rest, nothing is there that was not backed up, and all is there that is said to be.
    const bad = new Set(lines.map((line) => line['destinationVersionId']));
    for (const [key, story] of wanted) {
      const bodies = found.filter((one) => one.key === key && one.what !== 'marker' && !bad.has(one.versionId));
      const told = lines.filter((line) => line['key'] === key && line['outcome'] === 'restored').length;
      const foreign = bodies.filter(({ what }) => !story.includes(what));
      const facts = { key, status: output.status, lines, story, foreign };
      expect({ ...facts, missing: Math.max(0, told - bodies.length) }).toEqual({ ...facts, missing: 0, foreign: [] });
    }
  } finally {
    rig.close();
  }
});

test.each(seeds(2, 1))(
  'a rollback through a broken network brings the bucket back, or it is said (seed %i)',
  async (seed) => {
    const { rig, random, src, breaks } = await begun(seed);
    try {
      const { recoveryPointId } = await rig.backup({ bucket: src });
      const current = async () => storiesOf(await statesOf(src)).map(([key, story]) => [key, story[0] ?? 'marker']);
      const then = await current();
      for (let n = 0; n < 10; n++) await change(src, random, n);
      await rig.backup({ bucket: src });
      const removeMarkers = random() < 0.5;
      const request = { sourceBucket: src, recoveryPointId, rollback: true, removeMarkers };
      const output = await breaks(() => rig.restore(request));
      if (output instanceof Error || output.status !== 'COMPLETED') return;
      expect(await current()).toEqual(then);
    } finally {
      rig.close();
    }
  },
);

test('every kind of fault was met, and most jobs got through', () => {
  const kinds = new Set([...proxy.broken.keys()].map((name) => name.replace(/^\w+ /, '')));
  expect(kinds.size).toBeGreaterThan(6);
  const all = Object.values(ends).reduce((sum, one) => sum + one, 0);
  expect({ ends, most: (ends['COMPLETED'] ?? 0) * 2 > all }).toEqual({ ends, most: true });
});
