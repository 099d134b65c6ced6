import { ManualDeadline } from '../../../lambda/adapters/memory';
import type { Grant } from '../../../lambda/core/objects/properties';
import { currentOf } from '../../support/bucket-state';
import { Rig, RigOptions } from '../support/rig';

const ALL_USERS = 'http://acs.amazonaws.com/groups/global/AllUsers';
const LOG_DELIVERY = 'http://acs.amazonaws.com/groups/s3/LogDelivery';

async function backedUp(setUp: (rig: Rig) => void = () => undefined, options: RigOptions = {}): Promise<Rig> {
  const rig = new Rig({ pageSize: 2, ...options });
  rig.s3.createBucket('src', { ownership: 'ObjectWriter' });
  for (const key of ['a', 'docs/', 'docs/a b.txt', 'docs/z', 'photos/1', 'photos/2', 'photos', 'photosx'])
    rig.s3.put('src', key, `body of ${key}`, { tags: { key }, headers: { 'content-type': 'text/plain' } });
  setUp(rig);
  rig.s3.advance(5);
  await rig.backup({ bucket: 'src' });
  rig.s3.createBucket('dst');
  rig.s3.advance(5);
  return rig;
}
const into = (rest: object): object => ({ sourceBucket: 'src', destinationBucket: 'dst', ...rest });

