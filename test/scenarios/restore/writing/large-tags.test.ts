import { ManualDeadline } from '../../../../lambda/adapters/memory';
import type { S3Operation } from '../../../../lambda/adapters/memory/store-calls';
import type { Grant } from '../../../../lambda/core/objects/properties';
import { StoreError, StoreErrorCode } from '../../../../lambda/ports/object-store';
import { currentOf } from '../../../support/bucket-state';
import { Rig } from '../../support/rig';

/** Tags that no header holds are written when the object is there: until then it must not pass for a restored one. */
const TAGS = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`${String(i)}tag`, '值'.repeat(200)]));
const LARGE = 'more than four parts of four bytes each';
const GRANTS: Grant[] = [{ grantee: { id: 'friend' }, permission: 'READ' }];
const request = { sourceBucket: 'src', destinationBucket: 'dst' };

async function backedUp(bodies: readonly string[], copyPartSize = 4): Promise<Rig> {
  const rig = new Rig({ settings: { packThreshold: 16, copyPartSize: 4 }, deadline: new ManualDeadline() });
  rig.s3.createBucket('src', { ownership: 'ObjectWriter' });
  rig.s3.createBucket('dst', { ownership: 'ObjectWriter' });
  for (const body of bodies) rig.s3.put('src', 'k', body, { tags: TAGS, grants: GRANTS });
  rig.s3.advance(5);
  await rig.backup({ bucket: 'src' });
  rig.s3.advance(5);
  Object.assign(rig.ports.settings, { copyPartSize });
  return rig;
}
function refuse(rig: Rig, code: StoreErrorCode, ...operations: S3Operation[]): void {
  rig.destination.calls.beforeCall = ({ operation }) => {
    if (operations.includes(operation)) throw new StoreError(code, 'refused');
  };
}
/** The worker dies once, when S3 has done what it asked for. */
function dieAfter(rig: Rig, wanted: S3Operation): void {
  rig.retries = 1;
  let dead = false;
  rig.destination.calls.afterCall = ({ operation }) => {
    if (dead || operation !== wanted) return;
    dead = true;
    throw new StoreError('unavailable', 'the worker dies');
  };
}
const failedLines = (rig: Rig) => rig.reportLines().filter(({ outcome }) => outcome === 'failed');

const WAYS = [
  ['PutObject', 'small', 4],
  ['CopyObject', LARGE, 1024],
  ['CompleteMultipartUpload', LARGE, 4],
] as const;

