import { ManualDeadline } from '../../../../lambda/adapters/memory';
import type { Grant } from '../../../../lambda/core/objects/properties';
import { StoreError, StoreErrorCode } from '../../../../lambda/ports/object-store';
import { historyOf } from '../../../support/bucket-state';
import { Rig } from '../../support/rig';

const LARGE = 'more than four parts of four bytes each';
const all = { sourceBucket: 'src', destinationBucket: 'dst', versions: 'all' };

async function backedUp(fill: (rig: Rig) => void, settings = { packThreshold: 16, copyPartSize: 4 }): Promise<Rig> {
  const rig = new Rig({ settings, deadline: new ManualDeadline() });
  rig.s3.createBucket('src', { ownership: 'ObjectWriter' });
  rig.s3.createBucket('dst', { ownership: 'ObjectWriter' });
  fill(rig);
  rig.s3.advance(5);
  await rig.backup({ bucket: 'src' });
  rig.s3.advance(5);
  rig.deadline.remaining = 0;
  return rig;
}
const put =
  (...bodies: string[]) =>
  (rig: Rig): void => {
    for (const body of bodies) {
      if (body === 'x') rig.s3.delete('src', 'k');
      else rig.s3.put('src', 'k', body);
    }
  };
const contents = (rig: Rig): string[] =>
  rig.s3.history('dst', 'k').map((version) => (version.isMarker ? 'x' : Buffer.from(version.body).toString()));
/** The n-th write of an operation to the destination is refused. */
function refuse(rig: Rig, operation: string, n: number, code: StoreErrorCode): void {
  let calls = 0;
  rig.destination.calls.beforeCall = (call) => {
    if (call.operation === operation && ++calls === n) throw new StoreError(code, 'refused');
  };
}
const outcomes = (rig: Rig) =>
  rig.reportLines().map(({ outcome, reason }) => [outcome, reason].filter(Boolean).join(' '));

test('a large copy goes on over turns after an older version was refused', async () => {
  const rig = await backedUp(put('v1', LARGE, 'v3'));
  refuse(rig, 'PutObject', 1, 'invalid');
  expect(await rig.restore(all)).toMatchObject({ status: 'PARTIAL', restored: 2, failed: 1 });
  expect(contents(rig)).toEqual(['v3', LARGE]);
  expect(rig.turns.restore).toBeGreaterThan(10);
  expect(rig.destination.counts()).toMatchObject({ CreateMultipartUpload: 1 });
  expect(rig.s3.uploads.ids()).toEqual([]);
});

test('a newest version that is refused leaves an older one current, and the report says which', async () => {
  const rig = await backedUp(put('v1', 'v2'));
  refuse(rig, 'PutObject', 2, 'access-denied');
  expect(await rig.restore(all)).toMatchObject({ status: 'PARTIAL', restored: 1, failed: 1 });
  expect(contents(rig)).toEqual(['v1']);
  const { versionId } = rig.s3.find('dst', 'k');
  expect(rig.reportLines()).toContainEqual(
    expect.objectContaining({ outcome: 'failed', reason: 'access-denied', current: versionId }),
  );
});

test('delete markers over nothing but refused versions are not written, for the reason of the versions', async () => {
  const rig = await backedUp(put('v1', 'x'));
  rig.s3.put('dst', 'k', 'mine');
  refuse(rig, 'PutObject', 1, 'invalid');
  const output = await rig.restore({ ...all, onExisting: 'overwrite' });
  expect(output).toMatchObject({ status: 'PARTIAL', failed: 1, deleted: 0, skipped: { 'marker-invalid': 1 } });
  expect(contents(rig)).toEqual(['mine']);
  expect(outcomes(rig)).toEqual(['failed invalid', 'skipped invalid']);
});

test('a delete marker that is refused is said with its reason, and what is current instead', async () => {
  const rig = await backedUp(put('v1', 'x'));
  refuse(rig, 'DeleteObject', 1, 'access-denied');
  const output = await rig.restore(all);
  expect(output).toMatchObject({ status: 'PARTIAL', restored: 1, skipped: { 'marker-access-denied': 1 } });
  const { versionId } = rig.s3.find('dst', 'k');
  expect(rig.reportLines()).toContainEqual(
    expect.objectContaining({ outcome: 'skipped', reason: 'access-denied', current: versionId }),
  );
});

test.each([1, 'all'])('an upload of an earlier turn that loses the race is aborted (versions %s)', async (versions) => {
  const rig = await backedUp(put(LARGE));
  let parts = 0;
  rig.destination.calls.beforeCall = ({ operation }) => {
    if (operation === 'UploadPartCopy' && ++parts === 3) rig.s3.put('dst', 'k', 'LIVE');
  };
  const output = await rig.restore({ ...all, versions });
  expect(output).toMatchObject({ status: 'PARTIAL', restored: 0, skipped: { 'precondition-failed': 1 } });
  expect(contents(rig)).toEqual(['LIVE']);
  expect(rig.s3.uploads.ids()).toEqual([]);
});