describe('what is restored', () => {
  test.each([
    [['photos/'], ['photos/1', 'photos/2']],
    [['photos'], ['photos']],
    [[{ prefix: 'photos' }], ['photos', 'photos/1', 'photos/2', 'photosx']],
    [['docs/'], ['docs/', 'docs/a b.txt', 'docs/z']],
    [[{ key: 'docs/' }], ['docs/']],
    [
      ['a', 'docs/z', 'docs/z', { prefix: 'docs/' }],
      ['a', 'docs/', 'docs/a b.txt', 'docs/z'],
    ],
    [[{ prefix: '' }], ['a', 'docs/', 'docs/a b.txt', 'docs/z', 'photos', 'photos/1', 'photos/2', 'photosx']],
  ])('items %j', async (items, keys) => {
    const rig = await backedUp();
    expect(await rig.restore(into({ items }))).toMatchObject({ status: 'COMPLETED', restored: keys.length });
    expect(rig.s3.keys('dst')).toEqual(keys);
  });

  test('items that name nothing are counted, listed, and make the job PARTIAL', async () => {
    const rig = await backedUp();
    const output = await rig.restore(
      into({ items: ['a', 'nothing/here', 'photo/', { prefix: 'photos' }, 'photos/1', 'photos/9'] }),
    );
    expect(output).toMatchObject({ status: 'PARTIAL', restored: 5, skipped: { 'not-found': 3 } });
    expect(output.planned.skipped).toEqual({ 'not-found': 3 });
    const reports = rig.s3.keys('the-scratch', 'reports/').map((key) => rig.s3.text('the-scratch', key));
    expect(reports.join('')).toContain('"nothing/here"');
  });

  test('a prefix inside of another one that names nothing is said, in many ranges and turns as in one', async () => {
    const items = [
      ...['docs/', 'docs/a/', 'docs/a/', 'photos/', { prefix: 'photos/1' }, { prefix: 'photos/3' }, 'photos/3/4/'],
      ...[{ key: 'photos/3/4' }, { key: 'photos/3/4/' }, { key: 'photos/3' }, { prefix: 'photosx' }],
    ];
    for (const [settings, remaining] of [
      [{}, Number.POSITIVE_INFINITY],
      [{ rangeWeight: 1 }, 0],
    ] as const) {
      const rig = await backedUp(undefined, { settings, deadline: new ManualDeadline() });
      rig.deadline.remaining = remaining;
      const output = await rig.restore(into({ items }));
      expect(output).toMatchObject({ status: 'PARTIAL', restored: 6, skipped: { 'not-found': 6 } });
      const told = rig.reportLines().filter(({ reason }) => reason === 'not-found');
      expect(told.map(({ key }) => key).sort()).toEqual([
        ...['docs/a/', 'photos/3', 'photos/3', 'photos/3/4', 'photos/3/4/', 'photos/3/4/'],
      ]);
      if (remaining === 0) expect(rig.turns.plan).toBeGreaterThan(3);
      const whole = await rig.restore(
        into({ items: [{ prefix: '' }, 'nothing/', 'photos/'], destinationPrefix: 'w/' }),
      );
      expect(whole).toMatchObject({ restored: 8, skipped: { 'not-found': 1 } });
    }
  });

  test('an items file has a key or prefix a line, odd ones as JSON, and is united with the items', async () => {
    const rig = await backedUp((r) => r.s3.put('src', 'line\nbreak', 'x'));
    rig.s3.createBucket('lists');
    rig.s3.put('lists', 'items.txt', 'photos/\n"line\\nbreak"\r\n{"key":"docs/"}\n\na\n');
    await rig.restore(into({ itemsFile: 's3://lists/items.txt', items: ['a', 'docs/z'] }));
    expect(rig.s3.keys('dst')).toEqual(['a', 'docs/', 'docs/z', 'line\nbreak', 'photos/1', 'photos/2']);
  });

  test('an items file that is missing or not readable fails before anything is written', async () => {
    const rig = await backedUp();
    rig.s3.createBucket('lists');
    rig.s3.put('lists', 'bad', '{"prefix": 3}\nok\n"open');
    rig.s3.put('lists', 'latin1', Buffer.from([0x61, 0xff]));
    for (const key of ['missing', 'bad', 'latin1'])
      await expect(rig.restore(into({ itemsFile: `s3://lists/${key}` }))).rejects.toMatchObject({
        name: 'InvalidRequest',
      });
    expect(rig.s3.keys('dst')).toEqual([]);
  });

  test('to the original bucket, under a prefix; keys that would be too long are said', async () => {
    const long = 'k'.repeat(1020);
    const rig = await backedUp((r) => r.s3.put('src', long, 'x'));
    const output = await rig.restore({ sourceBucket: 'src', destinationPrefix: 'restored/' });
    expect(output).toMatchObject({ status: 'PARTIAL', restored: 8, skipped: { 'key-too-long': 1 } });
    expect(currentOf(rig.s3, 'src', 'restored/').size).toBe(8);
    expect(rig.s3.text('src', 'restored/docs/a b.txt')).toBe('body of docs/a b.txt');
  });

  test('n versions: the newest n bodies, oldest first, with the markers between and after them', async () => {
    const rig = await backedUp(({ s3 }) => {
      for (const step of ['1', '2', 'x', '3', '4', 'x']) {
        if (step === 'x') s3.delete('src', 'v');
        else s3.put('src', 'v', step);
        if (step === '3') s3.advance(1);
      }
    });
    const restored = await rig.restore(into({ items: ['v'], versions: 3 }));
    expect(restored).toMatchObject({ status: 'COMPLETED', restored: 3, deleted: 2 });
    const bodies = rig.s3
      .history('dst', 'v')
      .map((version) => (version.isMarker ? 'x' : Buffer.from(version.body).toString()));
    expect(bodies.reverse()).toEqual(['2', 'x', '3', '4', 'x']);
    expect(await rig.restore(into({ items: ['v'], destinationPrefix: 'one/' }))).toMatchObject({
      restored: 0,
      skipped: { marker: 1 },
    });
  });

  test('an older recovery point', async () => {
    const rig = await backedUp();
    rig.s3.put('src', 'a', 'newer');
    rig.s3.advance(5);
    await rig.backup({ bucket: 'src' });
    await rig.restore(into({ recoveryPointId: 'src/00000000000000000001', items: ['a'] }));
    expect(rig.s3.text('dst', 'a')).toBe('body of a');
    await rig.restore(into({ items: ['a'], destinationPrefix: 'latest/' }));
    expect(rig.s3.text('dst', 'latest/a')).toBe('newer');
  });
});

