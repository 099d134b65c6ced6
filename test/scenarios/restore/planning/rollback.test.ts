import { ManualDeadline } from '../../../../lambda/adapters/memory';
import { toIso } from '../../../../lambda/core/values/instant';
import { StoreError } from '../../../../lambda/ports/object-store';
import { currentOf } from '../../../support/bucket-state';
import { seeds } from '../../../support/seeds';
import { acl } from '../../support/changed-rig';
import { at, iso, logTags, logVersion, makeContinuous } from '../../support/continuous-rig';
import { Rig, SCRATCH } from '../../support/rig';

const settings = { packThreshold: 16, copyPartSize: 4 };
const LARGE = 'more than four parts of four bytes each';
const state = (rig: Rig) => currentOf(rig.s3, 'src');
const versions = (rig: Rig): number => rig.s3.versions('src', '').length;
const back = { sourceBucket: 'src', rollback: true };
/** The job's ID is the name of its execution, after the time. */
const undo = async (rig: Rig, jobId: string, fields: object = {}) =>
  rig.restore({ sourceBucket: 'src', undo: jobId, ...fields });

/** A bucket with everything that a rollback has to do: backed up, and then changed in every way. */
async function changed(options: { remaining?: number; known?: boolean } = {}) {
  const rig = new Rig({ settings: { ...settings, rangeWeight: 3 }, deadline: new ManualDeadline() });
  rig.s3.createBucket('src', { ownership: 'ObjectWriter' });
  const put = (key: string, body: string, fields = {}) => rig.s3.put('src', key, body, fields);
  for (const key of ['same', 'tags', 'acl', 'new version', 'deleted', 'gone', 'twice', 'ä/ö 𝄞?#%2F+', 'null'])
    put(key, `${key} then`, { tags: { of: 'then' }, userMetadata: { of: key }, headers: { 'content-type': 'a/b' } });
  put('large', LARGE, { tags: { of: 'then' } });
  put('large gone', `${LARGE}!`);
  put('undeleted', 'x');
  rig.s3.delete('src', 'undeleted');
  put('was deleted', 'x');
  rig.s3.delete('src', 'was deleted');
  rig.s3.advance(10);
  const { recoveryPointId } = await rig.backup({ bucket: 'src' });
  const then = state(rig);
  rig.s3.advance(10);
  rig.s3.setTags('src', 'tags', { of: 'now' });
  rig.s3.setAcl('src', 'acl', acl(rig, 'friend'));
  put('new version', 'now');
  put('large', 'small');
  rig.s3.delete('src', 'deleted');
  for (const key of ['gone', 'large gone']) {
    const { versionId } = rig.s3.find('src', key);
    rig.s3.delete('src', key);
    rig.s3.deleteVersion('src', key, versionId);
  }
  put('twice', 'second');
  put('twice', 'third');
  put('ä/ö 𝄞?#%2F+', 'now');
  put('undeleted', 'y');
  put('new', 'n');
  put('new, with tags', 'n', { tags: { a: 'b' } });
  rig.s3.advance(10);
  if (options.known ?? true) await rig.backup({ bucket: 'src', metadata: 'FULL' });
  rig.s3.advance(10);
  rig.deadline.remaining = options.remaining ?? Number.POSITIVE_INFINITY;
  return { rig, then, now: state(rig), request: { ...back, recoveryPointId } };
}

test.each([Infinity, 0])('a rollback brings back every kind of change, and its undo too (%s)', async (remaining) => {
  const { rig, then, now, request } = await changed({ remaining });
  const output = await rig.restore(request);
  expect(output).toMatchObject({
    status: 'COMPLETED',
    restored: 9,
    deleted: 3,
    skipped: { unchanged: 3 },
    planned: { objects: 9, versions: 9, deletes: 3 },
  });
  expect(state(rig)).toEqual(then);
  expect(output.undo).toBe(`s3://${SCRATCH}/reports/src/${output.jobId}/undo/index.json`);
  // Only what the bucket has no more comes from the vault.
  expect(output.requests).toMatchObject({ PutObject: 1, CopyObject: 5 });
  rig.s3.advance(10);
  const dry = await undo(rig, output.jobId, { dryRun: true });
  expect(dry).toMatchObject({ planned: { objects: 9, deletes: 3 }, restored: 0 });
  expect(state(rig)).toEqual(then);
  const undone = await undo(rig, output.jobId);
  expect(undone).toMatchObject({
    status: 'COMPLETED',
    restored: 9,
    deleted: 3,
    recoveryPointId: output.recoveryPointId,
  });
  expect(state(rig)).toEqual(now);
  expect(await undo(rig, output.jobId)).toMatchObject({ status: 'COMPLETED', restored: 0, skipped: { unchanged: 12 } });
  rig.s3.advance(10);
  await undo(rig, undone.jobId);
  expect(state(rig)).toEqual(then);
});

