import { ManualDeadline, type ClientPut } from '../../../../lambda/adapters/memory';
import { StoreError } from '../../../../lambda/ports/object-store';
import { currentOf } from '../../../support/bucket-state';
import { Rig, SCRATCH } from '../../support/rig';

const KEY = 'arn:aws:kms:us-east-1:111111111111:key/of-the-policy';
const kms = { type: 'SSE_KMS', kmsKeyId: KEY };
const TAGS = { of: 'now' };

/** A bucket with an object of then, which was written over. */
async function base(now: ClientPut = {}, bodies = ['then', 'now'], refusedBy?: 'policy') {
  const rig = new Rig({ settings: { packThreshold: 16, copyPartSize: 4 }, deadline: new ManualDeadline() });
  rig.s3.createBucket('src', { ownership: 'ObjectWriter' });
  rig.s3.put('src', 'k', bodies[0]);
  rig.s3.advance(10);
  const { recoveryPointId } = await rig.backup({ bucket: 'src' });
  rig.s3.advance(10);
  rig.s3.put('src', 'k', bodies[1], now);
  rig.s3.put('src', 'new', bodies[1], now);
  for (const key of ['k', 'new']) rig.s3.refuse('src', key, refusedBy);
  rig.s3.advance(10);
  await rig.backup({ bucket: 'src' });
  rig.s3.advance(10);
  return { rig, back: { sourceBucket: 'src', rollback: true, recoveryPointId } };
}

/** What the bucket's policy refuses: objects that are not under the key. */
function demandKey(rig: Rig): string[] {
  const seen: string[] = [];
  const check = (properties: unknown): void => {
    const { encryption } = properties as { encryption?: { kmsKeyId?: string } };
    seen.push(encryption?.kmsKeyId ?? 'none');
    if (encryption?.kmsKeyId !== KEY) throw new StoreError('access-denied', 'the policy demands a key');
  };
  const { destination } = rig;
  const copy = destination.copy.bind(destination);
  destination.copy = async (options) => {
    check(options.properties);
    return copy(options);
  };
  const put = destination.put.bind(destination);
  destination.put = async (options) => {
    check(options);
    return put(options);
  };
  const createUpload = destination.createUpload.bind(destination);
  destination.createUpload = async (options) => {
    check(options);
    return createUpload(options);
  };
  return seen;
}

test.each([
  ['small', ['then', 'now']],
  ['large', ['a body of many parts, then', 'a body of many parts, now']],
])('an undo writes under the key of its rollback, and that of an undo too (%s)', async (_, bodies) => {
  const { rig, back } = await base({}, bodies);
  demandKey(rig);
  const done = await rig.restore({ ...back, encryption: kms });
  expect(done).toMatchObject({ status: 'COMPLETED', restored: 1 });
  const undone = await rig.restore({ sourceBucket: 'src', undo: done.jobId });
  expect(undone).toMatchObject({ status: 'COMPLETED', restored: 2 });
  expect(await rig.restore({ sourceBucket: 'src', undo: undone.jobId })).toMatchObject({ status: 'COMPLETED' });
});

test('an undo may be told another encryption', async () => {
  const { rig, back } = await base();
  const done = await rig.restore(back);
  const seen = demandKey(rig);
  const undo = { sourceBucket: 'src', undo: done.jobId };
  expect(await rig.restore(undo)).toMatchObject({ status: 'PARTIAL', failed: 2 });
  expect(await rig.restore({ ...undo, encryption: kms })).toMatchObject({ status: 'COMPLETED', restored: 2 });
  expect(new Set(seen)).toEqual(new Set(['none', KEY]));
});