describe('what is there already', () => {
  test('is skipped by default', async () => {
    const rig = await backedUp();
    rig.s3.put('dst', 'a', 'mine');
    expect(await rig.restore(into({}))).toMatchObject({ status: 'COMPLETED', restored: 7, skipped: { exists: 1 } });
    expect(rig.s3.text('dst', 'a')).toBe('mine');
  });

  test('is overwritten by a new version when asked for', async () => {
    const rig = await backedUp();
    rig.s3.put('dst', 'a', 'mine');
    expect(await rig.restore(into({ onExisting: 'overwrite' }))).toMatchObject({ restored: 8, skipped: {} });
    expect(rig.s3.history('dst', 'a').map((version) => Buffer.from(version.body).toString())).toEqual([
      'body of a',
      'mine',
    ]);
  });

  test('is a conflict for "fail": nothing is written, the keys are in the report', async () => {
    const rig = await backedUp();
    rig.s3.put('dst', 'photos/2', 'mine');
    const failed = rig.restore(into({ onExisting: 'fail' }));
    await expect(failed).rejects.toMatchObject({ name: 'DestinationConflict' });
    expect(rig.s3.keys('dst')).toEqual(['photos/2']);
    const reports = rig.s3.keys('the-scratch', 'reports/src/').map((key) => rig.s3.text('the-scratch', key));
    expect(reports.join('')).toContain('"photos/2"');
  });

  test('a live writer wins, and its key is reported', async () => {
    for (const onExisting of ['skip', 'overwrite']) {
      const rig = await backedUp();
      if (onExisting === 'overwrite') rig.s3.put('dst', 'a', 'before');
      let written = false;
      rig.destination.calls.beforeCall = ({ operation, key }) => {
        if (operation !== 'PutObject' || key !== 'a' || written) return;
        written = true;
        rig.s3.put('dst', 'a', 'live');
      };
      const output = await rig.restore(into({ onExisting }));
      expect(output).toMatchObject({ status: 'PARTIAL', restored: 7, skipped: { 'precondition-failed': 1 } });
      expect(rig.s3.text('dst', 'a')).toBe('live');
    }
  });
});

describe('dry run', () => {
  test('returns the plan and writes nothing, not even the new bucket', async () => {
    const rig = await backedUp();
    rig.s3.put('dst', 'a', 'mine');
    const dry = await rig.restore(into({ dryRun: true }));
    expect(dry).toMatchObject({
      dryRun: true,
      restored: 0,
      planned: {
        objects: 7,
        versions: 7,
        skipped: { exists: 1 },
        conflicts: 0,
        requests: { GetObject: 7, PutObject: 7 },
      },
    });
    expect(dry.planned.estimatedCost).toBeGreaterThan(0);
    expect(rig.s3.keys('dst')).toEqual(['a']);
    expect((await rig.restore(into({ dryRun: true, onExisting: 'fail' }))).planned.conflicts).toBe(1);
    await rig.restore({ sourceBucket: 'src', destinationBucket: 'brand-new', createBucket: true, dryRun: true });
    expect(rig.s3.findBucket('brand-new')).toBeUndefined();
  });
});