test('a dry run counts all and writes nothing', async () => {
  const { rig, request } = await changed();
  const before = versions(rig);
  const output = await rig.restore({ ...request, dryRun: true });
  expect(output).toMatchObject({ planned: { objects: 9, deletes: 3, skipped: { unchanged: 3 } }, restored: 0 });
  expect(output.undo).toBeUndefined();
  expect(versions(rig)).toBe(before);
  expect(rig.s3.keys(SCRATCH, `reports/src/${output.jobId}/undo/`)).toEqual([]);
});

test('items narrow it, also to keys that only the bucket has', async () => {
  const { rig, then, now, request } = await changed();
  const items = ['new', 'tags', 'nothing', { prefix: 'ä' }];
  expect(await rig.restore({ ...request, items })).toMatchObject({
    restored: 2,
    deleted: 1,
    skipped: { 'not-found': 1 },
  });
  const after = state(rig);
  for (const key of ['tags', 'ä/ö 𝄞?#%2F+']) expect(after.get(key)).toEqual(then.get(key));
  expect(after.has('new')).toBe(false);
  expect(after.get('twice')).toEqual(now.get('twice'));
});

test('an item that names only what came later is one to hide; one that names nothing then or now is said', async () => {
  const { rig, request } = await changed();
  const items = [{ prefix: '' }, { prefix: 'new,' }, 'new', { prefix: 'new/' }, 'newer', { prefix: 'gone' }];
  const output = await rig.restore({ ...request, items });
  expect(output).toMatchObject({ status: 'PARTIAL', skipped: { 'not-found': 2 } });
  const told = rig.reportLines().filter(({ reason }) => reason === 'not-found');
  expect(told.map(({ key }) => key).sort()).toEqual(['new/', 'newer']);
  expect(state(rig).has('new, with tags')).toBe(false);
});

test('what the vault has lost is taken from the bucket, and what the bucket refuses from the vault', async () => {
  const { rig, then, request } = await changed();
  rig.destination.calls.beforeCall = ({ operation }) => {
    if (operation === 'CopyObject') throw new StoreError('archived', 'refused');
  };
  const output = await rig.restore({ ...request, items: ['twice', 'tags'] });
  expect(output).toMatchObject({ status: 'COMPLETED', restored: 2 });
  expect(state(rig).get('twice')).toEqual(then.get('twice'));
  rig.destination.calls.beforeCall = undefined;
  for (const key of rig.s3.keys('the-vault', 'packs/'))
    rig.s3.deleteVersion('the-vault', key, rig.s3.find('the-vault', key).versionId);
  expect(await rig.restore({ ...request, items: ['new version'] })).toMatchObject({ status: 'COMPLETED', restored: 1 });
});

test('objects that the backup has not seen: newer ones are hidden, older ones stay and are said', async () => {
  const { rig, request } = await changed({ known: false });
  // Tags and ACL that were changed since are not known to be: a full read would tell.
  const output = await rig.restore(request);
  expect(output).toMatchObject({ deleted: 3, skipped: { unchanged: 5 } });
  const old = new Rig({ settings });
  old.s3.createBucket('src');
  old.s3.advance(10);
  const { recoveryPointId } = await old.backup({ bucket: 'src' });
  old.s3.put('src', 'unseen', 'x', { at: at(old) });
  expect(await old.restore({ ...back, recoveryPointId })).toMatchObject({ status: 'PARTIAL', skipped: { unknown: 1 } });
  expect([...state(old).keys()]).toEqual(['unseen']);
});

test.each(['PutObject', 'CopyObject', 'DeleteObject'])(
  'a live writer wins over %s, and over the undo',
  async (operation) => {
    const { rig, request } = await changed();
    const keys = new Set<string>();
    rig.destination.calls.beforeCall = (call) => {
      const { key } = call;
      if (call.operation !== operation || key === undefined || keys.has(key)) return;
      keys.add(key);
      rig.s3.put('src', key, 'LIVE');
    };
    const output = await rig.restore(request);
    expect(keys.size).toBeGreaterThan(0);
    expect(output).toMatchObject({ status: 'PARTIAL', skipped: { 'precondition-failed': keys.size } });
    rig.destination.calls.beforeCall = undefined;
    const after = state(rig);
    for (const key of keys) expect(after.get(key)).toMatchObject({ body: 'LIVE' });
    rig.s3.put('src', 'same', 'LIVE');
    rig.s3.put('src', 'deleted', 'LIVE');
    const undone = await undo(rig, output.jobId);
    expect(undone).toMatchObject({ status: 'PARTIAL' });
    for (const key of [...keys, 'same', 'deleted']) expect(state(rig).get(key)).toMatchObject({ body: 'LIVE' });
  },
);

test('an undo must know its job, which must have ended', async () => {
  const { rig, request } = await changed();
  await expect(undo(rig, 'nobody')).rejects.toMatchObject({ name: 'InvalidRequest' });
  const plain = await rig.restore({ sourceBucket: 'src', onExisting: 'skip' });
  await expect(undo(rig, plain.jobId)).rejects.toMatchObject({ name: 'InvalidRequest' });
  const done = await rig.restore(request);
  const record = await rig.catalog.getJob('src', done.jobId);
  if (!record) throw new Error('no record');
  await rig.catalog.putJob({ ...record, state: 'RUNNING' });
  rig.executions.running.add(record.executionArn);
  await expect(undo(rig, done.jobId)).rejects.toThrow(/still running/);
});

