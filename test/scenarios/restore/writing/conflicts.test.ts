import { ManualDeadline } from '../../../../lambda/adapters/memory';
import { Rig } from '../../support/rig';

/** A bucket with an object that is copied by parts and one that is not, backed up, and a destination. */
async function backedUp(deadline = new ManualDeadline()): Promise<Rig> {
  const rig = new Rig({ settings: { packThreshold: 4, copyPartSize: 5, concurrency: 1 }, deadline });
  rig.s3.createBucket('src');
  rig.s3.createBucket('dst');
  rig.s3.put('src', 'large', 'x'.repeat(60));
  rig.s3.put('src', 'small', 'tiny');
  rig.s3.advance(5);
  await rig.backup({ bucket: 'src' });
  rig.s3.advance(5);
  return rig;
}

/** Acts on the destination before the n-th call of an operation. */
function before(rig: Rig, operation: string, ordinal: number, act: () => void): void {
  let calls = 0;
  rig.destination.calls.beforeCall = (call) => {
    if (call.operation === operation && ++calls === ordinal) act();
  };
}

describe.each([
  ['one turn', undefined],
  ['several turns', 0],
])('a copy by parts, in %s', (_, remaining) => {
  const started = async (): Promise<Rig> => {
    const deadline = new ManualDeadline();
    const rig = await backedUp(deadline);
    if (remaining !== undefined) deadline.remaining = remaining;
    return rig;
  };

  test('begins a new upload where somebody wrote and deleted the key under the first', async () => {
    const rig = await started();
    before(rig, 'UploadPartCopy', 2, () => {
      rig.s3.put('dst', 'large', 'live');
      rig.s3.delete('dst', 'large');
    });
    const { status, restored } = await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst' });
    expect({ status, restored }).toEqual({ status: 'COMPLETED', restored: 2 });
    expect(rig.s3.text('dst', 'large')).toBe('x'.repeat(60));
    expect(rig.destination.counts()).toMatchObject({ CreateMultipartUpload: 2, AbortMultipartUpload: 1 });
    expect(rig.s3.uploads.ids()).toEqual([]);
  });

  test('loses to a writer that does so all the time, and all else is restored', async () => {
    const rig = await started();
    rig.destination.calls.beforeCall = ({ operation }) => {
      if (operation !== 'CompleteMultipartUpload') return;
      rig.s3.put('dst', 'large', 'live');
      rig.s3.delete('dst', 'large');
    };
    const { status, restored, skipped, failed } = await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst' });
    expect({ status, restored, skipped, failed }).toEqual({
      ...{ status: 'PARTIAL', restored: 1, failed: 0 },
      skipped: { 'precondition-failed': 1 },
    });
    expect(rig.s3.text('dst', 'large')).toBeUndefined();
    expect(rig.s3.text('dst', 'small')).toBe('tiny');
    expect(rig.s3.uploads.ids()).toEqual([]);
  });

  test('loses to an object that was written under it', async () => {
    const rig = await started();
    before(rig, 'UploadPartCopy', 2, () => rig.s3.put('dst', 'large', 'live'));
    const { status, skipped, failed } = await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst' });
    expect({ status, skipped, failed }).toEqual({
      ...{ status: 'PARTIAL', failed: 0 },
      skipped: { 'precondition-failed': 1 },
    });
    expect(rig.s3.text('dst', 'large')).toBe('live');
  });
});

test('an upload into the vault whose key was written under it is begun anew', async () => {
  const rig = new Rig({ settings: { packThreshold: 4, copyPartSize: 5 }, deadline: new ManualDeadline(0) });
  rig.s3.createBucket('src');
  rig.s3.put('src', 'large', 'x'.repeat(60));
  rig.s3.advance(5);
  let uploads = 0;
  rig.vaultStore.calls.afterCall = ({ operation, bucket, key = '' }) => {
    if (operation !== 'CreateMultipartUpload' || ++uploads > 1) return;
    rig.s3.put(bucket, key, 'other');
    rig.s3.delete(bucket, key);
  };
  expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'COMPLETED', stored: 1 });
  expect(uploads).toBe(2);
  expect(rig.s3.uploads.ids()).toEqual([]);
});

test('an upload into the vault that its lifecycle ended is begun anew', async () => {
  const rig = new Rig({ settings: { packThreshold: 4, copyPartSize: 5 }, deadline: new ManualDeadline(0) });
  rig.s3.createBucket('src');
  rig.s3.put('src', 'large', 'x'.repeat(60));
  rig.s3.advance(5);
  let parts = 0;
  rig.vaultStore.calls.afterCall = ({ operation, bucket, key = '' }) => {
    if (operation === 'UploadPartCopy' && ++parts === 2)
      for (const uploadId of rig.s3.uploads.ids()) rig.s3.uploads.close({ bucket, key, uploadId });
  };
  expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'COMPLETED', stored: 1 });
});

test('a copy over an object that was deleted meanwhile loses to the deletion', async () => {
  const rig = new Rig({ settings: { packThreshold: 4 } });
  rig.s3.createBucket('src');
  rig.s3.createBucket('dst');
  rig.s3.put('src', 'large', 'x'.repeat(60));
  rig.s3.put('dst', 'large', 'other');
  rig.s3.advance(5);
  await rig.backup({ bucket: 'src' });
  rig.s3.advance(5);
  before(rig, 'CopyObject', 1, () => rig.s3.delete('dst', 'large'));
  const request = { sourceBucket: 'src', destinationBucket: 'dst', onExisting: 'overwrite' };
  const { status, skipped, failed } = await rig.restore(request);
  expect({ status, skipped, failed }).toEqual({
    ...{ status: 'PARTIAL', failed: 0 },
    skipped: { 'precondition-failed': 1 },
  });
});
