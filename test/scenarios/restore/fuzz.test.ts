import type { MemoryVersion } from '../../../lambda/adapters/memory';
import { StoreError } from '../../../lambda/ports/object-store';
import { stateOf, type VersionState } from '../../support/bucket-state';
import { pick, type Random, randomOf } from '../../support/dice';
import { randomRig } from '../../support/random-rig';
import { seeds } from '../../support/seeds';
import { type Rig, SCRATCH, VAULT } from '../support/rig';

/**
 * Restores of random histories into destinations that are in use, with random options, while calls fail, time runs out, others write
 * and the vault is damaged: what a job says of itself is compared with what is there.
 */

const KEYS = ['a', 'a/b', 'a/c', '\ufffd', '\u{10000}'];
const BODIES = ['', 'A', 'B', 'a body of more than four parts', 'another body above the threshold', 'ten bytes!'];
const READER = { grantee: { id: 'f'.repeat(64) }, permission: 'READ' as const };

interface Faults {
  readonly failing: number;
  readonly live: number;
  readonly damage: boolean;
  readonly hurried: boolean;
}

function fill(rig: Rig, bucket: string, random: Random, steps: number, prefix = ''): void {
  const { s3 } = rig;
  for (let i = 0; i < steps; i++) {
    if (random() < 0.4) s3.advance(1);
    const key = prefix + pick(random, KEYS);
    const dice = random();
    const history = s3.history(bucket, key);
    if (dice < 0.65) {
      const grants = random() < 0.2 ? [READER] : undefined;
      s3.put(bucket, key, pick(random, BODIES), {
        tags: random() < 0.3 ? { t: pick(random, ['1', '2']) } : undefined,
        headers: random() < 0.3 ? { 'cache-control': pick(random, ['no-cache', '']) } : undefined,
        userMetadata: random() < 0.2 ? { m: 'x' } : undefined,
        acl: grants && {
          owner: 'o'.repeat(64),
          grants: [{ grantee: { id: 'o'.repeat(64) }, permission: 'FULL_CONTROL' }, ...grants],
        },
      });
    } else if (dice < 0.85) s3.delete(bucket, key);
    else if (dice < 0.93) {
      const victim = history[Math.floor(random() * history.length)];
      if (victim) s3.deleteVersion(bucket, key, victim.versionId);
    } else if (history[0]?.isMarker) s3.undelete(bucket, key);
  }
}

/** What a restore writes of a key, oldest first. */
function wantedOf(history: readonly MemoryVersion[], versions: number | 'all'): VersionState[] {
  if (versions === 1) return history[0] && !history[0].isMarker ? [stateOf(history[0])] : [];
  const chosen: MemoryVersion[] = [];
  let bodies = 0;
  for (const version of history) {
    if (!version.isMarker && ++bodies > (versions === 'all' ? Infinity : versions)) break;
    chosen.push(version);
  }
  while (chosen.at(-1)?.isMarker) chosen.pop();
  return chosen.reverse().map(stateOf);
}

