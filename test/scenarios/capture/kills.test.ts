import type { CallHook } from '../../../lambda/adapters/memory';
import type { Row } from '../../../lambda/core/history/row';
import type { LoggedChange } from '../../../lambda/ports/change-log';
import type { CaptureMessage } from '../../../lambda/usecases/capture/changes';
import { historyOf } from '../../support/bucket-state';
import { LiveBucket } from '../../support/live-bucket';
import { currentAt, historyOfBucket, textOf } from '../../support/view-of-bucket';
import { Rig, Stopped } from '../support/rig';

const HOUR = 3600;
const KEYS = ['a', 'b', 'large', 'gone'] as const;
/** What was current under each key at an instant. */
type States = ReadonlyMap<number, readonly (string | undefined)[]>;

/** A bucket under continuous backup, and the events of a busy minute that nobody has captured yet. */
async function busy() {
  const rig = new Rig({ settings: { packThreshold: 16, copyPartSize: 1024 } });
  rig.s3.createBucket('src', { ownership: 'ObjectWriter' });
  const client = new LiveBucket(rig.s3, 'src');
  for (const key of KEYS) client.put(key, `${key} from before`);
  await rig.capture(client.take());
  rig.s3.advance(100);
  for (let i = 0; i < 2; i++) {
    await rig.upkeep({ bucket: 'src', deleteAfterDays: 35, action: i === 0 ? 'auto' : 'reconcile' });
    rig.s3.advance(HOUR);
  }
  const states = new Map<number, readonly (string | undefined)[]>();
  const then = (): void => {
    const body = (key: string): string | undefined => {
      const [newest] = rig.s3.history('src', key);
      return newest && !newest.isMarker ? Buffer.from(newest.body).toString() : undefined;
    };
    states.set(rig.s3.now, KEYS.map(body));
    rig.s3.advance(3);
  };
  const first = client.put('a', 'one', { tags: { n: '1' } });
  client.put('b', 'two');
  then();
  client.put('large', 'a body that is copied and not packed');
  client.put('a', 'three');
  then();
  client.tag('a', first, { n: '2' });
  const marker = client.delete('b');
  then();
  client.deleteVersion('b', marker);
  const owner = rig.s3.owner;
  client.grant('a', first, { owner, grants: [{ grantee: { id: 'friend' }, permission: 'READ' }] });
  client.deleteVersion('gone', rig.s3.find('src', 'gone').versionId);
  then();
  const messages = client.take();
  // SQS delivers some of them twice.
  return { rig, states, messages: [...messages, ...messages.slice(2, 5)] };
}

/** The capture of some messages in a function that is killed at its n-th call, of whatever service; whether it got there. */
async function captureKilled(rig: Rig, messages: readonly CaptureMessage[], n: number, answered: boolean) {
  let calls = 0;
  const before: CallHook = () => {
    calls++;
    if (calls > n || (calls === n && !answered)) throw new Stopped();
  };
  const after: CallHook = () => {
    if (calls >= n) throw new Stopped();
  };
  const stores = [rig.captureSource, rig.vaultStore];
  for (const { calls: hooks } of stores) Object.assign(hooks, { beforeCall: before, afterCall: after });
  const append = rig.changeLog.append.bind(rig.changeLog);
  // A batch of writes may be cut off in the middle.
  rig.changeLog.append = async (changes: readonly LoggedChange[]) => {
    for (const change of changes) {
      await before({} as never);
      await append([change]);
      await after({} as never);
    }
  };
  await rig.capture(messages).catch(() => undefined);
  for (const { calls: hooks } of stores) Object.assign(hooks, { beforeCall: undefined, afterCall: undefined });
  rig.changeLog.append = append;
  return calls >= n;
}

/** What the history says, other than where in the vault the bodies are. */
async function told(rig: Rig): Promise<unknown[]> {
  const rows = [...(await historyOfBucket(rig, 'src')).values()].flat();
  return rows.map(({ file, offset, ...row }: Row) => ({ ...row, isStored: file !== undefined, at: offset && 0 }));
}

const OF_CAPTURE = new Set(['tags', 'acl', 'marker-date']);

async function expectAll(rig: Rig, states: States): Promise<void> {
  for (const [time, expected] of states) {
    for (const [place, key] of KEYS.entries()) {
      const view = await currentAt(rig, 'src', time, key);
      // Tags and ACL that were changed again, and a marker that was gone, before the capture came are in doubt, and nothing else is.
      expect((view?.currentUncertain ?? []).filter((doubt) => !OF_CAPTURE.has(doubt))).toEqual([]);
      const current = view?.versions[0];
      expect(current?.row.kind === 'put' ? await textOf(rig, view) : undefined).toBe(expected[place]);
    }
  }
}

test.each([
  ['before its n-th call', false],
  ['after its n-th call had its effect', true],
])(
  'a capture that is killed %s, for every n, and whose messages come again, loses nothing and has nothing twice',
  async (_, answered) => {
    const whole = await busy();
    expect(await whole.rig.capture(whole.messages)).toEqual([]);
    whole.rig.s3.advance(HOUR);
    const output = await whole.rig.upkeep({ bucket: 'src', action: 'commit-changes' });
    const expected = await told(whole.rig);
    let n = 1;
    for (; ; n++) {
      const { rig, states, messages } = await busy();
      if (!(await captureKilled(rig, messages, n, answered))) break;
      // The same again, in another order and in two batches, of which the first is killed once more.
      const again = [...messages].reverse();
      await captureKilled(rig, again.slice(0, 5), 1 + (n % 7), answered);
      expect(await rig.capture(again.slice(0, 5))).toEqual([]);
      expect(await rig.capture(again.slice(5))).toEqual([]);
      rig.s3.advance(HOUR);
      const { captured, stored, lost, status, versions, objects } = output;
      expect(await rig.upkeep({ bucket: 'src', action: 'commit-changes' })).toMatchObject({
        ...{ captured, stored, lost, status, versions, objects },
      });
      expect(await told(rig)).toEqual(expected);
      await expectAll(rig, states);
      await rig.backup({ bucket: 'src', source: 'changes' });
      await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, versions: 'all' });
      expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));
    }
    expect(n).toBeGreaterThan(20);
  },
);