describe.each(WAYS)('tags after %s', (operation, body, copyPartSize) => {
  test.each(['access-denied', 'invalid', 'unavailable'] as const)(
    'that are refused (%s): the object is hidden and said, a later run restores it',
    async (code) => {
      const rig = await backedUp([body], copyPartSize);
      refuse(rig, code, 'PutObjectTagging');
      rig.retries = 1;
      expect(await rig.restore(request)).toMatchObject({ status: 'PARTIAL', restored: 0, failed: 1, skipped: {} });
      const [marker, untagged, ...others] = rig.s3.history('dst', 'k');
      expect([marker?.isMarker, untagged?.isMarker, others.length]).toEqual([true, false, 0]);
      const ids = { destinationVersionId: untagged?.versionId, current: marker?.versionId };
      expect(failedLines(rig)).toEqual([expect.objectContaining({ key: 'k', reason: 'tags-not-written', ...ids })]);
      rig.destination.calls.beforeCall = undefined;
      expect(await rig.restore(request)).toMatchObject({ status: 'COMPLETED', restored: 1, skipped: {} });
      expect(rig.s3.find('dst', 'k')).toMatchObject({ tags: TAGS, acl: { grants: GRANTS } });
    },
  );

  test('that are refused where versioning was turned off meanwhile: no further key is written', async () => {
    const rig = await backedUp([body], copyPartSize);
    for (const key of ['k', 'k2']) rig.s3.put('src', key, body, { tags: TAGS });
    await rig.backup({ bucket: 'src' });
    rig.s3.advance(5);
    rig.s3.setVersioning('dst', 'Suspended');
    for (const key of ['k', 'k2']) rig.s3.put('dst', key, 'a null version');
    rig.s3.setVersioning('dst', 'Enabled');
    Object.assign(rig.ports.settings, { concurrency: 1 });
    rig.destination.calls.beforeCall = (call) => {
      if (['PutObject', 'CopyObject', 'CreateMultipartUpload'].includes(call.operation))
        rig.s3.setVersioning('dst', 'Suspended');
      if (call.operation === 'PutObjectTagging') throw new StoreError('access-denied', 'refused');
    };
    const restored = rig.restore({ ...request, onExisting: 'overwrite' });
    await expect(restored).rejects.toMatchObject({ name: 'DestinationNotVersioned', message: /"k"/ });
    expect(rig.s3.text('dst', 'k2')).toBe('a null version');
  });

  test('that S3 is too busy for are written by the next attempt', async () => {
    const rig = await backedUp([body], copyPartSize);
    rig.retries = 1;
    let asked = 0;
    rig.destination.calls.beforeCall = (call) => {
      if (call.operation === 'PutObjectTagging' && ++asked === 1) throw new StoreError('throttled', 'slow down');
    };
    expect(await rig.restore(request)).toMatchObject({ status: 'COMPLETED', restored: 1 });
    expect(rig.s3.history('dst', 'k').map(({ tags }) => tags)).toEqual([TAGS]);
  });

  test('that an attempt did not come to are written by the next', async () => {
    for (const onExisting of ['skip', 'overwrite']) {
      const rig = await backedUp([body], copyPartSize);
      if (onExisting === 'overwrite') rig.s3.put('dst', 'k', 'mine');
      dieAfter(rig, operation);
      expect(await rig.restore({ ...request, onExisting })).toMatchObject({ status: 'COMPLETED', restored: 1 });
      expect(rig.s3.find('dst', 'k').tags).toEqual(TAGS);
      expect(rig.s3.history('dst', 'k')).toHaveLength(onExisting === 'overwrite' ? 2 : 1);
    }
  });

  test('that an attempt did not come to and that are refused then: the same as at once', async () => {
    const rig = await backedUp([body], copyPartSize);
    dieAfter(rig, operation);
    refuse(rig, 'access-denied', 'PutObjectTagging');
    expect(await rig.restore(request)).toMatchObject({ status: 'PARTIAL', restored: 0, failed: 1, skipped: {} });
    expect(rig.s3.text('dst', 'k')).toBeUndefined();
    expect(failedLines(rig)).toMatchObject([{ reason: 'tags-not-written' }]);
  });
});

test('an object that may not be hidden either is named as what is current', async () => {
  const rig = await backedUp(['small']);
  refuse(rig, 'access-denied', 'PutObjectTagging', 'DeleteObject');
  expect(await rig.restore(request)).toMatchObject({ status: 'PARTIAL', failed: 1 });
  const { versionId, tags } = rig.s3.find('dst', 'k');
  expect(tags).toEqual({});
  expect(failedLines(rig)).toMatchObject([{ destinationVersionId: versionId, current: versionId }]);
  rig.destination.calls.beforeCall = undefined;
  await rig.restore({ ...request, onExisting: 'overwrite' });
  expect(rig.s3.find('dst', 'k').tags).toEqual(TAGS);
});

test('somebody who writes before the object is hidden wins', async () => {
  const rig = await backedUp(['small']);
  rig.destination.calls.beforeCall = ({ operation }) => {
    if (operation !== 'PutObjectTagging') return;
    rig.s3.put('dst', 'k', 'live');
    throw new StoreError('access-denied', 'refused');
  };
  expect(await rig.restore(request)).toMatchObject({ status: 'PARTIAL', failed: 1 });
  expect(rig.s3.text('dst', 'k')).toBe('live');
});

