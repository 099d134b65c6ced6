import { historyOf } from '../../support/bucket-state';
import { deliverReport } from '../../support/inventory-report';
import { Rig, SCRATCH } from '../support/rig';

/**
 * Prepare has written its plan, its answer gets lost, and until it is called again the bucket changes and a report is complete: the
 * backup is that of the first plan.
 */
test.each([
  ['a listing', 'none', 3, 'auto'],
  ['a report of two files', 2, 4, 'inventory'],
  ['a report of one file', 1, 4, 'inventory'],
  ['a report of four files', 4, 1, 'inventory'],
  ['a report of four files', 4, 2, 'inventory'],
] as const)('%s stays what is backed up (%s, then %i, %s)', async (_, first, second, source) => {
  const rig = new Rig({ settings: { inventoryUnitBytes: 1 } });
  rig.s3.createBucket('src');
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) rig.s3.put('src', key, `body of ${key}`);
  rig.s3.advance(10);
  if (first !== 'none') deliverReport(rig.s3, 'src', SCRATCH, { files: first });
  const then = historyOf(rig.s3, 'src');
  rig.retries = 1;
  let lost = false;
  rig.scratchStore.calls.afterCall = ({ operation, key }) => {
    if (lost || operation !== 'PutObject' || !key?.includes('/scan/units')) return;
    lost = true;
    rig.s3.advance(60);
    rig.s3.put('src', 'g', 'later');
    deliverReport(rig.s3, 'src', SCRATCH, { files: second });
    throw new Error('the Lambda service lost the answer');
  };
  expect(await rig.backup({ bucket: 'src', source })).toMatchObject({ status: 'COMPLETED', objects: 6, stored: 6 });
  expect(lost).toBe(true);
  await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, versions: 'all' });
  expect(historyOf(rig.s3, 'dst')).toEqual(then);
});
