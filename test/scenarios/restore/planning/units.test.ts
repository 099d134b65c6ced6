import { ManualDeadline } from '../../../../lambda/adapters/memory';
import { turnKey, unitsKey } from '../../../../lambda/contract/layout';
import type { PlanPart, RestoreUnit } from '../../../../lambda/core/restore/job';
import { jobIdOf } from '../../../../lambda/core/values/job-id';
import { readUnits } from '../../../../lambda/usecases/work/turns';
import { currentOf } from '../../../support/bucket-state';
import { Rig, SCRATCH, Stopped } from '../../support/rig';

/** Units of a restore name their files by the results of planning: whoever works on them finds the files there. */
const KEYS = Array.from({ length: 12 }, (_, n) => `key ${String(n).padStart(2, '0')}`);
const toNew = { sourceBucket: 'src', destinationBucket: 'dst', createBucket: true };
const JOB = 'it';

async function changed({ rangeWeight = 2.5 }: { readonly rangeWeight?: number } = {}) {
  const rig = new Rig({ settings: { packThreshold: 16, rangeWeight }, deadline: new ManualDeadline() });
  rig.s3.createBucket('src');
  for (const key of KEYS) rig.s3.put('src', key, `${key} then`);
  rig.s3.advance(10);
  const { recoveryPointId } = await rig.backup({ bucket: 'src' });
  const then = currentOf(rig.s3, 'src');
  rig.s3.advance(10);
  for (const key of KEYS) rig.s3.put('src', key, `${key} now`);
  rig.s3.advance(10);
  await rig.backup({ bucket: 'src', versions: 'ALL' });
  rig.s3.advance(10);
  const now = currentOf(rig.s3, 'src');
  return { rig, then, now, rollback: { sourceBucket: 'src', rollback: true, recoveryPointId } };
}

const jobId = (rig: Rig): string => jobIdOf(rig.execution(JOB));
const units = (rig: Rig, id: string) => readUnits<RestoreUnit>(rig.ports.scratch, id, 'restore');
const partsOf = (unit: RestoreUnit): readonly PlanPart[] => ('parts' in unit ? unit.parts : []);

/** Does something when the job's step has written its list of units. */
function afterAssess(rig: Rig, run: (id: string) => Promise<void> | void): void {
  const id = jobId(rig);
  rig.scratchStore.calls.afterCall = async ({ operation, key }) => {
    if (operation === 'PutObject' && key === unitsKey(id, 'restore')) await run(id);
  };
}

test.each([Infinity, 0])('have files of several units and turns of planning (time left: %s)', async (remaining) => {
  const { rig, then, now, rollback } = await changed();
  rig.deadline.remaining = remaining;
  const { jobId: id, undo } = await rig.restore(rollback);
  expect(currentOf(rig.s3, 'src')).toEqual(then);
  const parts = (await units(rig, id)).map(partsOf);
  expect(parts.length).toBeGreaterThan(2);
  expect(parts.flat().some(({ from }) => from > 0) || remaining === 0).toBe(true);
  expect(parts.flat().some(({ turn }) => turn > 0)).toBe(remaining === 0);
  expect(parts.some((some) => some.length > 1)).toBe(true);
  expect(rig.s3.text(SCRATCH, unitsKey(id, 'restore'))).not.toContain('actions');

  // Work files expire before what an undo needs.
  for (const key of rig.s3.keys(SCRATCH, 'jobs/')) rig.s3.delete(SCRATCH, key);
  expect(undo).toBeDefined();
  rig.s3.advance(10);
  expect(await rig.restore({ sourceBucket: 'src', undo: id })).toMatchObject({ status: 'COMPLETED', restored: 12 });
  expect(currentOf(rig.s3, 'src')).toEqual(now);
});

test.each([2.5, 1_000])(
  'a worker that does not find the result of its planning says so (weight %s)',
  async (rangeWeight) => {
    const { rig } = await changed({ rangeWeight });
    const gone = turnKey(jobId(rig), 'plan', '0', 0);
    afterAssess(rig, () => {
      rig.s3.delete(SCRATCH, gone);
    });
    await expect(rig.restore(toNew, JOB)).rejects.toMatchObject({
      name: 'WorkFilesExpired',
      message: expect.stringContaining(`s3://${SCRATCH}/${gone} is gone`) as string,
    });
    expect(await rig.catalog.getJob('src', jobId(rig))).toMatchObject({
      state: 'FAILED',
      statusMessage: expect.stringContaining('start the restore again') as string,
    });
  },
);