function damageVault(rig: Rig, random: Random): void {
  const files = rig.s3.versions(VAULT).filter(({ key }) => /^(packs|objects)\//.test(key));
  if (files.length === 0) return;
  const victim = pick(random, files);
  const dice = random();
  if (dice < 0.4) rig.s3.corrupt(VAULT, victim.key, { versionId: victim.versionId });
  else if (dice < 0.6) rig.s3.deleteVersion(VAULT, victim.key, victim.versionId);
  else if (dice < 0.8) {
    rig.s3.put(VAULT, victim.key, Buffer.alloc(victim.size, 1), { checksum: random() < 0.5 ? 'SHA256' : 'none' });
    rig.s3.deleteVersion(VAULT, victim.key, victim.versionId);
  } else rig.s3.delete(VAULT, victim.key);
}

async function round(seed: number, faults: Faults): Promise<string> {
  const random = randomOf(seed);
  const rig = randomRig(random);
  const { s3 } = rig;
  s3.createBucket('src', { ownership: 'BucketOwnerPreferred' });
  fill(rig, 'src', random, Math.floor(random() * 14));
  s3.advance(1);
  await rig.backup({ bucket: 'src' });
  if (random() < 0.5) {
    fill(rig, 'src', random, Math.floor(random() * 10));
    s3.advance(1);
    await rig.backup({ bucket: 'src', metadata: 'FULL' });
  }
  const sourceNow = new Map(KEYS.map((key) => [key, [...s3.history('src', key)]]));
  const destinationPrefix = pick(random, ['', '', 'p/']);
  const inPlace = random() < 0.25;
  const bucket = inPlace ? 'src' : 'dst';
  if (!inPlace) s3.createBucket('dst', { ownership: 'BucketOwnerPreferred' });
  fill(rig, bucket, random, Math.floor(random() * 8), inPlace ? pick(random, ['', 'p/']) : destinationPrefix);
  s3.advance(1);
  const before = new Map(s3.versions(bucket).map((version) => [version.versionId + version.key, version]));
  const prior = (key: string): MemoryVersion[] => [...before.values()].filter((version) => version.key === key);
  if (faults.damage) for (let i = Math.floor(random() * 3); i >= 0; i--) damageVault(rig, random);

  const versions = pick<number | 'all'>(random, [1, 1, 2, 3, 'all', 'all']);
  const onExisting = pick(random, ['skip', 'overwrite', 'overwrite'] as const);
  const items = pick(random, [undefined, undefined, undefined, ['a/'], ['a', '\u{10000}']]);
  const selected = (key: string): boolean =>
    !items || items.some((item) => (item.endsWith('/') ? key.startsWith(item) : key === item));
  const live = new Set<string>();
  const request = { sourceBucket: 'src', destinationBucket: bucket, destinationPrefix, versions, onExisting, items };
  let budget = 400;
  const hook = (): void => {
    if (faults.hurried) rig.deadline.remaining = random() < 0.5 ? 0 : 1000;
    if (random() < faults.failing && budget-- > 0) throw new StoreError('unavailable', 'a call fails');
  };
  for (const { calls } of rig.stores) Object.assign(calls, { beforeCall: hook, afterCall: hook });
  Object.assign(rig.destination.calls, {
    beforeCall: (call: { operation: string }) => {
      if (!call.operation.startsWith('List') && random() < faults.live) {
        const key = destinationPrefix + pick(random, KEYS);
        s3.advance(random() < 0.5 ? 0 : 1);
        const id = random() < 0.7 ? s3.put(bucket, key, `live ${String(live.size)}`) : s3.delete(bucket, key);
        live.add(String(id) + key);
      }
      hook();
    },
  });
  rig.retries = 1000;
  const output = await rig.restore(request);
  for (const { calls } of rig.stores) Object.assign(calls, { beforeCall: undefined, afterCall: undefined });

  const where = { seed, request, faults };
  const report = JSON.parse(s3.text(SCRATCH, output.report.replace(`s3://${SCRATCH}/`, '')) ?? '{}') as {
    details: string[];
  };
  const lines = report.details.flatMap((file) =>
    (s3.text(SCRATCH, file.replace(`s3://${SCRATCH}/`, '')) ?? '')
      .trim()
      .split('\n')
      .map(
        (line) =>
          JSON.parse(line) as {
            key: string;
            outcome: string;
            reason?: string;
            versionId?: string;
            destinationVersionId?: string;
            current?: string;
          },
      ),
  );
  for (const version of before.values()) {
    const now = s3.bucket(bucket).version(version.key, version.versionId);
    expect({ ...where, there: now === version }).toEqual({ ...where, there: true });
  }
  let restored = 0;
  for (const key of KEYS) {
    const destination = destinationPrefix + key;
    const now = s3.history(bucket, destination);
    const added = now.filter(({ versionId }) => !before.has(versionId + destination)).reverse();
    const own = added.filter(({ versionId }) => !live.has(versionId + destination));
    const all = wantedOf(sourceNow.get(key) ?? [], versions);
    const lineOf = lines.filter((line) => line.key === key);
    // Others may also have written before the plan looked at the key.
    const written = own.length < added.length && lineOf.some(({ reason }) => reason === 'exists');
    const existed = written || prior(destination)[0]?.isMarker === false;
    const wanted = !selected(key) || (existed && onExisting === 'skip') ? [] : all;
    const ownStates = own.map(stateOf);
    const facts = { ...where, key, status: output.status, lines: lineOf, skipped: output.skipped };
    // Somebody's delete marker may stand for one of ours, and somebody's deletion may make room before the plan looks.
    const touched = [...live].some((id) => id.endsWith(`_${destination}`));
    const exact = (states: readonly VersionState[]): readonly VersionState[] =>
      touched ? states.filter(({ marker }) => !marker) : states;
    const made = exact(ownStates);
    if (output.status === 'COMPLETED' && !(touched && onExisting === 'skip'))
      expect({ ...facts, own: made }).toEqual({ ...facts, own: exact(wanted) });
    const told = lineOf.filter((line) => line.outcome === 'restored').length;
    restored += told;
    // Decision 0006: an attempt that dies between a wrong copy and its marker leaves it there.
    if ((faults.damage && faults.failing > 0) || touched) continue;
    // Own writes are in the order of the history, and no more than those.
    const bad = new Set(lineOf.flatMap((line) => line.destinationVersionId ?? []));
    const good = own.filter((version) => !bad.has(version.versionId));
    let next = 0;
    for (const state of good.map(stateOf)) {
      while (
        next < wanted.length &&
        JSON.stringify(wanted[next]) !== JSON.stringify(state) &&
        !(state.marker && bad.size > 0)
      )
        next++;
      if (state.marker && bad.size > 0 && JSON.stringify(wanted[next]) !== JSON.stringify(state)) continue;
      expect({ ...facts, own: ownStates, wanted, inOrder: next < wanted.length }).toEqual({
        ...facts,
        own: ownStates,
        wanted,
        inOrder: true,
      });
      next++;
    }
    const bodies = good.filter((version) => !version.isMarker).length;
    if (live.size === 0) expect({ ...facts, told, own: ownStates }).toEqual({ ...facts, told: bodies, own: ownStates });
    // An older version of ours never passes for the newest one without a word.
    const top = own.at(-1);
    if (top && !bad.has(top.versionId) && now[0] === top && wanted.length > 0 && live.size === 0) {
      const last = wanted.at(-1);
      const said = lineOf.some((line) => line.current === top.versionId) || bad.size > 0;
      if (JSON.stringify(stateOf(top)) !== JSON.stringify(last))
        expect({ ...facts, own: ownStates, wanted, said }).toEqual({ ...facts, own: ownStates, wanted, said: true });
    }
  }
  // A call that fails may be the one that aborts.
  if (faults.failing === 0) expect({ ...where, uploads: s3.uploads.ids() }).toEqual({ ...where, uploads: [] });
  if (!faults.damage || faults.failing === 0)
    expect({ ...where, restored: output.restored }).toEqual({ ...where, restored });
  const excused =
    Object.keys(output.skipped).every((reason) => ['exists', 'marker', 'not-found'].includes(reason)) &&
    output.failed === 0;
  if (!faults.damage && faults.live === 0 && !(excused && output.skipped['not-found']))
    expect({ ...where, output, lines, status: output.status }).toEqual({
      ...where,
      output,
      lines,
      status: 'COMPLETED',
    });
  return output.status;
}

/** Histories of each kind of trouble. */
const ROUNDS = 100;

describe.each<[string, Faults]>([
  ['is cut into turns', { failing: 0, live: 0, damage: false, hurried: true }],
  ['has calls that fail', { failing: 0.03, live: 0, damage: false, hurried: true }],
  ['has others that write', { failing: 0, live: 0.08, damage: false, hurried: true }],
  ['has a damaged vault', { failing: 0, live: 0, damage: true, hurried: true }],
  ['has all of that', { failing: 0.02, live: 0.04, damage: true, hurried: true }],
])('a restore that %s', (_, faults) => {
  test('says what it did, and leaves what was there', async () => {
    for (const seed of seeds(ROUNDS)) await round(seed, faults);
  });
});
