import { StoreError } from '../../../lambda/ports/object-store';
import { LiveBucket } from '../../support/live-bucket';
import { hourlyUpkeeps } from '../support/continuous-rig';
import { Rig } from '../support/rig';

/** A replica's delete marker, dated before the current version, that the capture may not read: it hides nothing. */
async function refused(refuse: (rig: Rig, versionId: string) => void) {
  const rig = new Rig();
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  client.put('other', 'x');
  client.take();
  await hourlyUpkeeps(rig, 2);
  const dated = Math.floor(rig.s3.now);
  rig.s3.advance(60);
  client.put('doc', 'alive');
  rig.s3.advance(60);
  const versionId = client.delete('doc', { replicaOf: { versionId: 'elsewhere', lastModified: dated } });
  refuse(rig, versionId);
  rig.s3.advance(6);
  return { rig, client };
}

const byPolicy = (rig: Rig, versionId: string): void => {
  rig.s3.refuse('src', 'doc', 'policy', versionId);
};
const restored = async (rig: Rig, destination: string, more: object = {}): Promise<string | undefined> => {
  await rig.restore({ sourceBucket: 'src', destinationBucket: destination, createBucket: true, ...more });
  return rig.s3.text(destination, 'doc');
};

test('has the date that the listing says, and hides no newer version', async () => {
  const { rig, client } = await refused(byPolicy);
  expect(await rig.capture(client.take())).toEqual([]);
  await hourlyUpkeeps(rig, 2);
  expect(await rig.backup({ bucket: 'src', source: 'changes' })).toMatchObject({
    source: 'changes',
    status: 'COMPLETED',
    objects: 2,
  });
  expect(await restored(rig, 'dst')).toBe('alive');
});

test('is captured again later when the listing fails as well', async () => {
  const { rig, client } = await refused(byPolicy);
  rig.captureSource.calls.beforeCall = ({ operation }) => {
    if (operation === 'ListObjectVersions') throw new StoreError('access-denied', 'no listing');
  };
  const messages = client.take();
  expect(await rig.capture(messages)).toHaveLength(1);
  rig.captureSource.calls.beforeCall = undefined;
  expect(await rig.capture(messages)).toEqual([]);
  await hourlyUpkeeps(rig, 2);
  await rig.backup({ bucket: 'src', source: 'changes' });
  expect(await restored(rig, 'dst')).toBe('alive');
});

test('that had the time of its event for a date gets the right one from the next listing', async () => {
  const { rig, client } = await refused(() => undefined);
  // As earlier releases captured it: the marker could not be read, nor was it looked for.
  rig.captureSource.calls.beforeCall = ({ operation, key }) => {
    if (operation === 'HeadObject' && key === 'doc') throw new StoreError('not-found', 'as if it were gone');
  };
  expect(await rig.capture(client.take())).toEqual([]);
  await hourlyUpkeeps(rig, 2);
  expect(await rig.backup({ bucket: 'src', source: 'listing' })).toMatchObject({ objects: 2 });
  expect(await restored(rig, 'dst')).toBe('alive');
  await hourlyUpkeeps(rig, 1);
  expect(await rig.backup({ bucket: 'src', source: 'changes' })).toMatchObject({ source: 'changes', objects: 2 });
});