test('a result that has fewer files than a unit names is not taken for all of them', async () => {
  const { rig } = await changed();
  afterAssess(rig, (id) => {
    const key = turnKey(id, 'plan', '0', 0);
    const turn = JSON.parse(rig.s3.text(SCRATCH, key) ?? '') as { result: { files: unknown[] } };
    rig.s3.put(SCRATCH, key, JSON.stringify({ ...turn, result: { ...turn.result, files: [] } }));
  });
  await expect(rig.restore(toNew, JOB)).rejects.toThrow(/turn-000000\.json has 0 files, not/);
});

/** Makes of a job's list and index what an earlier release wrote. */
async function asEarlier(rig: Rig, id: string): Promise<void> {
  const earlier: { id: string; files: string[] }[] = [];
  for (const unit of await units(rig, id)) {
    const files = partsOf(unit).flatMap(({ unit, turn, from, to }) => {
      const text = rig.s3.text(SCRATCH, turnKey(id, 'plan', unit, turn)) ?? '';
      const { result } = JSON.parse(text) as { result: { files: { key: string }[] } };
      return result.files.slice(from, to).map(({ key }) => key);
    });
    earlier.push({ id: unit.id, files });
  }
  rig.s3.put(SCRATCH, unitsKey(id, 'restore'), earlier.map((unit) => `${JSON.stringify(unit)}\n`).join(''));
  const index = `reports/src/${id}/undo/index.json`;
  const text = rig.s3.text(SCRATCH, index);
  if (text !== undefined)
    rig.s3.put(SCRATCH, index, JSON.stringify({ ...(JSON.parse(text) as object), units: earlier }));
}

test.each([Infinity, 0])(
  'a job that an earlier release assessed goes on, and can be undone (%s)',
  async (remaining) => {
    const { rig, then, now, rollback } = await changed();
    rig.deadline.remaining = remaining;
    afterAssess(rig, (id) => asEarlier(rig, id));
    const { jobId: id } = await rig.restore(rollback, JOB);
    expect(currentOf(rig.s3, 'src')).toEqual(then);
    expect((await units(rig, id)).every((unit) => 'files' in unit)).toBe(true);
    expect(rig.s3.keys(SCRATCH, `reports/src/${id}/undo/files-`)).toEqual([]);
    rig.s3.advance(10);
    const undone = await rig.restore({ sourceBucket: 'src', undo: id });
    expect(undone).toMatchObject({ status: 'COMPLETED', restored: 12 });
    expect(currentOf(rig.s3, 'src')).toEqual(now);
    rig.s3.advance(10);
    await rig.restore({ sourceBucket: 'src', undo: undone.jobId });
    expect(currentOf(rig.s3, 'src')).toEqual(then);
  },
);

test.each([2.5, 1_000])(
  'an assessment that an earlier release began is ended by this one (weight %s)',
  async (rangeWeight) => {
    const { rig, then, now, rollback } = await changed({ rangeWeight });
    rig.retries = 1;
    let lost = false;
    afterAssess(rig, async (id) => {
      if (lost) return;
      lost = true;
      await asEarlier(rig, id);
      throw new Error('the Lambda service lost the answer');
    });
    const { jobId: id } = await rig.restore(rollback, JOB);
    expect(lost).toBe(true);
    expect(currentOf(rig.s3, 'src')).toEqual(then);
    rig.s3.advance(10);
    expect(await rig.restore({ sourceBucket: 'src', undo: id })).toMatchObject({ status: 'COMPLETED', restored: 12 });
    expect(currentOf(rig.s3, 'src')).toEqual(now);
  },
);

test('an undo says nothing of units that had not begun when the job was stopped', async () => {
  const { rig, now, rollback } = await changed();
  const id = jobId(rig);
  rig.scratchStore.calls.beforeCall = ({ operation, key }) => {
    if (operation === 'PutObject' && key === `reports/src/${id}/undo/files-1.json`) throw new Stopped();
  };
  await expect(rig.restore(rollback, JOB)).rejects.toBeInstanceOf(Stopped);
  rig.scratchStore.calls.beforeCall = undefined;
  const files = JSON.parse(rig.s3.text(SCRATCH, `reports/src/${id}/undo/files-0.json`) ?? '[]') as string[];
  const begun = files.flatMap((file) => (rig.s3.text(SCRATCH, file) ?? '').trim().split('\n')).length;
  expect(begun).toBeGreaterThan(0);
  expect(begun).toBeLessThan(KEYS.length);
  rig.s3.advance(3_600);
  // Somebody's write under a key that the rollback had not come to is none of its business.
  rig.s3.put('src', KEYS.at(-1) ?? '', 'later');
  rig.s3.advance(10);
  const undone = await rig.restore({ sourceBucket: 'src', undo: id });
  expect(undone).toMatchObject({ status: 'COMPLETED', restored: begun, skipped: {} });
  const [last = ''] = KEYS.slice(-1);
  const after = currentOf(rig.s3, 'src');
  for (const key of KEYS) if (key !== last) expect(after.get(key)).toEqual(now.get(key));
});
