import { ManualDeadline } from '../../../../lambda/adapters/memory';
import type { S3Operation } from '../../../../lambda/adapters/memory/store-calls';
import { type Grant, StoreError, type StoreErrorCode } from '../../../../lambda/ports/object-store';
import { Rig } from '../../support/rig';

/** An ACL that no header holds is written when the object is there. Until then the object is private. */
const GRANTS = Array.from({ length: 90 }, (_, n): Grant => ({
  grantee: { id: String(n).padStart(64, '0') },
  permission: 'READ',
}));
const TAGS = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`${String(i)}tag`, '值'.repeat(200)]));
const LARGE = 'more than four parts of four bytes each';
const request = { sourceBucket: 'src', destinationBucket: 'dst' };

async function backedUp(body: string, copyPartSize: number, tags = {}): Promise<Rig> {
  const rig = new Rig({ settings: { packThreshold: 16, copyPartSize: 4 }, deadline: new ManualDeadline() });
  rig.s3.createBucket('src', { ownership: 'ObjectWriter' });
  rig.s3.createBucket('dst', { ownership: 'ObjectWriter' });
  rig.s3.put('src', 'k', body, { grants: GRANTS, tags });
  rig.s3.advance(5);
  await rig.backup({ bucket: 'src' });
  rig.s3.advance(5);
  Object.assign(rig.ports.settings, { copyPartSize });
  rig.retries = 1;
  return rig;
}
/** The worker dies once, before or after S3 has done what it asked for. */
function dieOnce(rig: Rig, hook: 'beforeCall' | 'afterCall', wanted: S3Operation): void {
  let dead = false;
  rig.destination.calls[hook] = ({ operation }) => {
    if (dead || operation !== wanted) return;
    dead = true;
    throw new StoreError('unavailable', 'the worker dies');
  };
}
const grantsOf = (rig: Rig) => rig.s3.find('dst', 'k').acl?.grants;

const WAYS = [
  ['PutObject', 'small', 4],
  ['CopyObject', LARGE, 1024],
  ['CompleteMultipartUpload', LARGE, 4],
] as const;

describe.each(WAYS)('an ACL after %s', (operation, body, copyPartSize) => {
  test.each(['access-denied', 'acls-disabled', 'invalid'] as const)(
    'that is refused is said, and the object stays (%s)',
    async (code: StoreErrorCode) => {
      const rig = await backedUp(body, copyPartSize);
      rig.destination.calls.beforeCall = (call) => {
        if (call.operation === 'PutObjectAcl') throw new StoreError(code, 'refused');
      };
      const { status, restored, skipped } = await rig.restore(request);
      expect({ status, restored, skipped }).toEqual({ status: 'PARTIAL', restored: 1, skipped: { 'acls-blocked': 1 } });
      expect([rig.s3.history('dst', 'k').length, grantsOf(rig)]).toEqual([1, undefined]);
      expect(rig.reportLines()).toContainEqual(expect.objectContaining({ key: 'k', reason: 'acls-blocked' }));
    },
  );

  test.each([
    ['object and ACL', 'afterCall', operation],
    ['the request for the ACL and its arrival', 'beforeCall', 'PutObjectAcl'],
    ['the ACL and its answer', 'afterCall', 'PutObjectAcl'],
  ] as const)('that is cut off between %s is there in the end', async (_, hook, wanted) => {
    for (const onExisting of ['skip', 'overwrite']) {
      const rig = await backedUp(body, copyPartSize, TAGS);
      if (onExisting === 'overwrite') rig.s3.put('dst', 'k', 'mine');
      dieOnce(rig, hook, wanted);
      const { status, restored, skipped } = await rig.restore({ ...request, onExisting });
      expect({ status, restored, skipped }).toEqual({ status: 'COMPLETED', restored: 1, skipped: {} });
      expect(grantsOf(rig)).toEqual(GRANTS);
      expect(rig.s3.find('dst', 'k').tags).toEqual(TAGS);
      expect(rig.s3.history('dst', 'k')).toHaveLength(onExisting === 'overwrite' ? 2 : 1);
    }
  });

  test('that is cut off, and refused then: it is said', async () => {
    const rig = await backedUp(body, copyPartSize);
    dieOnce(rig, 'afterCall', operation);
    rig.destination.calls.beforeCall = (call) => {
      if (call.operation === 'PutObjectAcl') throw new StoreError('access-denied', 'refused');
    };
    expect(await rig.restore(request)).toMatchObject({ status: 'PARTIAL', skipped: { 'acls-blocked': 1 } });
    expect(rig.s3.text('dst', 'k')).toBe(body);
  });
});

test('a dry run counts the requests for the ACL', async () => {
  const rig = await backedUp('small', 4);
  const dry = await rig.restore({ ...request, dryRun: true });
  const { requests } = await rig.restore(request);
  expect(dry.planned.requests).toEqual({ GetObject: 1, PutObject: 1, GetObjectAcl: 1, PutObjectAcl: 1 });
  expect(requests).toMatchObject({ PutObject: 1, GetObjectAcl: 1, PutObjectAcl: 1 });
});
