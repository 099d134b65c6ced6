import { viewAt } from '../../../../lambda/core/history/view';
import { decodeAcl, encodeAcl, encodeTags } from '../../../../lambda/core/objects/canonical';
import { fromIso } from '../../../../lambda/core/values/instant';
import type { CaptureMessage } from '../../../../lambda/usecases/capture/changes';
import { coverageAt } from '../../../../lambda/usecases/history/at';
import { pick, randomOf } from '../../../support/dice';
import { deliverReport } from '../../../support/inventory-report';
import { LiveBucket } from '../../../support/live-bucket';
import { seeds } from '../../../support/seeds';
import { historyOfBucket } from '../../../support/view-of-bucket';
import { acl, manifest } from '../../support/changed-rig';
import { Rig, SCRATCH } from '../../support/rig';

/** Gaps of every kind between jobs of every kind: what is in doubt neither as a whole nor by key is as it was, tags and ACLs included. */
const HOUR = 3600;
const DAYS = 10;
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'];

interface State {
  readonly versionId?: string;
  readonly tags?: string;
  readonly readers?: string;
}

const readersOf = (text: string | undefined): string =>
  text === undefined ? '[]' : JSON.stringify(decodeAcl(text).grants.filter(({ permission }) => permission === 'READ'));

function stateOf(rig: Rig, key: string): State {
  const [current] = rig.s3.history('src', key);
  if (!current || current.isMarker) return {};
  const { versionId, tags, acl: own } = current;
  return { versionId, tags: encodeTags(tags), readers: readersOf(own && encodeAcl(own)) };
}

async function lived(seed: number) {
  const random = randomOf(seed);
  const chance = (share: number): boolean => random() < share;
  const rig = new Rig({ settings: { startSeconds: 300, deliverySeconds: 60 } });
  rig.retries = 3;
  rig.s3.createBucket('src', { ownership: 'ObjectWriter' });
  const client = new LiveBucket(rig.s3, 'src');
  const states = new Map<string, { readonly at: number; readonly state: State }[]>();
  const queue: { readonly message: CaptureMessage; readonly due: number }[] = [];
  let stuck: CaptureMessage[] = [];
  let isRuleOff = false;
  let sentFrom = Infinity;

  const change = (): void => {
    const key = pick(random, KEYS);
    const history = rig.s3.history('src', key);
    const any = history.length > 0 ? pick(random, history) : undefined;
    const kind = pick(random, ['put', 'put', 'delete', 'gone', 'tag', 'tag', 'grant'] as const);
    const n = String(Math.floor(random() * 1e6));
    if (kind === 'put' || !any) client.put(key, n, { tags: chance(0.5) ? { n } : {} });
    else if (kind === 'delete') client.delete(key);
    else if (kind === 'gone') client.deleteVersion(key, any.versionId);
    else if (any.isMarker) return;
    else if (kind === 'tag') client.tag(key, any.versionId, chance(0.2) ? {} : { n });
    else client.grant(key, any.versionId, acl(rig, `friend-${n}`));
    const at = Math.floor(rig.s3.now);
    const known = (states.get(key) ?? []).filter((one) => one.at !== at);
    states.set(key, [...known, { at, state: stateOf(rig, key) }]);
    send();
  };
  const send = (): void => {
    const { eventBridge } = rig.s3.bucket('src').notifications;
    const isSent = eventBridge && !isRuleOff && rig.s3.now >= sentFrom;
    for (const message of client.take()) {
      if (!isSent) continue;
      if (chance(0.003)) stuck.push(message);
      else queue.push({ message, due: rig.s3.now + 1 + Math.floor(random() * 30) });
      if (chance(0.1)) queue.push({ message, due: rig.s3.now + Math.floor(random() * HOUR) });
    }
    letters();
  };
  const letters = (): void => {
    const { letters: before } = rig.captureControl;
    rig.captureControl.letters = { ...before, count: stuck.length, most: Math.max(before.most, stuck.length) };
  };
  const deliver = async (all = false): Promise<void> => {
    const due = queue.filter((one) => all || one.due <= rig.s3.now);
    for (const one of due) queue.splice(queue.indexOf(one), 1);
    for (const { message } of due.sort(() => random() - 0.5)) expect(await rig.capture([message])).toEqual([]);
  };
  rig.whileWaiting = () => {
    change();
    return Promise.resolve();
  };
  /** Events come five minutes after they are asked for. */
  const ensure = rig.ports.buckets.ensureEventBridge.bind(rig.ports.buckets);
  rig.ports.buckets.ensureEventBridge = async (bucket, before) => {
    const was = rig.s3.bucket('src').notifications.eventBridge;
    const answer = await ensure(bucket, before);
    if (!was) sentFrom = rig.s3.now + 300;
    if (chance(0.1)) throw new Error('Prepare is cut off');
    return answer;
  };
  const job = async (run: () => Promise<unknown>): Promise<void> => {
    const readTags = rig.source.readTags.bind(rig.source);
    rig.source.readTags = async (ref) => {
      if (chance(0.2)) {
        rig.s3.advance(1);
        change();
      }
      return readTags(ref);
    };
    await run().catch((error: unknown) => {
      if (
        !['ChangesIncomplete', 'InventoryNotUsable'].includes((error as Error).name) &&
        !/cut off/.test(String(error))
      )
        throw error;
    });
    rig.source.readTags = readTags;
  };
  const upkeep = (): Promise<unknown> => rig.upkeep({ bucket: 'src', deleteAfterDays: 35 });

  await job(upkeep);
  for (let hour = 0; hour < DAYS * 24; hour++) {
    for (let step = 0; step < 4; step++) {
      if (chance(0.3)) for (let n = Math.floor(random() * 3); n >= 0; n--) change();
      rig.s3.advance(10 + Math.floor(random() * 20));
      await deliver();
    }
    const trouble = random() * 2;
    if (trouble < 0.02) rig.s3.bucket('src').notifications.eventBridge = false;
    else if (trouble < 0.04) isRuleOff = true;
    else if (trouble < 0.06) {
      // A purge, of which CloudWatch tells.
      stuck = [];
      letters();
    } else if (trouble < 0.12) await redrive();
    else if (trouble < 0.15) await job(() => rig.backup({ bucket: 'src', metadata: 'FULL', source: 'listing' }));
    else if (trouble < 0.17) await job(() => rig.backup({ bucket: 'src', versions: 'CURRENT', source: 'listing' }));
    else if (trouble < 0.2) {
      deliverReport(rig.s3, 'src', SCRATCH);
      await job(() => rig.backup({ bucket: 'src', source: 'inventory' }));
    } else if (trouble < 0.23) await job(() => rig.backup({ bucket: 'src', source: 'changes' }));
    const { state } = rig.captureControl;
    rig.captureControl.state = { ...state, disabledRules: isRuleOff ? ['rule'] : [], queued: queue.length };
    rig.s3.advance(HOUR - Math.floor(random() * 200));
    await deliver();
    await job(upkeep);
    if (isRuleOff && chance(0.5)) isRuleOff = false;
  }
  const last = Math.floor(rig.s3.now);
  rig.s3.advance(2 * HOUR);
  await deliver(true);
  isRuleOff = false;
  rig.captureControl.state = { ...rig.captureControl.state, disabledRules: [], queued: 0 };
  await redrive();
  for (let hour = 0; hour < 26; hour++) {
    rig.s3.advance(HOUR);
    await job(upkeep);
  }
  return { rig, states, last, random };

  async function redrive(): Promise<void> {
    const moved = stuck.length;
    const messages = stuck;
    stuck = [];
    const { redrives } = rig.captureControl.letters;
    rig.captureControl.letters = {
      count: 0,
      most: rig.captureControl.letters.most,
      redrives: [...redrives, { startedAt: Math.floor(rig.s3.now), moved }],
    };
    for (const message of messages) expect(await rig.capture([message])).toEqual([]);
  }
}

