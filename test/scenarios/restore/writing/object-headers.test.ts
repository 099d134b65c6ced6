import type { Acl } from '../../../../lambda/ports/object-store';
import { Rig } from '../../support/rig';

const CLOSED = 'd'.repeat(64);
const ALL_USERS = 'http://acs.amazonaws.com/groups/global/AllUsers';

const aclOf = (rig: Rig, ids: readonly string[]): Acl => ({
  owner: rig.s3.owner,
  grants: [
    { grantee: { id: rig.s3.owner }, permission: 'FULL_CONTROL' },
    { grantee: { uri: ALL_USERS }, permission: 'READ' },
    ...ids.map((id) => ({ grantee: { id }, permission: 'READ' }) as const),
  ],
});

async function restored(rig: Rig, more: object = {}) {
  rig.s3.advance(10);
  await rig.backup({ bucket: 'src' });
  rig.s3.createBucket('dst', { ownership: 'ObjectWriter' }).closedAccounts.add(CLOSED);
  const {
    status,
    restored: count,
    skipped,
    failed,
  } = await rig.restore({
    ...{ sourceBucket: 'src', destinationBucket: 'dst' },
    ...more,
  });
  return { status, restored: count, skipped, failed };
}

describe.each([
  ['packed', {}],
  ['copied', { packThreshold: 0 }],
  ['copied by parts', { packThreshold: 0, copyPartSize: 1 }],
])('an object that is %s', (_, settings) => {
  test('comes back without its ACL when an account that it names was closed', async () => {
    const rig = new Rig({ settings });
    rig.s3.createBucket('src', { ownership: 'ObjectWriter' });
    rig.s3.put('src', 'plain', 'plain body');
    rig.s3.put('src', 'shared', 'shared body', { acl: aclOf(rig, [CLOSED]) });
    expect(await restored(rig, { restoreAcls: true })).toEqual({
      ...{ status: 'PARTIAL', restored: 2, failed: 0 },
      skipped: { 'acls-blocked': 1 },
    });
    expect(rig.s3.text('dst', 'shared')).toBe('shared body');
  });

  test('comes back whole when tags, metadata and headers together are more than a request holds', async () => {
    const rig = new Rig({ settings });
    rig.s3.createBucket('src');
    const tags = Object.fromEntries(
      Array.from({ length: 10 }, (_unused, i) => [`tag ${String(i)}`.padEnd(60, 'k'), 'ü'.padEnd(250, 'v')]),
    );
    const userMetadata = { note: 'x'.repeat(2000) };
    const headers = { 'content-disposition': `attachment; filename="${'n'.repeat(900)}"` };
    rig.s3.put('src', 'near', 'body near the limit', { tags, userMetadata, headers });
    expect(await restored(rig)).toEqual({ status: 'COMPLETED', restored: 1, skipped: {}, failed: 0 });
    const { tags: found, userMetadata: meta, headers: kept } = rig.s3.find('dst', 'near');
    expect({ found, meta }).toEqual({ found: tags, meta: userMetadata });
    expect(kept).toMatchObject(headers);
    expect(rig.destination.counts()).toMatchObject({ PutObjectTagging: 1 });
  });

  test('comes back with an ACL that no header holds', async () => {
    const rig = new Rig({ settings });
    rig.s3.createBucket('src', { ownership: 'ObjectWriter' });
    const acl = aclOf(rig, accounts(90));
    rig.s3.put('src', 'shared', 'shared body', { acl });
    expect(await restored(rig)).toEqual({ status: 'COMPLETED', restored: 1, skipped: {}, failed: 0 });
    const { grants = [] } = rig.s3.find('dst', 'shared').acl ?? {};
    expect(grants).toHaveLength(acl.grants.length);
    expect(grants).toEqual(expect.arrayContaining([...acl.grants]));
    expect(rig.destination.counts()).toMatchObject({ PutObjectAcl: 1 });
  });

  test('comes back without such an ACL when an account that it names was closed', async () => {
    const rig = new Rig({ settings });
    rig.s3.createBucket('src', { ownership: 'ObjectWriter' });
    rig.s3.put('src', 'shared', 'shared body', { acl: aclOf(rig, [...accounts(90), CLOSED]) });
    expect(await restored(rig)).toEqual({
      ...{ status: 'PARTIAL', restored: 1, failed: 0 },
      skipped: { 'acls-blocked': 1 },
    });
    expect(rig.s3.text('dst', 'shared')).toBe('shared body');
  });
});

const accounts = (count: number): string[] => Array.from({ length: count }, (_, i) => i.toString(16).padStart(64, 'a'));
