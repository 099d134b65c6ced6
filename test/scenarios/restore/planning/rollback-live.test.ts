import { ManualDeadline } from '../../../../lambda/adapters/memory';
import { toIso } from '../../../../lambda/core/values/instant';
import { StoreError, type Tags } from '../../../../lambda/ports/object-store';
import { currentOf, VersionState } from '../../../support/bucket-state';
import { pick, Random, randomOf } from '../../../support/dice';
import { LiveBucket } from '../../../support/live-bucket';
import { acl } from '../../support/changed-rig';
import { Rig } from '../../support/rig';

const HOUR = 3600;
const KEYS = ['a', 'b', 'ä/ö 𝄞?#%2F+', 'dir/', 'dir/k', '\ufeffz'];
const LARGE = 'more than four parts of four bytes each';
type State = ReadonlyMap<string, VersionState>;

/** A bucket under continuous backup, its state at each second of a random history, and what it is in the end. */
async function lived(random: Random, lost: number) {
  const settings = { packThreshold: 16, copyPartSize: 4, rangeWeight: 3 };
  const rig = new Rig({ settings, deadline: new ManualDeadline() });
  const encryption = pick(random, [{ type: 'SSE_S3' }, { type: 'SSE_KMS' }] as const);
  rig.s3.createBucket('src', { ownership: 'ObjectWriter', encryption, versioning: 'Suspended' });
  const client = new LiveBucket(rig.s3, 'src');
  client.put('a', 'a null version');
  rig.s3.setVersioning('src', 'Enabled');
  client.put('b', 'from before');
  client.take();
  const commit = async (): Promise<void> => {
    rig.s3.advance(HOUR);
    const times = {
      scheduledTime: toIso(rig.s3.now),
      startBy: toIso(rig.s3.now),
      completeBy: toIso(rig.s3.now + HOUR),
    };
    const scheduled = { plan: 'plan', rule: 'Continuous', ...times };
    await rig.upkeep({ bucket: 'src', deleteAfterDays: 35, scheduled });
  };
  rig.s3.advance(10);
  await commit();
  await commit();
  const states: { at: number; state: State }[] = [];
  for (let second = 0; second < 20; second++) {
    rig.s3.advance(1 + Math.floor(random() * 3));
    for (let step = 0; step < 3; step++) act(rig, client, random);
    const messages = client.take().filter(() => random() >= lost);
    // Twice, and in any order.
    for (const message of [...messages, ...messages].sort(() => random() - 0.5)) await rig.capture([message]);
    states.push({ at: Math.floor(rig.s3.now), state: currentOf(rig.s3, 'src') });
    if (random() < 0.1) await commit();
  }
  if (random() < 0.5) await commit();
  rig.s3.advance(5);
  return { rig, then: pick(random, states), now: currentOf(rig.s3, 'src') };
}

function act(rig: Rig, client: LiveBucket, random: Random): void {
  const key = pick(random, KEYS);
  const history = rig.s3.history('src', key);
  const [current] = history;
  const version = current && pick(random, history);
  const kind = pick(random, ['put', 'put', 'delete', 'undelete', 'deleteVersion', 'tag', 'grant']);
  if (kind === 'put') {
    const tags: Tags = random() < 0.5 ? { n: String(Math.floor(random() * 3)) } : {};
    client.put(key, pick(random, ['', 'x', 'equal', LARGE]), { tags, userMetadata: { m: pick(random, ['1', '2']) } });
  } else if (kind === 'delete') client.delete(key);
  else if (kind === 'undelete' && current?.isMarker) client.deleteVersion(key, current.versionId);
  else if (kind === 'deleteVersion' && version && version.versionId !== 'null')
    client.deleteVersion(key, version.versionId);
  else if (kind === 'tag' && version && !version.isMarker)
    client.tag(key, version.versionId, random() < 0.3 ? {} : { n: String(Math.floor(random() * 3)) });
  else if (kind === 'grant' && version && !version.isMarker)
    client.grant(key, version.versionId, acl(rig, pick(random, ['friend', 'other'])));
}

/** Fails all calls from one on: the job dies. Or some of them: they are repeated. */
function disturb(rig: Rig, random: Random): () => void {
  const way = pick(random, ['quiet', 'turns', 'doubled', 'flaky', 'dies']);
  let calls = 0;
  const last = Math.floor(random() * 150);
  if (way === 'turns') rig.deadline.remaining = 0;
  if (way === 'doubled') rig.doubled = 'restore';
  if (way === 'flaky') rig.retries = 100;
  for (const store of rig.stores) {
    if (way === 'flaky')
      store.calls.afterCall = () => {
        if (random() < 0.02) throw new StoreError('unavailable', 'the answer is lost');
      };
    if (way === 'dies')
      store.calls[pick(random, ['beforeCall', 'afterCall'] as const)] = () => {
        if (++calls > last) throw new StoreError('unavailable', 'the job dies');
      };
  }
  return () => {
    rig.deadline.remaining = Number.POSITIVE_INFINITY;
    rig.doubled = undefined;
    rig.retries = 0;
    for (const { calls } of rig.stores) Object.assign(calls, { beforeCall: undefined, afterCall: undefined });
  };
}

/** Undoes the newest job, whose undo is disturbed as well: until it is done. */
async function undoes(rig: Rig, hasEnded: boolean, random: Random): Promise<boolean> {
  rig.s3.advance(1000);
  const [job] = (await rig.catalog.listJobs({ bucket: 'src', type: 'RESTORE' })).items;
  const request = { sourceBucket: 'src', undo: job?.jobId ?? '' };
  const calm = disturb(rig, random);
  const first = await rig.restore(request).catch((error: unknown) => error as Error);
  calm();
  rig.s3.advance(1000);
  // A job that died before its first write has left nothing to undo.
  if (first instanceof Error && first.name === 'InvalidRequest') return !hasEnded;
  if (first instanceof Error && !(first instanceof StoreError)) throw first;
  const again = await rig.restore(request);
  return again.status === 'COMPLETED';
}

/** What the report says to be in doubt, or left alone. */
const isOpen = ({ outcome, reason }: Record<string, unknown>): boolean =>
  outcome === 'doubtful' || ['unknown', 'not-stored'].includes(String(reason));

test.each([
  { rounds: 60, lost: 0 },
  { rounds: 30, lost: 0.25 },
])('$lost of all events are lost: a rollback brings back what was, or says so; its undo what is', async (one) => {
  const { rounds, lost } = one;
  let compared = 0;
  for (let round = 0; round < rounds; round++) {
    const random = randomOf(round);
    const { rig, then, now } = await lived(random, lost);
    const calm = disturb(rig, random);
    const request = { sourceBucket: 'src', rollback: true, pointInTime: toIso(then.at) };
    const output = await rig.restore(request).catch((error: unknown) => {
      if (error instanceof StoreError && error.code === 'unavailable') return undefined;
      throw error;
    });
    calm();
    const open = new Set(
      rig
        .reportLines()
        .filter(isOpen)
        .map(({ key }) => key),
    );
    const found = currentOf(rig.s3, 'src');
    for (const key of output && (lost === 0 || output.exact) ? KEYS.filter((one) => !open.has(one)) : []) {
      compared++;
      expect({ round, key, state: found.get(key) }).toEqual({ round, key, state: then.state.get(key) });
    }
    const isUndone = await undoes(rig, output !== undefined, random);
    expect({ round, isUndone, state: currentOf(rig.s3, 'src') }).toEqual({ round, isUndone: true, state: now });
  }
  if (lost === 0) expect(compared).toBeGreaterThan(rounds);
});
