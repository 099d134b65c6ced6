import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectTaggingCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { setTimeout as sleep } from 'node:timers/promises';
import { compareBuckets } from '../../local/buckets/compare';
import { type BucketHistory, currentOf } from '../../local/buckets/history';
import { pick, randomOf, type Random } from '../support/dice';
import { Bucket } from './buckets';
import { captured, isoSecond, listed } from './continuous-world';
import type { E2eWorld } from './world';

const BURSTS = 6;
const KEYS = 10;
/** Operations on each key in each burst, one after the other; keys at the same time. */
const OPERATIONS = 6;
const prefix = 'model/';

/** A key under random operations, and what may throw doubt on it. */
class LiveKey {
  private versions: { readonly id: string; readonly isMarker: boolean }[] = [];
  /** Tags of a version were changed, or a version was deleted, when nobody may have read it yet. */
  isTroubled = false;

  constructor(
    private readonly s3: S3Client,
    readonly key: string,
    private readonly random: Random,
  ) {}

  async operate(): Promise<void> {
    const newest = this.versions[0];
    const any = this.versions.length > 0 ? pick(this.random, this.versions) : undefined;
    const kind = this.random();
    if (!newest || !any || kind < 0.3) await this.put();
    else if (kind < 0.4 && !newest.isMarker) await this.copyInPlace();
    else if (kind < 0.5) await this.putInParts();
    else if (kind < 0.65) this.wrote(await this.s3.send(new DeleteObjectCommand(this.target)), true);
    else if (kind < 0.75 && newest.isMarker) await this.deleteVersion(newest.id);
    else if (kind < 0.8) await this.deleteVersion(any.id);
    else if (!any.isMarker) await this.tag(any.id);
  }

  private get target() {
    return { Bucket: Bucket.small, Key: this.key };
  }

  private async put(): Promise<void> {
    const Body = `${this.key} ${String(this.random())}`;
    const Tagging = this.random() < 0.4 ? `n=${String(Math.floor(this.random() * 100))}` : undefined;
    this.wrote(await this.s3.send(new PutObjectCommand({ ...this.target, Body, Tagging })));
  }

  private async copyInPlace(): Promise<void> {
    const Metadata = { copied: String(this.random()) };
    const CopySource = `${Bucket.small}/${this.key}`;
    const copy = { ...this.target, CopySource, MetadataDirective: 'REPLACE' as const, Metadata };
    this.wrote(await this.s3.send(new CopyObjectCommand(copy)));
  }

  private async putInParts(): Promise<void> {
    const { UploadId } = await this.s3.send(new CreateMultipartUploadCommand(this.target));
    const part = { ...this.target, UploadId, PartNumber: 1, Body: `${this.key} in parts ${String(this.random())}` };
    const { ETag } = await this.s3.send(new UploadPartCommand(part));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    this.wrote(await this.s3.send(new CompleteMultipartUploadCommand({ ...this.target, UploadId, MultipartUpload })));
  }

  private async deleteVersion(VersionId: string): Promise<void> {
    this.isTroubled = true;
    await this.s3.send(new DeleteObjectCommand({ ...this.target, VersionId }));
    this.versions = this.versions.filter(({ id }) => id !== VersionId);
  }

  private async tag(VersionId: string): Promise<void> {
    this.isTroubled = true;
    const target = { ...this.target, VersionId };
    const TagSet = [{ Key: 't', Value: String(Math.floor(this.random() * 100)) }];
    if (this.random() < 0.3) await this.s3.send(new DeleteObjectTaggingCommand(target));
    else await this.s3.send(new PutObjectTaggingCommand({ ...target, Tagging: { TagSet } }));
  }

  private wrote({ VersionId }: { readonly VersionId?: string }, isMarker = false): void {
    this.versions.unshift({ id: VersionId ?? '', isMarker });
  }
}

/** The model test of continuous backup on the engine: real events, in the engine's order, many changes in one second. */
export function continuousModel(world: () => E2eWorld): void {
  test('hundreds of random operations: any second is as it was, or said to be uncertain', async () => {
    const { reader, s3, small } = world();
    const random = randomOf(20_261_125);
    const keys = Array.from({ length: KEYS }, (_, n) => new LiveKey(s3, `${prefix}${String(n)}`, random));
    const states: { readonly instant: string; readonly state: BucketHistory }[] = [];
    for (let burst = 0; burst < BURSTS; burst++) {
      await Promise.all(
        keys.map(async (key) => {
          for (let n = 0; n < OPERATIONS; n++) await key.operate();
        }),
      );
      await nextSecond();
      const instant = isoSecond();
      states.push({ instant, state: currentOf(await reader.read(Bucket.small, prefix)) });
      await nextSecond();
    }
    await captured(world(), states.at(-1)?.instant ?? '');
    expect(await small.upkeeps.succeed({ bucket: Bucket.small, action: 'reconcile' })).toMatchObject({ gaps: 0 });

    const troubled = new Set(keys.filter(({ isTroubled }) => isTroubled).map(({ key }) => key));
    let exact = 0;
    for (const { instant, state } of states) {
      const found = await listed(world(), 'ls', prefix, '--recursive', '--at', instant);
      const all = await listed(world(), 'versions', prefix, '--at', instant);
      const doubted = new Set([...found, ...all].filter((one) => !one.exact).map(({ key }) => key));
      expect([...doubted].filter((key) => !troubled.has(key))).toEqual([]);
      const inDoubt = new Set(found.filter((one) => !one.exact).map(({ key }) => key));
      const ids = new Map(found.map(({ key, versionId }) => [key, versionId]));
      for (const { key } of keys) {
        const expected = state.get(key)?.[0]?.versionId;
        // A key that may have been there is not listed: its versions are in doubt.
        const isDoubted = ids.has(key) ? inDoubt.has(key) : doubted.has(key);
        if (ids.get(key) === expected) exact++;
        else if (!isDoubted) throw new Error(`${key} at ${instant}: ${String(ids.get(key))}, not ${String(expected)}`);
      }
    }
    expect(exact).toBeGreaterThan((BURSTS * KEYS * 3) / 4);

    const last = states.at(-1);
    const destinationBucket = `${Bucket.small}-model`;
    const request = { sourceBucket: Bucket.small, items: [prefix], pointInTime: last?.instant, destinationBucket };
    const restored = await small.restores.succeed({ ...request, createBucket: true });
    expect(restored).toMatchObject({ status: 'COMPLETED', failed: 0 });
    if (last) expect(compareBuckets(last.state, await reader.read(destinationBucket)).differences).toEqual([]);
  });
}

/** Waits until a second begins, and a little more. */
const nextSecond = (): Promise<void> => sleep(1_050 - (Date.now() % 1_000));
