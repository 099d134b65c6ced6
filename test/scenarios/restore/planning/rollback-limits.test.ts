import { ManualDeadline } from '../../../../lambda/adapters/memory';
import { StoreError } from '../../../../lambda/ports/object-store';
import { currentOf } from '../../../support/bucket-state';
import { acl } from '../../support/changed-rig';
import { at, iso, logTags, logVersion, makeContinuous } from '../../support/continuous-rig';
import { Rig } from '../../support/rig';

const settings = { packThreshold: 16, copyPartSize: 4, rangeWeight: 3 };
const LARGE = 'more than four parts of four bytes each';
const state = (rig: Rig) => currentOf(rig.s3, 'src');
const back = { sourceBucket: 'src', rollback: true };

async function base(fill: (rig: Rig) => void, options: object = {}) {
  const rig = new Rig({ settings, deadline: new ManualDeadline() });
  rig.s3.createBucket('src', { ownership: 'ObjectWriter', ...options });
  rig.s3.put('src', 'other', 'then');
  fill(rig);
  rig.s3.advance(10);
  const { recoveryPointId } = await rig.backup({ bucket: 'src' });
  const then = state(rig);
  rig.s3.advance(10);
  rig.s3.put('src', 'other', 'now');
  return { rig, then, request: { ...back, recoveryPointId } };
}
const settle = async (rig: Rig) => {
  rig.s3.advance(10);
  await rig.backup({ bucket: 'src' });
  rig.s3.advance(10);
};

test.each(['SHA1', 'none', 'SHA256', 'CRC64NVME'] as const)(
  'undo brings back an object with checksum %s, small and large',
  async (checksum) => {
    const { rig, then, request } = await base((r) => {
      r.s3.put('src', 'a', 'x');
      r.s3.put('src', 'b', 'x');
    });
    rig.s3.put('src', 'a', 'small', { checksum });
    rig.s3.put('src', 'b', LARGE, { checksum });
    await settle(rig);
    const now = state(rig);
    const done = await rig.restore(request);
    expect(state(rig)).toEqual(then);
    const undone = await rig.restore({ sourceBucket: 'src', undo: done.jobId });
    expect(state(rig)).toEqual(now);
    expect(undone.status).toBe('COMPLETED');
  },
);

test('undo brings back an object with a composite checksum', async () => {
  const { rig, then, request } = await base((r) => r.s3.put('src', 'a', 'x'));
  const composite = rig.s3.put('src', 'a', LARGE);
  const small = rig.s3.put('src', 'c', 'small');
  await settle(rig);
  const now = state(rig);
  const head = rig.destination.head.bind(rig.destination);
  rig.destination.head = async (o) => {
    const found = await head(o);
    return [composite, small].includes(found.versionId ?? '')
      ? { ...found, checksum: { algorithm: 'SHA256', value: 'abc=-3' } }
      : found;
  };
  const done = await rig.restore(request);
  expect(state(rig)).toEqual(then);
  const undone = await rig.restore({ sourceBucket: 'src', undo: done.jobId });
  expect(state(rig)).toEqual(now);
  expect(undone.status).toBe('COMPLETED');
});

test.each([{ sseC: true }, { archived: true, storageClass: 'GLACIER' }])(
  'undo says what S3 does not copy (%j), and puts the rest back',
  async (fields) => {
    const { rig, then, request } = await base((r) => {
      r.s3.put('src', 'a', 'x');
      r.s3.put('src', 'b', 'x');
    });
    rig.s3.put('src', 'a', 'small', fields);
    rig.s3.put('src', 'b', LARGE, fields);
    await settle(rig);
    const done = await rig.restore(request);
    expect(state(rig)).toEqual(then);
    const undone = await rig.restore({ sourceBucket: 'src', undo: done.jobId });
    expect(undone).toMatchObject({ status: 'PARTIAL', restored: 1 });
    expect(rig.s3.text('src', 'other')).toBe('now');
    expect(rig.s3.text('src', 'a')).toBe('x');
  },
);

test.each([Infinity, 0])('a version that went to an archive is taken from the vault (%s)', async (remaining) => {
  const { rig, then, request } = await base((r) => {
    r.s3.put('src', 'a', LARGE);
    r.s3.put('src', 'b', 'small');
  });
  for (const key of ['a', 'b']) {
    rig.s3.find('src', key).archived = true;
    rig.s3.put('src', key, 'now');
  }
  await settle(rig);
  rig.deadline.remaining = remaining;
  const done = await rig.restore(request);
  expect(done.status).toBe('COMPLETED');
  expect(state(rig)).toEqual(then);
});

test('tags that were logged since the last backup are known to a rollback to a recovery point', async () => {
  const { rig, then, request } = await base((r) => r.s3.put('src', 'a', 'x', { tags: { of: 'then' } }));
  rig.s3.setTags('src', 'a', { of: 'now' });
  await logTags(rig, 'a');
  rig.s3.advance(10);
  expect(await rig.restore(request)).toMatchObject({ restored: 2 });
  expect(state(rig)).toEqual(then);
});

test('undo is planned with many requests at a time', async () => {
  const keys = Array.from({ length: 100 }, (_, n) => `k${String(n)}`);
  const { rig, request } = await base((r) => keys.forEach((key) => r.s3.put('src', key, 'x')));
  keys.forEach((key) => rig.s3.put('src', key, 'now'));
  await settle(rig);
  Object.assign(rig.ports.settings, { rangeWeight: 100000 });
  const done = await rig.restore(request);
  let now = 0;
  let most = 0;
  const list = rig.destination.listVersions.bind(rig.destination);
  rig.destination.listVersions = async (o) => {
    most = Math.max(most, ++now);
    await new Promise((r) => setTimeout(r, 1));
    try {
      return await list(o);
    } finally {
      now--;
    }
  };
  await rig.restore({ sourceBucket: 'src', undo: done.jobId, dryRun: true });
  expect(most).toBeGreaterThan(10);
});