describe('tags, ACLs and how objects are written', () => {
  const grants = (rig: Rig, ...uris: string[]): Grant[] => [
    { grantee: { id: rig.s3.owner }, permission: 'FULL_CONTROL' },
    ...uris.map((uri): Grant => ({ grantee: { uri }, permission: 'READ' })),
  ];

  test('restoreTags: false leaves tags out', async () => {
    const rig = await backedUp();
    await rig.restore(into({ items: ['a'], restoreTags: false }));
    expect(rig.s3.find('dst', 'a').tags).toEqual({});
  });

  test('ACLs come back where the bucket allows them; a new bucket has the ownership of the source', async () => {
    const rig = await backedUp((r) => r.s3.put('src', 'acl', 'x', { grants: grants(r, LOG_DELIVERY) }));
    const output = await rig.restore({ sourceBucket: 'src', destinationBucket: 'fresh', createBucket: true });
    expect(output.status).toBe('COMPLETED');
    expect(rig.s3.bucket('fresh').ownership).toBe('ObjectWriter');
    expect(rig.s3.find('fresh', 'acl').acl?.grants).toEqual(grants(rig, LOG_DELIVERY));
  });

  test('a bucket without ACLs: counted and PARTIAL, an error when ACLs were asked for, nothing when they were not wanted', async () => {
    const rig = await backedUp((r) => r.s3.put('src', 'acl', 'x', { grants: grants(r, LOG_DELIVERY) }));
    await expect(rig.restore(into({ restoreAcls: true }))).rejects.toMatchObject({ name: 'DestinationAclsDisabled' });
    expect(rig.s3.keys('dst')).toEqual([]);
    const output = await rig.restore(into({ items: ['acl', 'a'] }));
    expect(output).toMatchObject({ status: 'PARTIAL', restored: 2, skipped: { 'acls-disabled': 1 } });
    const without = await rig.restore(into({ items: ['acl'], destinationPrefix: 'b/', restoreAcls: false }));
    expect(without).toMatchObject({ status: 'COMPLETED', restored: 1, skipped: {} });
    // Owners' full control alone is no ACL that could be lost.
    expect((await rig.restore(into({ items: ['a'], destinationPrefix: 'c/', restoreAcls: true }))).status).toBe(
      'COMPLETED',
    );
  });

  test('createBucket uses a bucket that exists and is empty as it is', async () => {
    const rig = await backedUp((r) => r.s3.put('src', 'acl', 'x', { grants: grants(r, LOG_DELIVERY) }));
    const output = await rig.restore(into({ createBucket: true, items: ['acl'] }));
    expect(output).toMatchObject({ status: 'PARTIAL', restored: 1, skipped: { 'acls-disabled': 1 } });
    expect(rig.s3.bucket('dst').ownership).toBe('BucketOwnerEnforced');
    rig.s3.createBucket('plain', { versioning: 'Disabled' });
    await expect(
      rig.restore({ sourceBucket: 'src', destinationBucket: 'plain', createBucket: true }),
    ).rejects.toMatchObject({
      name: 'DestinationNotVersioned',
    });
  });

  test('public grants do not reach a new bucket, whose public access is blocked; that is said', async () => {
    const rig = await backedUp((r) => r.s3.put('src', 'public', 'x', { grants: grants(r, ALL_USERS, LOG_DELIVERY) }));
    const output = await rig.restore({ sourceBucket: 'src', destinationBucket: 'fresh', createBucket: true });
    expect(output).toMatchObject({ status: 'PARTIAL', restored: 9, skipped: { 'acls-blocked': 1 } });
    expect(rig.s3.find('fresh', 'public').acl?.grants).toEqual(grants(rig, LOG_DELIVERY));
  });

  test('what no grant header can say is left out, and said', async () => {
    const owner = (r: Rig): Grant[] => grants(r, LOG_DELIVERY).slice(0, 1);
    const rig = await backedUp((r) => {
      r.s3.put('src', 'write', 'x', {
        grants: [...grants(r, LOG_DELIVERY), { grantee: { uri: LOG_DELIVERY }, permission: 'WRITE' }],
      });
      r.s3.put('src', 'write-only', 'x', {
        grants: [...owner(r), { grantee: { uri: LOG_DELIVERY }, permission: 'WRITE' }],
      });
      r.s3.put('src', 'nothing', 'x', { grants: owner(r) });
      r.s3.find('src', 'nothing').acl = { owner: r.s3.find('src', 'write').acl?.owner ?? '', grants: [] };
    });
    const output = await rig.restore({ sourceBucket: 'src', destinationBucket: 'fresh', createBucket: true });
    expect(output).toMatchObject({ status: 'PARTIAL', failed: 0, skipped: { 'acls-incomplete': 3 } });
    expect(rig.s3.find('fresh', 'write').acl?.grants).toEqual(grants(rig, LOG_DELIVERY));
    for (const key of ['write-only', 'nothing']) expect(rig.s3.find('fresh', key).acl).toBeUndefined();
  });

  test('storage class: STANDARD unless told otherwise, or the original one', async () => {
    const rig = await backedUp((r) => r.s3.put('src', 'ia', 'x', { storageClass: 'STANDARD_IA' }));
    await rig.restore(into({ items: ['ia'] }));
    await rig.restore(into({ items: ['ia'], destinationPrefix: 'o/', storageClass: 'ORIGINAL' }));
    await rig.restore(into({ items: ['ia'], destinationPrefix: 'g/', storageClass: 'GLACIER_IR' }));
    expect(['ia', 'o/ia', 'g/ia'].map((key) => rig.s3.find('dst', key).storageClass)).toEqual([
      'STANDARD',
      'STANDARD_IA',
      'GLACIER_IR',
    ]);
  });
});