test('an undo brings back tags, ACL and storage class, unless it is told otherwise', async () => {
  const grants = [{ grantee: { id: 'friend' }, permission: 'READ' }] as const;
  const { rig, back } = await base({ tags: TAGS, grants, storageClass: 'STANDARD_IA' });
  const now = currentOf(rig.s3, 'src');
  // What the rollback leaves out is no reason for its undo to lose it.
  const done = await rig.restore({ ...back, restoreTags: false, restoreAcls: false, storageClass: 'ORIGINAL' });
  const undo = { sourceBucket: 'src', undo: done.jobId };
  const undone = await rig.restore(undo);
  expect([undone.status, currentOf(rig.s3, 'src')]).toEqual(['COMPLETED', now]);
  expect(rig.s3.find('src', 'k').storageClass).toBe('STANDARD_IA');

  const again = await rig.restore(back);
  const options = { restoreTags: false, restoreAcls: false, storageClass: 'GLACIER_IR' };
  const bare = await rig.restore({ sourceBucket: 'src', undo: again.jobId, ...options });
  expect(bare).toMatchObject({ status: 'COMPLETED', restored: 2 });
  const { tags, acl, storageClass } = rig.s3.find('src', 'k');
  expect({ tags, acl, storageClass }).toEqual({ tags: {}, acl: undefined, storageClass: 'GLACIER_IR' });
});

test('an undo of a rollback of an earlier release knows of no encryption', async () => {
  const { rig, back } = await base();
  const done = await rig.restore(back);
  const index = rig.s3.keys(SCRATCH).find((key) => key.includes(done.jobId) && key.endsWith('index.json')) ?? '';
  const { encryption, ...older } = JSON.parse(rig.s3.text(SCRATCH, index) ?? '{}') as { encryption?: unknown };
  expect(encryption).toEqual({ type: 'DESTINATION_DEFAULT' });
  rig.s3.put(SCRATCH, index, JSON.stringify(older));
  expect(await rig.restore({ sourceBucket: 'src', undo: done.jobId })).toMatchObject({ status: 'COMPLETED' });
});

describe('what an undo cannot bring back', () => {
  test.each([
    [{ storageClass: 'GLACIER' }, 'archived', 2],
    [{ storageClass: 'INTELLIGENT_TIERING', archived: true }, 'archived', 0],
    [{ sseC: true }, 'sse-c', 0],
    [{ userMetadata: { a: 'b' }, missingMetadata: 1 }, 'unreadable', 0],
  ])('is in the plan of the rollback, and the bucket keeps it (%j)', async (now, reason, toThaw) => {
    const { rig, back } = await base(now);
    for (const dryRun of [true, false]) {
      const { planned, jobId } = await rig.restore({ ...back, dryRun });
      expect(planned.notUndoable).toEqual({ [reason]: 2 });
      const said = rig.reportLines().filter(({ outcome }) => outcome === 'not-undoable');
      expect(said).toContainEqual(expect.objectContaining({ key: 'k', reason }));
      expect(said).toContainEqual(expect.objectContaining({ key: 'new', reason }));
      if (dryRun) continue;
      const undo = { sourceBucket: 'src', undo: jobId };
      expect((await rig.restore({ ...undo, dryRun: true })).planned).toMatchObject({ archived: toThaw });
      expect(await rig.restore(undo)).toMatchObject({ status: 'PARTIAL', restored: 0 });
    }
    expect(rig.s3.history('src', 'new').map(({ isMarker }) => isMarker)).toEqual([true, false]);
  });

  test('is also what the roles may not read', async () => {
    const { rig, back } = await base({}, ['then', 'now'], 'policy');
    const { planned, jobId } = await rig.restore(back);
    expect(planned.notUndoable).toEqual({ 'access-denied': 2 });
    const undone = await rig.restore({ sourceBucket: 'src', undo: jobId });
    expect(undone).toMatchObject({ status: 'PARTIAL', restored: 0, skipped: { 'access-denied': 2 } });
  });

  test('is said for the reason that lasts, where jobs had several', async () => {
    const { rig, back } = await base({ storageClass: 'INTELLIGENT_TIERING' }, ['then', 'now'], 'policy');
    for (const key of ['k', 'new']) {
      rig.s3.refuse('src', key, undefined);
      rig.s3.find('src', key).archived = true;
    }
    await rig.backup({ bucket: 'src' });
    rig.s3.advance(10);
    expect((await rig.restore({ ...back, dryRun: true })).planned.notUndoable).toEqual({ archived: 2 });
  });

  test('is nothing of what can be copied', async () => {
    const { rig, back } = await base({ storageClass: 'GLACIER_IR' });
    const { planned, jobId } = await rig.restore(back);
    expect(planned.notUndoable).toEqual({});
    const undone = await rig.restore({ sourceBucket: 'src', undo: jobId });
    expect(undone).toMatchObject({ status: 'COMPLETED', planned: { archived: 0, notUndoable: {} } });
  });
});