test('with opaque ETags: rollback, undo, undo again, rollback again', async () => {
  const { rig, then, request } = await base(
    (r) => {
      for (const k of ['a', 'b', 'c']) r.s3.put('src', k, LARGE, { tags: { of: 'then' } });
      r.s3.put('src', 's', 's');
    },
    { encryption: { type: 'SSE_KMS' } },
  );
  rig.s3.setTags('src', 'a', { of: 'now' });
  rig.s3.put('src', 'b', LARGE);
  rig.s3.delete('src', 'c');
  rig.s3.put('src', 's', 't');
  rig.s3.advance(10);
  await rig.backup({ bucket: 'src', metadata: 'FULL' });
  rig.s3.advance(10);
  const now = state(rig);
  const done = await rig.restore(request);
  expect(state(rig)).toEqual(then);
  const undone = await rig.restore({ sourceBucket: 'src', undo: done.jobId });
  expect(undone.status).toBe('COMPLETED');
  expect(state(rig)).toEqual(now);
  expect(await rig.restore({ sourceBucket: 'src', undo: done.jobId })).toMatchObject({
    status: 'COMPLETED',
    restored: 0,
  });
  expect(state(rig)).toEqual(now);
});

test('an ACL that no header can say makes an undo PARTIAL', async () => {
  const { rig, request } = await base((r) => r.s3.put('src', 'a', 'x'));
  const { owner, grants } = acl(rig, 'friend');
  rig.s3.put('src', 'a', 'y', {
    acl: { owner, grants: [...grants, { grantee: { id: 'friend' }, permission: 'WRITE' }] },
  });
  await settle(rig);
  const done = await rig.restore(request);
  const undone = await rig.restore({ sourceBucket: 'src', undo: done.jobId });
  expect(undone).toMatchObject({ status: 'PARTIAL', skipped: { 'acls-incomplete': 1 } });
});

test('a default ACL that is told now and was not told then is no change', async () => {
  const rig = new Rig({ settings, deadline: new ManualDeadline() });
  rig.s3.createBucket('src');
  rig.s3.put('src', 'a', 'x');
  rig.s3.advance(10);
  const { recoveryPointId } = await rig.backup({ bucket: 'src' });
  rig.s3.bucket('src').ownership = 'ObjectWriter';
  rig.s3.advance(10);
  await rig.backup({ bucket: 'src', metadata: 'FULL' });
  rig.s3.advance(10);
  expect(await rig.restore({ ...back, recoveryPointId })).toMatchObject({ restored: 0, skipped: { unchanged: 1 } });
});

test('a plan step that is repeated after a newer commit goes on with what it found first', async () => {
  const { rig } = await base((r) => {
    for (let n = 0; n < 30; n++) r.s3.put('src', `k${String(n)}`, 'x');
  });
  await makeContinuous(rig, at(rig));
  for (let n = 0; n < 60; n++) rig.s3.put('src', `m${String(n)}`, 'x');
  rig.s3.advance(10);
  const pointInTime = iso(rig);
  rig.s3.advance(10);
  rig.retries = 1;
  let failed = false;
  rig.scratchStore.calls.afterCall = async ({ operation, key }) => {
    if (failed || operation !== 'PutObject' || !key?.endsWith('plan/units.jsonl')) return;
    failed = true;
    await makeContinuous(rig, at(rig) - 1000);
    throw new StoreError('unavailable', 'the answer is lost');
  };
  await rig.restore({ sourceBucket: 'src', destinationBucket: 'fresh', createBucket: true, pointInTime });
  expect(failed).toBe(true);
});

test('an object of before the instant that nobody has told of stays, also where there was another one', async () => {
  const { rig } = await base((r) => {
    r.s3.put('src', 'a', 'x');
    r.s3.put('src', 'b', 'x');
  });
  await makeContinuous(rig, at(rig));
  for (const key of ['a', 'b', 'c']) rig.s3.put('src', key, 'not captured yet');
  rig.s3.delete('src', 'b');
  const pointInTime = iso(rig);
  rig.s3.advance(10);
  const unseen = await rig.restore({ ...back, pointInTime });
  expect(unseen).toMatchObject({ status: 'PARTIAL', restored: 0, deleted: 0, skipped: { unknown: 3 } });
  for (const key of ['a', 'c']) await logVersion(rig, key);
  rig.s3.put('src', 'a', 'newer, not captured yet');
  expect(await rig.restore({ ...back, pointInTime, items: ['a'] })).toMatchObject({ restored: 1, skipped: {} });
  expect(rig.s3.text('src', 'a')).toBe('not captured yet');
});

test('a job that was cut off is undone when its last calls must have ended', async () => {
  const { rig, request } = await base((r) => r.s3.put('src', 'a', 'x'));
  await settle(rig);
  const now = state(rig);
  const { jobId } = await rig.restore(request);
  const record = await rig.catalog.getJob('src', jobId);
  if (!record) throw new Error('no record');
  const undo = { sourceBucket: 'src', undo: jobId };
  for (const ended of ['ABORTED', 'FAILED'] as const) {
    await rig.catalog.putJob({ ...record, state: ended, completedAt: iso(rig) });
    await expect(rig.restore(undo)).rejects.toMatchObject({
      name: 'InvalidRequest',
      message: expect.stringMatching(/calls in flight may write until .*Z: undo it after that time/) as string,
    });
  }
  rig.s3.advance(900);
  expect(await rig.restore(undo)).toMatchObject({ status: 'COMPLETED' });
  expect(state(rig)).toEqual(now);
});