const SEEDS = seeds(3, 1);
const all = { exact: 0, doubtful: 0, covered: 0, gaps: 0 };

test.each(SEEDS)('seed %i: what nothing throws doubt on is as it was', async (seed) => {
  const { rig, states, last, random } = await lived(seed);
  const found = manifest(rig, (await rig.ports.vault.newestSeq('src')) ?? 0);
  if (!found.continuous) throw new Error('no continuous backup');
  const since = fromIso(found.continuous.since);
  const history = await historyOfBucket(rig, 'src');
  const seen = { exact: 0, doubtful: 0, covered: 0 };
  const times = new Set([...states.values()].flatMap((own) => own.flatMap(({ at }) => [at - 1, at, at + 1])));
  for (let n = 0; n < 300; n++) times.add(since + Math.floor(random() * (last - since)));
  for (const at of times) {
    if (at < since || at > last) continue;
    const { doubts } = coverageAt('src', { ...found, ...found.continuous }, at, Math.floor(rig.s3.now));
    if (doubts.some((doubt) => doubt !== 'metadata-missed')) continue;
    seen.covered++;
    for (const key of KEYS) {
      const view = viewAt(key, history.get(key) ?? [], at, { pointInTime: true });
      if (view.currentUncertain.length > 0) {
        seen.doubtful++;
        continue;
      }
      const [version] = view.versions;
      const isThere = version?.row.kind === 'put';
      const told = isThere
        ? {
            versionId: version.row.versionId,
            ...(doubts.length === 0 && { tags: version.tags, readers: readersOf(version.acl) }),
          }
        : {};
      const { versionId, tags, readers } = states.get(key)?.findLast((one) => one.at <= at)?.state ?? {};
      const was = versionId === undefined ? {} : { versionId, ...(doubts.length === 0 && { tags, readers }) };
      expect({ key, at, ...told }).toEqual({ key, at, ...was });
      seen.exact++;
    }
  }
  all.exact += seen.exact;
  all.doubtful += seen.doubtful;
  all.covered += seen.covered;
  all.gaps += found.continuous.gaps.length;
});

/** One life may be in gaps nearly all the time, or have none: together they have to show something. */
test('most of what is covered is exact, and there are gaps', () => {
  expect(all.exact).toBeGreaterThan(all.doubtful);
  expect(all.covered).toBeGreaterThan(100 * SEEDS.length);
  expect(all.gaps).toBeGreaterThanOrEqual(SEEDS.length);
});
