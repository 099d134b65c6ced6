import type { ClientPut } from '../../../../lambda/adapters/memory/memory-s3';
import { viewAt } from '../../../../lambda/core/history/view';
import { decodeAcl, encodeAcl, encodeTags } from '../../../../lambda/core/objects/canonical';
import type { Tags } from '../../../../lambda/ports/object-store';
import type { CaptureMessage } from '../../../../lambda/usecases/capture/changes';
import { randomOf } from '../../../support/dice';
import { LiveBucket } from '../../../support/live-bucket';
import { seeds } from '../../../support/seeds';
import { historyOfBucket } from '../../../support/view-of-bucket';
import { Rig } from '../../support/rig';

/**
 * A model of a bucket under thousands of operations, many in one second, and of events that come twice, late, after a commit, in any order,
 * or never. What the vault says of any second is what the bucket had, or is labelled uncertain; and only keys whose events or bodies
 * went astray, or that were changed again before they were read, are.
 */
const HOUR = 3600;
const OPERATIONS = 10_000;
const INSTANTS = 200;
const KEYS = 120;

interface State {
  readonly versionId?: string;
  readonly tags?: string;
  readonly acl?: string;
}

class Model {
  /** State of each key since a second, in order. */
  private readonly states = new Map<string, [number, State][]>();

  constructor(private readonly rig: Rig) {}

  note(key: string): void {
    const current = this.rig.s3.history('src', key)[0];
    const state: State =
      !current || current.isMarker
        ? {}
        : {
            versionId: current.versionId,
            tags: encodeTags(current.tags),
            acl: current.acl && encodeAcl(current.acl),
          };
    const known = this.states.get(key) ?? [];
    this.states.set(key, [...known.filter(([second]) => second !== this.rig.s3.now), [this.rig.s3.now, state]]);
  }

  at(key: string, second: number): State {
    return this.states.get(key)?.findLast(([since]) => since <= second)?.[1] ?? {};
  }
}

