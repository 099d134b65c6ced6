import { decodeManifest, Manifest } from '../../../lambda/core/history/manifest';
import { historyOf } from '../../support/bucket-state';
import { ChangedBucket } from '../../support/changed-bucket';
import { Rig, VAULT } from './rig';

export const HOUR = 3600;
export const DAY = 24 * HOUR;
export const src = { bucket: 'src' };

export function filled(names: readonly string[] = ['a', 'b', 'c'], options: ConstructorParameters<typeof Rig>[0] = {}) {
  const rig = new Rig(options);
  rig.s3.createBucket('src', { ownership: 'ObjectWriter' });
  for (const key of names) {
    rig.s3.put('src', key, `${key} old`, { tags: { state: 'first' } });
    rig.s3.put('src', key, `${key} new`);
  }
  rig.s3.advance(10);
  return { rig, client: new ChangedBucket(rig.s3, 'src') };
}
export const acl = (rig: Rig, id: string) => ({
  owner: rig.s3.owner,
  grants: [
    { grantee: { id: rig.s3.owner }, permission: 'FULL_CONTROL' as const },
    { grantee: { id }, permission: 'READ' as const },
  ],
});
export const manifest = (rig: Rig, seq: number): Manifest => {
  const name = `buckets/src/timeline/${String(seq).padStart(20, '0')}.json`;
  return decodeManifest(Buffer.from(rig.s3.text(VAULT, name) ?? ''), name);
};
export const segments = (rig: Rig): number => rig.s3.keys(VAULT, 'buckets/src/segments/').length;
/** Everything restored to a new bucket, as it was at a recovery point. */
export async function restored(rig: Rig, seq?: number) {
  const destinationBucket = rig.nextName();
  const recoveryPointId = seq === undefined ? undefined : `src/${String(seq).padStart(20, '0')}`;
  const request = { sourceBucket: 'src', destinationBucket, recoveryPointId, createBucket: true, versions: 'all' };
  expect(await rig.restore(request)).toMatchObject({ status: 'COMPLETED' });
  return historyOf(rig.s3, destinationBucket);
}
