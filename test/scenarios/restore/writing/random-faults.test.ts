import { ManualDeadline } from '../../../../lambda/adapters/memory';
import { isStoreError, StoreError, type StoreErrorCode } from '../../../../lambda/ports/object-store';
import { type Random, pick, randomOf } from '../../../support/dice';
import { seeds } from '../../../support/seeds';
import { Rig } from '../../support/rig';

/** Requests that fail before or after they had their effect, any of them, at random: what is there in the end is what was backed up. */
const SHARE = 0.06;
const PASSING: readonly StoreErrorCode[] = ['unavailable', 'throttled'];

const KEYS = ['a', 'b/c', 'd e', 'é', 'large'];

/** A bucket with a history of every kind, and settings at random. */
function fill(seed: number): { rig: Rig; random: Random } {
  const random = randomOf(seed);
  const settings = [
    {},
    { packThreshold: 0 },
    { packThreshold: 0, copyPartSize: 2 },
    { packThreshold: 6, copyPartSize: 3 },
  ];
  const deadline = new ManualDeadline();
  const rig = new Rig({ settings: { ...pick(random, settings), concurrency: 2, markerRemoval: true }, deadline });
  rig.s3.createBucket('src', { ownership: 'ObjectWriter' });
  rig.s3.createBucket('dst', { ownership: 'ObjectWriter' });
  for (let n = 0; n < 30; n++) change(rig, random, n);
  if (random() < 0.5) deadline.remaining = 0;
  rig.retries = 200;
  return { rig, random };
}

function change(rig: Rig, random: Random, n: number): void {
  const key = pick(random, KEYS);
  if (random() < 0.3) rig.s3.delete('src', key);
  else {
    const value = random() < 0.1 ? '值'.repeat(200) : String(n);
    const tags =
      random() < 0.4 ? Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`t${String(i)}`, value])) : {};
    // Bodies come again, so that ETags do not tell versions apart.
    rig.s3.put('src', key, 'x'.repeat(3 + Math.floor(random() * 3)), { tags, userMetadata: { n: String(n % 2) } });
  }
  if (random() < 0.8) rig.s3.advance(1 + Math.floor(random() * 3));
}

function breakAtRandom(rig: Rig, random: Random): void {
  for (const { calls } of [rig.destination, rig.markers]) {
    calls.beforeCall = () => {
      if (random() < SHARE) throw new StoreError(pick(random, PASSING), 'never arrived');
    };
    calls.afterCall = () => {
      if (random() < SHARE) throw new StoreError('unavailable', 'answer lost');
    };
  }
}

/** What a bucket has under a key, newest first, from its oldest body on: markers below that hide nothing. */
function storyOf(rig: Rig, bucket: string, key: string): string[] {
  const versions = rig.s3
    .history(bucket, key)
    .map(({ isMarker, body, tags, userMetadata }) =>
      isMarker ? 'marker' : JSON.stringify([Buffer.from(body).toString(), tags, userMetadata]),
    );
  const oldest = versions.findLastIndex((version) => version !== 'marker');
  return versions.slice(0, oldest + 1);
}

/** Not every job gets through so many failures in a row. */
function saysSo(error: unknown): string {
  if (isStoreError(error)) return 'FAILED';
  throw error;
}

test.each(seeds(20, 1))('all versions are restored once each (seed %i)', async (seed) => {
  const { rig, random } = fill(seed);
  await rig.backup({ bucket: 'src' });
  rig.s3.advance(5);
  breakAtRandom(rig, random);
  const request = { sourceBucket: 'src', destinationBucket: 'dst', versions: 'all' };
  const status = await rig.restore(request).then((output) => output.status, saysSo);
  // A job that could not do it says so: then nothing is promised of the rest.
  if (status !== 'COMPLETED') return;
  const found = KEYS.map((key) => [key, storyOf(rig, 'dst', key)]);
  expect([status, found]).toEqual(['COMPLETED', KEYS.map((key) => [key, storyOf(rig, 'src', key)])]);
  expect(rig.s3.uploads.ids().length).toBeLessThan(10);
});

test.each(seeds(20, 1))('a rollback brings the bucket back (seed %i)', async (seed) => {
  const { rig, random } = fill(seed);
  const { recoveryPointId } = await rig.backup({ bucket: 'src' });
  const current = () => KEYS.map((key) => [key, storyOf(rig, 'src', key)[0] ?? 'marker']);
  const then = current();
  rig.s3.advance(5);
  for (let n = 0; n < 20; n++) change(rig, random, n);
  rig.s3.advance(5);
  await rig.backup({ bucket: 'src' });
  breakAtRandom(rig, random);
  const removeMarkers = random() < 0.5;
  const { status } = await rig.restore({ sourceBucket: 'src', recoveryPointId, rollback: true, removeMarkers });
  expect([status, current()]).toEqual(['COMPLETED', then]);
});
