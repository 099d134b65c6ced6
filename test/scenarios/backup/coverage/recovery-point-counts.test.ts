import { total } from '../../../../lambda/core/values/counts';
import { fromIso } from '../../../../lambda/core/values/instant';
import { pick, randomOf } from '../../../support/dice';
import { deliverReport } from '../../../support/inventory-report';
import { LiveBucket } from '../../../support/live-bucket';
import { seeds } from '../../../support/seeds';
import { manifest } from '../../support/changed-rig';
import { Rig, SCRATCH } from '../../support/rig';

const HOUR = 3600;

interface Held {
  readonly objects: number;
  readonly versions: number;
  readonly bytes: number;
  /** Versions that nobody but the client can read. */
  readonly missing: number;
}

/** A bucket whose events come after up to so many seconds, and what it held at each second. */
function watched(seed: number) {
  const rig = new Rig();
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  const random = randomOf(seed);
  const held: [number, Held][] = [];
  const keys = Array.from({ length: 12 }, (_, n) => `k${String(n)}`);
  const note = (): void => {
    const all = keys.map((key) => rig.s3.history('src', key));
    const puts = all.flat().filter(({ isMarker }) => !isMarker);
    held.push([
      rig.s3.now,
      {
        objects: all.filter(([current]) => current && !current.isMarker).length,
        versions: puts.length,
        bytes: puts.reduce((sum, { body }) => sum + body.length, 0),
        missing: puts.filter(({ sseC }) => sseC).length,
      },
    ]);
  };
  const change = (): void => {
    const key = pick(random, keys);
    const versions = rig.s3.history('src', key);
    const [any] = versions.length > 0 ? [pick(random, versions)] : [];
    const kind = random();
    if (kind < 0.5 || !any) client.put(key, 'x'.repeat(1 + Math.floor(random() * 50)), { sseC: random() < 0.2 });
    else if (kind < 0.7) client.delete(key);
    else client.deleteVersion(key, any.versionId);
    note();
  };
  /** Lets so many seconds go by, with changes at odd times. */
  const live = async (seconds: number): Promise<void> => {
    const end = rig.s3.now + seconds;
    while (rig.s3.now < end) {
      for (let n = Math.floor(random() * 3); n > 0; n--) change();
      rig.s3.advance(Math.min(end - rig.s3.now, 20 + Math.floor(random() * 200)));
      expect(await rig.capture(client.take())).toEqual([]);
    }
  };
  const heldAt = (second: number): Held | undefined => held.findLast(([since]) => since <= second)?.[1];
  return { rig, live, heldAt, random };
}

test.each(seeds(4, 51))(
  'numbers of recovery points are those of their instant, whatever was known beyond it (seed %d)',
  async (seed) => {
    const { rig, live, heldAt, random } = watched(seed);
    // What happens later in the second of a listing, it has not seen.
    const begun = async <T>(job: Promise<T>): Promise<T> => {
      const output = await job;
      rig.s3.advance(1);
      return output;
    };
    const upkeep = () => begun(rig.upkeep({ bucket: 'src', deleteAfterDays: 35 }));
    const sources = new Set<string>();
    await live(600);
    await upkeep();
    for (let round = 0; round < 24; round++) {
      await live(HOUR / 2);
      if (random() < 0.5) await live(HOUR / 2);
      if (random() < 0.1) deliverReport(rig.s3, 'src', SCRATCH);
      if (random() < 0.6) await upkeep();
      if (random() < 0.5) await live(600);
      const isReport = round > 2 && random() < 0.15;
      if (isReport) {
        deliverReport(rig.s3, 'src', SCRATCH);
        await live(600);
        await begun(rig.backup({ bucket: 'src', source: 'inventory' }));
        continue;
      }
      const { objects, versions, bytes, asOf, source, status, skipped, recoveryPointId } = await begun(
        rig.backup({
          bucket: 'src',
          source: random() < 0.1 ? 'listing' : 'auto',
          maxSourceAgeMinutes: 600,
        }),
      );
      sources.add(source);
      const missing = total(skipped);
      // A report may show a version that is gone by now.
      const gone = source === 'inventory' ? (skipped['version-gone'] ?? 0) : 0;
      expect(missing).toBe((skipped['sse-c'] ?? 0) + gone);
      expect([round, source, { objects, versions, bytes, missing }]).toEqual([round, source, heldAt(fromIso(asOf))]);
      expect([round, status]).toEqual([round, total(skipped) > 0 ? 'PARTIAL' : 'COMPLETED']);
      const point = await rig.catalog.getRecoveryPoint('src', Number(recoveryPointId.split('/')[1]));
      expect([point?.objects, point?.versionCount, point?.bytes]).toEqual([objects, versions, bytes]);
    }
    expect(sources).toContain('changes');
    // What is known by now is the bucket as it is, once the last events are taken in.
    rig.s3.advance(HOUR);
    await upkeep();
    const { holdings } = manifest(rig, (await rig.ports.vault.newestSeq('src')) ?? 0).continuous ?? {};
    const { skipped: { 'sse-c': missing = 0 } = {}, objects, versions, bytes } = holdings ?? {};
    expect({ objects, versions, bytes, missing }).toEqual(heldAt(rig.s3.now));
  },
);

test('after a scan of current versions, no recovery point is made of changes until all versions are scanned', async () => {
  const { rig, live, heldAt } = watched(60);
  await live(HOUR);
  await rig.upkeep({ bucket: 'src', deleteAfterDays: 35 });
  await live(HOUR);
  await rig.backup({ bucket: 'src', versions: 'CURRENT' });
  await live(HOUR);
  await rig.upkeep({ bucket: 'src', action: 'commit-changes' });
  await live(HOUR);
  await expect(rig.backup({ bucket: 'src', source: 'changes' })).rejects.toThrow('current versions only');
  const { objects, versions, bytes, asOf, source, skipped } = await rig.backup({ bucket: 'src' });
  const missing = skipped['sse-c'] ?? 0;
  expect([source, { objects, versions, bytes, missing }]).toEqual(['listing', heldAt(fromIso(asOf))]);
});
