import { toIso } from '../../../../lambda/core/values/instant';
import { LiveBucket } from '../../../support/live-bucket';
import { Rig } from '../../support/rig';

const HOUR = 3600;

/** A bucket with continuous backup whose tags or ACLs change right before they are read, and two seconds after the body was. */
test.each(['tags', 'ACL'])(
  '%s that change between the reading of a body and theirs are in doubt until then',
  async (what) => {
    const rig = new Rig();
    rig.s3.createBucket('src', { ownership: 'ObjectWriter' });
    rig.s3.createBucket('dst', { ownership: 'ObjectWriter' });
    const client = new LiveBucket(rig.s3, 'src');
    const upkeep = () => rig.upkeep({ bucket: 'src', deleteAfterDays: 35 });
    await upkeep();
    rig.s3.advance(60);
    const id = client.put('a', 'body', { tags: { n: 'first' } });
    const made = Math.floor(rig.s3.now);
    const grants = [{ grantee: { id: 'friend' }, permission: 'READ' as const }];
    const change = (): void => {
      rig.s3.advance(2);
      if (what === 'tags') client.tag('a', id, { n: 'second' });
      else client.grant('a', id, { owner: rig.s3.owner, grants });
    };
    const method = what === 'tags' ? 'readTags' : 'readAcl';
    const read = rig.captureSource[method].bind(rig.captureSource) as (ref: { bucket: string; key: string }) => never;
    jest.spyOn(rig.captureSource, method).mockImplementationOnce((ref) => {
      change();
      return read(ref);
    });
    expect(await rig.capture(client.take())).toEqual([]);
    rig.s3.advance(10);
    expect(await rig.capture(client.take())).toEqual([]);
    for (let hour = 0; hour < 30; hour++) {
      rig.s3.advance(HOUR);
      await upkeep();
    }
    const at = async (instant: number) => {
      const pointInTime = toIso(instant);
      const request = { sourceBucket: 'src', destinationBucket: 'dst', pointInTime, dryRun: true };
      const { exact, doubts } = await rig.restore(request);
      return { exact, doubts };
    };
    expect(await at(made + 1)).toEqual({ exact: false, doubts: { [what === 'tags' ? 'tags' : 'acl']: 1 } });
    expect(await at(made + 2)).toEqual({ exact: true, doubts: {} });
  },
);

test.each([
  ['tags', 'a version'],
  ['ACL', 'a version'],
  ['tags', 'a null version'],
])('%s of %s that was deleted before they could be read are in doubt from their change on', async (what, which) => {
  const rig = new Rig();
  const versioning = which === 'a version' ? 'Enabled' : 'Disabled';
  rig.s3.createBucket('src', { ownership: 'ObjectWriter', versioning });
  rig.s3.createBucket('dst', { ownership: 'ObjectWriter' });
  const client = new LiveBucket(rig.s3, 'src');
  const upkeep = () => rig.upkeep({ bucket: 'src', deleteAfterDays: 35 });
  const id = client.put('a', 'body', { tags: { n: 'first' } });
  client.take();
  rig.s3.bucket('src').versioning = 'Enabled';
  rig.s3.advance(60);
  await upkeep();
  rig.s3.advance(60);
  client.tag('a', id, { n: 'second' });
  rig.s3.advance(10);
  expect(await rig.capture(client.take())).toEqual([]);
  rig.s3.advance(60);
  const changed = Math.floor(rig.s3.now);
  if (what === 'tags') client.tag('a', id, { n: 'third' });
  else client.grant('a', id, { owner: rig.s3.owner, grants: [] });
  rig.s3.advance(60);
  const deleted = Math.floor(rig.s3.now);
  client.deleteVersion('a', id);
  const messages = client.take();
  expect(await rig.capture(messages)).toEqual([]);
  for (let hour = 0; hour < 30; hour++) {
    rig.s3.advance(HOUR);
    await upkeep();
  }
  const at = async (instant: number) => {
    const request = { sourceBucket: 'src', destinationBucket: 'dst', pointInTime: toIso(instant), dryRun: true };
    return (await rig.restore(request)).doubts;
  };
  expect(await at(changed - 1)).toEqual({});
  expect(await at(changed)).toEqual({ [what === 'tags' ? 'tags' : 'acl']: 1 });
  expect(await at(deleted - 1)).toEqual({ [what === 'tags' ? 'tags' : 'acl']: 1 });
  expect(await at(deleted)).toEqual({});
});

test('tags of a version that is gone by now are known all the same to who has read them for the sake of something else', async () => {
  const rig = new Rig();
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  const upkeep = () => rig.upkeep({ bucket: 'src', deleteAfterDays: 35 });
  await upkeep();
  rig.s3.advance(60);
  const id = client.put('a', 'body');
  const made = client.take();
  rig.s3.advance(10);
  const changed = Math.floor(rig.s3.now);
  client.tag('a', id, { n: 'second' });
  const tagged = client.take();
  rig.s3.advance(10);
  expect(await rig.capture(made)).toEqual([]);
  expect(await rig.capture(tagged)).toEqual([]);
  rig.s3.advance(60);
  client.deleteVersion('a', id);
  // Delivered twice: the version is gone the second time.
  expect(await rig.capture([...client.take(), ...tagged])).toEqual([]);
  for (let hour = 0; hour < 30; hour++) {
    rig.s3.advance(HOUR);
    await upkeep();
  }
  const request = { sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, pointInTime: toIso(changed) };
  expect(await rig.restore(request)).toMatchObject({ exact: true, doubts: {} });
  expect(rig.s3.find('dst', 'a').tags).toEqual({ n: 'second' });
});