test.each(['plan', 'restore'])('turns of %s that two workers do at once', async (step) => {
  const { rig, then, now, request } = await changed({ remaining: 0 });
  rig.doubled = step;
  const output = await rig.restore(request);
  expect(state(rig)).toEqual(then);
  rig.s3.advance(5);
  await undo(rig, output.jobId);
  expect(state(rig)).toEqual(now);
});

test('a job that dies at any of many calls can be undone, as far as it came', async () => {
  for (let dies = 10; dies < 400; dies += 13) {
    const { rig, now, request } = await changed();
    let calls = 0;
    for (const { calls: hooks } of rig.stores) {
      hooks.beforeCall = () => {
        if (++calls >= dies) throw new Error('the job dies');
      };
    }
    const outcome = await rig.restore(request).catch((error: unknown) => error);
    for (const { calls: hooks } of rig.stores) hooks.beforeCall = undefined;
    const [job] = (await rig.catalog.listJobs({ bucket: 'src', type: 'RESTORE' })).items;
    const jobId = job?.jobId ?? '';
    rig.s3.advance(5);
    if (rig.s3.keys(SCRATCH, `reports/src/${jobId}/undo/index.json`).length > 0) {
      const undone = await undo(rig, jobId);
      expect({ dies, status: undone.status }).toEqual({ dies, status: 'COMPLETED' });
    } else expect(outcome).toBeInstanceOf(Error);
    expect(state(rig)).toEqual(now);
  }
});

test('calls that fail now and then do not change what comes of it', async () => {
  for (let round = 1; round <= 15; round++) {
    const { rig, then, now, request } = await changed({ remaining: 0 });
    rig.retries = 60;
    let random = round * 7919;
    for (const { calls } of rig.stores)
      calls.afterCall = () => {
        random = (Math.imul(random, 1103515245) + 12345) >>> 0;
        if (random / 2 ** 32 < 0.03) throw new StoreError('unavailable', 'the answer is lost');
      };
    const output = await rig.restore(request);
    expect({ round, state: state(rig) }).toEqual({ round, state: then });
    rig.s3.advance(5);
    await undo(rig, output.jobId);
    expect({ round, state: state(rig) }).toEqual({ round, state: now });
  }
});

describe('a point in time', () => {
  /** Random changes, each logged; a null version is among them. */
  async function history(seed: number) {
    let random = seed * 7919 + 1;
    const pick = (n: number): number => (random = (Math.imul(random, 1103515245) + 12345) >>> 0) % n;
    const rig = new Rig({ settings });
    rig.s3.createBucket('src', { ownership: 'ObjectWriter' });
    rig.s3.setVersioning('src', 'Suspended');
    rig.s3.put('src', 'k0', 'null version');
    rig.s3.setVersioning('src', 'Enabled');
    rig.s3.put('src', 'k1', 'one');
    rig.s3.advance(3);
    await makeContinuous(rig);
    const states = [{ instant: iso(rig), state: state(rig) }];
    for (let step = 0; step < 25; step++) {
      rig.s3.advance(1 + pick(3));
      const key = `k${String(pick(5))}`;
      const exists = rig.s3.keys('src').includes(key);
      const kind = pick(4);
      if (kind === 0 && exists) {
        rig.s3.setTags('src', key, { n: String(pick(3)) });
        await logTags(rig, key);
      } else if (kind === 1 && exists) {
        rig.s3.delete('src', key);
        await logVersion(rig, key);
      } else {
        rig.s3.put('src', key, pick(2) === 0 ? 'equal' : `body ${String(step)}`, { tags: { n: String(pick(3)) } });
        await logVersion(rig, key);
      }
      states.push({ instant: iso(rig), state: state(rig) });
    }
    rig.s3.advance(3);
    return { rig, target: states[pick(states.length)], now: state(rig) };
  }

  test('of any history: the rollback shows what was, its undo what is', async () => {
    for (const seed of seeds(60)) {
      const { rig, target, now } = await history(seed);
      const before = versions(rig);
      const output = await rig.restore({ ...back, pointInTime: target?.instant });
      expect({ seed, status: output.status, exact: output.exact }).toEqual({ seed, status: 'COMPLETED', exact: true });
      expect({ seed, state: state(rig) }).toEqual({ seed, state: target?.state });
      rig.s3.advance(2);
      expect(await undo(rig, output.jobId)).toMatchObject({ status: 'COMPLETED' });
      expect({ seed, state: state(rig) }).toEqual({ seed, state: now });
      expect(versions(rig)).toBeGreaterThanOrEqual(before);
    }
  });

  test('the last second is what is: nothing is written', async () => {
    const { rig } = await history(3);
    const before = versions(rig);
    expect(await rig.restore({ ...back, pointInTime: toIso(at(rig)) })).toMatchObject({ restored: 0, deleted: 0 });
    expect(versions(rig)).toBe(before);
  });
});
