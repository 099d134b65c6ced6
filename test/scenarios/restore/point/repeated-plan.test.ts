import { workKey } from '../../../../lambda/contract/layout';
import { jobIdOf } from '../../../../lambda/core/values/job-id';
import { PLAN_STEP } from '../../../../lambda/usecases/work/step-names';
import { Rig } from '../../support/rig';

/**
 * The first step of a restore has written one of its files, its answer gets lost, and until it is called again the items file is another
 * one and there is a newer recovery point: the restore is all of it that of the first attempt.
 */
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
const request = { sourceBucket: 'src', destinationBucket: 'dst', itemsFile: 's3://lists/items' };

/** Does something else right after the job has written a file; the step fails then, and is repeated. */
async function interrupted(file: string, meanwhile: (rig: Rig) => unknown) {
  const rig = new Rig({ settings: { rangeWeight: 2 } });
  for (const bucket of ['src', 'dst', 'lists']) rig.s3.createBucket(bucket);
  for (const key of KEYS) rig.s3.put('src', key, key);
  rig.s3.put('lists', 'items', '{"prefix":""}');
  rig.s3.advance(5);
  const { recoveryPointId, asOf } = await rig.backup({ bucket: 'src' });
  rig.s3.advance(5);
  rig.retries = 1;
  let lost = false;
  rig.scratchStore.calls.afterCall = async ({ operation, key }) => {
    if (lost || operation !== 'PutObject' || key !== workKey(jobIdOf(rig.execution('it')), PLAN_STEP, 'all', file))
      return;
    lost = true;
    await meanwhile(rig);
    throw new Error('the Lambda service lost the answer');
  };
  const output = await rig.restore(request, 'it');
  expect(lost).toBe(true);
  return { rig, recoveryPointId, asOf, output };
}

test.each(['q', '{"key":"b"}', '"a"\n"j"'])('an items file that became %j', async (list) => {
  const { rig, output } = await interrupted('selection.json', (r) => r.s3.put('lists', 'items', list));
  expect(output).toMatchObject({ status: 'COMPLETED', restored: KEYS.length, skipped: {} });
  expect(rig.s3.keys('dst', '')).toEqual(KEYS);
});

test('a newer recovery point', async () => {
  const { rig, recoveryPointId, asOf, output } = await interrupted('history.json', async (r) => {
    r.s3.put('src', 'k', 'later');
    r.s3.advance(5);
    await r.backup({ bucket: 'src' });
  });
  expect(output).toMatchObject({ status: 'COMPLETED', restored: KEYS.length, recoveryPointId, asOf });
  expect((await rig.catalog.getJob('src', output.jobId))?.recoveryPointId).toBe(recoveryPointId);
});