test('an upload whose body the vault loses between two turns is aborted', async () => {
  const rig = await backedUp(put(LARGE));
  let parts = 0;
  rig.destination.calls.afterCall = ({ operation }) => {
    if (operation !== 'UploadPartCopy' || ++parts !== 3) return;
    const [name = ''] = rig.s3.keys('the-vault', 'objects/');
    rig.s3.deleteVersion('the-vault', name, rig.s3.find('the-vault', name).versionId);
  };
  expect(await rig.restore(all)).toMatchObject({ status: 'PARTIAL', failed: 1 });
  expect(outcomes(rig)).toEqual(['failed missing']);
  expect(contents(rig)).toEqual([]);
  expect(rig.s3.uploads.ids()).toEqual([]);
});

test('an upload that the lifecycle of the bucket aborted between two turns is begun anew', async () => {
  const rig = await backedUp(put('v1', LARGE, LARGE));
  let parts = 0;
  rig.destination.calls.afterCall = ({ operation }) => {
    if (operation !== 'UploadPartCopy' || ++parts !== 14) return;
    for (const uploadId of rig.s3.uploads.ids()) rig.s3.uploads.close({ bucket: 'dst', key: 'k', uploadId });
  };
  expect(await rig.restore(all)).toMatchObject({ status: 'COMPLETED', restored: 3 });
  expect(contents(rig)).toEqual([LARGE, LARGE, 'v1']);
});

test('an ACL that the bucket refuses is said though the upload goes on in later turns', async () => {
  const grants: Grant[] = [{ grantee: { id: 'friend' }, permission: 'READ' }];
  const rig = await backedUp((r) => r.s3.put('src', 'k', LARGE, { grants }));
  refuse(rig, 'CreateMultipartUpload', 1, 'access-denied');
  const output = await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst' });
  expect(output).toMatchObject({ status: 'PARTIAL', restored: 1, skipped: { 'acls-blocked': 1 } });
});

test('an ACL that the bucket refused is said though the attempt that wrote the object died', async () => {
  const grants: Grant[] = [{ grantee: { id: 'friend' }, permission: 'READ' }];
  const rig = await backedUp((r) => r.s3.put('src', 'k', 'v1', { grants }));
  rig.retries = 1;
  let puts = 0;
  rig.destination.calls.beforeCall = ({ operation }) => {
    if (operation === 'PutObject' && ++puts === 1) throw new StoreError('access-denied', 'public access is blocked');
  };
  rig.destination.calls.afterCall = ({ operation }) => {
    if (operation === 'PutObject' && puts === 2) throw new StoreError('unavailable', 'the answer is lost');
  };
  const output = await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst' });
  expect(output).toMatchObject({ status: 'PARTIAL', restored: 1, skipped: { 'acls-blocked': 1 } });
  expect(contents(rig)).toEqual(['v1']);
});

test('an object without the tags that a header holds is not taken for restored after an attempt that died', async () => {
  const rig = await backedUp((r) => r.s3.put('src', 'k', LARGE, { tags: { small: 'x' } }));
  rig.retries = 1;
  rig.destination.calls.afterCall = ({ operation }) => {
    if (operation !== 'CompleteMultipartUpload') return;
    rig.s3.setTags('dst', 'k', {});
    throw new StoreError('unavailable', 'the worker dies');
  };
  const output = await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst' });
  expect(output).toMatchObject({ status: 'PARTIAL', restored: 0, skipped: { 'precondition-failed': 1 } });
});

describe('requests of a restore of all versions', () => {
  const history = put('v1', 'v2', 'x', 'v3');
  const counted = async (remaining: number, die: boolean): Promise<Record<string, number>> => {
    const rig = await backedUp(history);
    rig.deadline.remaining = remaining;
    rig.retries = 1;
    let dead = !die;
    rig.destination.calls.afterCall = ({ operation }) => {
      if (operation !== 'DeleteObject' || dead) return;
      dead = true;
      throw new Error('the worker dies');
    };
    const output = await rig.restore({ ...all, destinationBucket: 'fresh', createBucket: true });
    expect(output).toMatchObject({ status: 'COMPLETED', restored: 3, deleted: 1 });
    expect(historyOf(rig.s3, 'fresh')).toEqual(historyOf(rig.s3, 'src'));
    return output.requests;
  };

  test('are its writes alone, in one turn as in many', async () => {
    for (const remaining of [Number.POSITIVE_INFINITY, 0])
      expect(await counted(remaining, false)).toEqual({ PutObject: 3, DeleteObject: 1 });
  });

  test('are a listing more for a key that an attempt had begun when it died', async () => {
    // The dead attempt can say nothing of the delete marker that it wrote.
    expect(await counted(0, true)).toEqual({ ListObjectVersions: 1, PutObject: 3 });
  });
});