test('of all versions, those that a dead attempt left without tags have them in the end', async () => {
  for (const bodies of [
    ['v1', 'v2', LARGE, LARGE],
    ['a', 'a', 'a'],
  ]) {
    const rig = await backedUp(bodies, 1024);
    dieAfter(rig, bodies.includes(LARGE) ? 'CopyObject' : 'PutObject');
    const output = await rig.restore({ ...request, versions: 'all' });
    expect(output).toMatchObject({ status: 'COMPLETED', restored: bodies.length });
    const history = rig.s3.history('dst', 'k');
    expect(history.map(({ tags }) => tags)).toEqual(bodies.map(() => TAGS));
  }
});

test.each(['skip', 'overwrite'])('what an attempt hid that died then is said by the next (%s)', async (onExisting) => {
  const rig = await backedUp(['v1', 'v2']);
  if (onExisting === 'overwrite') rig.s3.put('dst', 'k', 'mine');
  const { length } = rig.s3.history('dst', 'k');
  for (const versions of onExisting === 'skip' ? ['all'] : ['all', 1]) {
    refuse(rig, 'access-denied', 'PutObjectTagging');
    dieAfter(rig, 'DeleteObject');
    rig.s3.advance(5);
    const output = await rig.restore({ ...request, onExisting, versions });
    expect(output).toMatchObject({ status: 'PARTIAL', failed: versions === 1 ? 1 : 2, skipped: {} });
    const [marker, untagged] = rig.s3.history('dst', 'k');
    expect([marker?.isMarker, untagged?.isMarker]).toEqual([true, false]);
    const ids = { destinationVersionId: untagged?.versionId, current: marker?.versionId };
    expect(failedLines(rig)).toContainEqual(expect.objectContaining({ reason: 'tags-not-written', ...ids }));
    rig.s3.put('dst', 'k', 'mine');
  }
  expect(rig.s3.history('dst', 'k').length - length).toBe(onExisting === 'skip' ? 5 : 8);
});

test.each([false, true])('a rollback whose tags are refused can be undone, and done again (dies: %s)', async (dies) => {
  const rig = await backedUp(['then']);
  const then = currentOf(rig.s3, 'src');
  const { recoveryPointId } = (await rig.catalog.listRecoveryPoints({ bucket: 'src', limit: 1 })).items[0] ?? {};
  rig.s3.put('src', 'k', 'now');
  rig.s3.advance(5);
  await rig.backup({ bucket: 'src' });
  const now = currentOf(rig.s3, 'src');
  rig.s3.advance(5);
  const back = { sourceBucket: 'src', rollback: true, recoveryPointId };
  refuse(rig, 'access-denied', 'PutObjectTagging');
  if (dies) dieAfter(rig, 'DeleteObject');
  const { status, jobId } = await rig.restore(back);
  expect({ status, current: currentOf(rig.s3, 'src').size }).toEqual({ status: 'PARTIAL', current: 0 });
  rig.destination.calls.beforeCall = undefined;
  expect(await rig.restore({ sourceBucket: 'src', undo: jobId })).toMatchObject({ status: 'COMPLETED', restored: 1 });
  expect(currentOf(rig.s3, 'src')).toEqual(now);
  expect(await rig.restore(back)).toMatchObject({ status: 'COMPLETED', restored: 1 });
  expect(currentOf(rig.s3, 'src')).toEqual(then);
});

test('a dry run counts the request for the tags', async () => {
  const rig = await backedUp(['small']);
  const dry = await rig.restore({ ...request, dryRun: true });
  const { requests } = await rig.restore(request);
  expect(dry.planned.requests).toEqual({ GetObject: 1, PutObject: 1, PutObjectTagging: 1 });
  expect(requests).toMatchObject({ PutObject: 1, PutObjectTagging: 1 });
});