test.each(seeds(1, 20_261_125))(
  `${String(OPERATIONS)} operations: any second is as it was, or said to be uncertain (seed %i)`,
  async (seed) => {
    const random = randomOf(seed);
    const dice = {
      upTo: (count: number): number => Math.floor(random() * count),
      chance: (share: number): boolean => random() < share,
      shuffle: <T>(items: readonly T[]): T[] =>
        items
          .map((item) => ({ item, place: random() }))
          .sort((a, b) => a.place - b.place)
          .map(({ item }) => item),
    };
    const rig = new Rig({ settings: { deliverySeconds: 60 } });
    rig.s3.createBucket('src', { ownership: 'ObjectWriter' });
    const client = new LiveBucket(rig.s3, 'src');
    const model = new Model(rig);
    /** Intervals in which an event of a key was lost, or a version was changed or deleted before it was surely read. */
    const troubled = new Map<string, [from: number, to: number][]>();
    const trouble = (key: string, from: number): void => {
      troubled.set(key, [...(troubled.get(key) ?? []), [from, rig.s3.now]]);
    };
    const unseen = new Set<string>();
    let replicas = 0;
    /** Some versions come from elsewhere, up to two hours after they were made there. */
    const replicaOf = (share: number): Pick<ClientPut, 'replicaOf'> => {
      if (!dice.chance(share)) return {};
      const lastModified = Math.max(first, rig.s3.now - 6 - dice.upTo(2 * HOUR));
      return { replicaOf: { versionId: `elsewhere-${String(++replicas)}`, lastModified } };
    };
    const queue: { message: CaptureMessage; due: number }[] = [];
    const scheduled = () => {
      const at = (seconds: number): string => new Date((rig.s3.now + seconds) * 1000).toISOString();
      return { plan: 'p', rule: 'r', scheduledTime: at(0), startBy: at(HOUR), completeBy: at(24 * HOUR) };
    };
    const upkeep = (action = 'auto') =>
      rig.upkeep({ bucket: 'src', action, deleteAfterDays: 35, scheduled: scheduled() });
    const deliver = async (): Promise<void> => {
      const due = queue.filter((one) => one.due <= rig.s3.now);
      for (const one of due) queue.splice(queue.indexOf(one), 1);
      const batch = dice.shuffle(due.map(({ message }) => message));
      for (let at = 0; at < batch.length; at += 10) expect(await rig.capture(batch.slice(at, at + 10))).toEqual([]);
    };
    /** Sends the events of an operation, or loses them. */
    const send = (key: string, droppable: boolean): boolean => {
      const messages = client.take();
      if (droppable && dice.chance(0.005)) {
        // When the version came is known once a listing has found it.
        trouble(key, rig.s3.now);
        return false;
      }
      for (const message of messages) {
        const late = dice.chance(0.02) ? dice.upTo(3 * HOUR) : dice.upTo(20);
        queue.push({ message, due: rig.s3.now + 6 + late });
        if (dice.chance(0.05)) queue.push({ message, due: rig.s3.now + 6 + dice.upTo(2 * HOUR) });
      }
      return true;
    };

    await upkeep();
    rig.s3.advance(HOUR);
    await upkeep();
    const first = rig.s3.now + 1;
    rig.s3.advance(1);
    let nextUpkeep = rig.s3.now + HOUR;
    const changedAt = new Map<string, number>();
    for (let n = 0; n < OPERATIONS; n++) {
      const key = `k${String(dice.upTo(KEYS)).padStart(3, '0')}`;
      const versions = rig.s3.history('src', key);
      const current = versions[0];
      const any = versions[dice.upTo(versions.length)];
      const kind = dice.upTo(100);
      if (kind < 40 || !current || !any) {
        const unreadable = dice.chance(0.03) ? (dice.chance(0.5) ? { sseC: true } : { storageClass: 'GLACIER' }) : {};
        const tags: Tags = dice.chance(0.3) ? { n: String(n) } : {};
        const id = client.put(key, `${key} ${String(n)}`, { tags, ...unreadable, ...replicaOf(0.05) });
        // Its body is in no backup.
        if (Object.keys(unreadable).length > 0) trouble(key, rig.s3.now);
        if (!send(key, true)) unseen.add(id);
      } else if (kind < 46) {
        // An upload by parts that began before: dated by its start.
        const start = Math.max(first, rig.s3.now - dice.upTo(30));
        const now = rig.s3.now;
        const id = client.put(key, `${key} parts ${String(n)}`, { at: start, etag: `${String(n)}-2` });
        rig.s3.now = now;
        if (!send(key, true)) unseen.add(id);
      } else if (kind < 60) {
        const id = client.delete(key, replicaOf(0.05));
        if (!send(key, true)) unseen.add(id);
      } else if (kind < 68) {
        if (current.isMarker) {
          const isUnseen = unseen.has(current.versionId);
          client.deleteVersion(key, current.versionId);
          if (isUnseen) trouble(key, current.lastModified);
          send(key, !isUnseen);
        }
      } else if (kind < 76) {
        // A version that nobody has told of and that is gone before any scan leaves no trace but the event of its deletion.
        const isUnseen = unseen.has(any.versionId);
        client.deleteVersion(key, any.versionId);
        if (isUnseen || rig.s3.now - any.lastModified < 3 * HOUR) trouble(key, any.lastModified);
        send(key, !isUnseen);
      } else if (!any.isMarker) {
        trouble(key, changedAt.get(any.versionId) ?? any.lastModified);
        changedAt.set(any.versionId, rig.s3.now);
        if (kind < 93) client.tag(key, any.versionId, dice.chance(0.2) ? {} : { t: String(n) });
        else {
          const grants = [{ grantee: { id: `friend-${String(n % 5)}` }, permission: 'READ' as const }];
          client.grant(key, any.versionId, { owner: rig.s3.owner, grants });
        }
        send(key, false);
      }
      model.note(key);
      if (!dice.chance(0.5)) continue;
      rig.s3.advance(1 + dice.upTo(30));
      await deliver();
      if (rig.s3.now < nextUpkeep) continue;
      const output = await upkeep();
      if (output.source === 'listing') unseen.clear();
      nextUpkeep = rig.s3.now + HOUR;
    }
    const last = rig.s3.now;
    rig.s3.advance(4 * HOUR);
    await deliver();
    expect(queue).toEqual([]);
    await upkeep();
    rig.s3.advance(24 * HOUR);
    await upkeep('reconcile');

    const history = await historyOfBucket(rig, 'src');
    for (let n = 0; n < INSTANTS; n++) {
      const second = first + Math.floor(((last - first) * n) / INSTANTS) + dice.upTo(5);
      for (const [key, rows] of history) {
        const expected = model.at(key, second);
        const view = viewAt(key, rows, second, { pointInTime: true });
        const [version] = view.versions;
        const found: State =
          version?.row.kind === 'put' ? { versionId: version.row.versionId, tags: version.tags, acl: version.acl } : {};
        const isRight = JSON.stringify(comparable(found)) === JSON.stringify(comparable(expected));
        if (view.currentUncertain.length > 0) {
          if (!troubled.has(key))
            throw new Error(`${key} at ${String(second)}: ${view.currentUncertain.join()} for no reason`);
        } else if (!isRight) {
          throw new Error(
            `${key} at ${String(second)}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}\n${rows.map((row) => JSON.stringify({ ...row, headers: undefined, file: row.file?.name, userMetadata: undefined })).join('\n')}`,
          );
        }
      }
    }
  },
);

const comparable = ({ versionId, tags, acl }: State): unknown => [
  versionId,
  tags,
  versionId === undefined || acl === undefined
    ? []
    : decodeAcl(acl).grants.filter(({ permission }) => permission === 'READ'),
];
