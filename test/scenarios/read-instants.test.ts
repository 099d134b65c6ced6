import { toIso } from '../../lambda/core/instant';
import { LiveBucket } from '../support/live-bucket';
import { Rig } from './rig';

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
