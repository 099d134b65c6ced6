import { ManualDeadline } from '../../../lambda/adapters/memory';
import { StoreError } from '../../../lambda/ports/object-store';
import { currentOf } from '../../support/bucket-state';
import { Rig, RigOptions, SCRATCH } from '../support/rig';

const LARGE = 'more than four parts of four bytes each';
const state = (rig: Rig) => currentOf(rig.s3, 'src');
const idOf = (rig: Rig, key: string): string => rig.s3.find('src', key).versionId;
const undo = (rig: Rig, jobId: string) => rig.restore({ sourceBucket: 'src', undo: jobId });
const stores = (rig: Rig) => [...rig.stores, rig.markers];

/** Keys that nothing but delete markers of later hides. */
const HIDDEN = ['one', 'three', 'large', 'null', 'ä/ö 𝄞?#%2F+'];

/** A bucket in which much was deleted since its backup. */
async function deleted(options: RigOptions = {}) {
  const settings = { packThreshold: 16, copyPartSize: 4, rangeWeight: 3, markerRemoval: true, ...options.settings };
  const rig = new Rig({ deadline: new ManualDeadline(), ...options, settings });
  rig.s3.createBucket('src', { ownership: 'ObjectWriter' });
  const put = (key: string, body = `${key} then`) => rig.s3.put('src', key, body, { tags: { of: 'then' } });
  rig.s3.setVersioning('src', 'Suspended');
  put('null');
  rig.s3.setVersioning('src', 'Enabled');
  put('one', 'older');
  for (const key of ['one', 'three', 'ä/ö 𝄞?#%2F+', 'same', 'tags', 'written over', 'gone', 'null marker']) put(key);
  put('large', LARGE);
  const ids = new Map(HIDDEN.map((key) => [key, idOf(rig, key)]));
  rig.s3.advance(10);
  const { recoveryPointId } = await rig.backup({ bucket: 'src' });
  const then = state(rig);
  rig.s3.advance(10);
  rig.s3.setTags('src', 'tags', { of: 'now' });
  put('written over', 'now');
  const gone = idOf(rig, 'gone');
  for (const key of [...HIDDEN, 'three', 'three', 'tags', 'written over', 'gone']) rig.s3.delete('src', key);
  rig.s3.deleteVersion('src', 'gone', gone);
  rig.s3.setVersioning('src', 'Suspended');
  rig.s3.delete('src', 'null marker');
  rig.s3.setVersioning('src', 'Enabled');
  put('new');
  rig.s3.advance(10);
  await rig.backup({ bucket: 'src', metadata: 'FULL' });
  rig.s3.advance(10);
  const request = { sourceBucket: 'src', rollback: true, recoveryPointId, removeMarkers: true };
  return { rig, ids, then, now: state(rig), request };
}

/** Runs `act` at the first listing of the step that removes markers, or at all: the plan is made, and nothing has been looked at since. */
function beforeTheCheck(rig: Rig, act: () => void, once = true): void {
  const isPlanned = (): boolean => rig.s3.keys(SCRATCH, 'reports/').some((key) => key.endsWith('undo/index.json'));
  let acted = false;
  rig.destination.calls.beforeCall = ({ operation }) => {
    if ((acted && once) || operation !== 'ListObjectVersions' || !isPlanned()) return;
    acted = true;
    act();
  };
}

test.each([Infinity, 0])(
  'the very versions are current again, and the undo hides them again (%s)',
  async (remaining) => {
    const { rig, ids, then, now, request } = await deleted();
    rig.deadline.remaining = remaining;
    const output = await rig.restore(request);
    expect(output).toMatchObject({
      status: 'COMPLETED',
      restored: 9,
      uncovered: 5,
      keptMarkers: {},
      deleted: 1,
      planned: { objects: 9, uncovered: 5 },
      // Seven markers, and one that hides the new object.
      requests: { DeleteObject: 8 },
    });
    expect(state(rig)).toEqual(then);
    for (const [key, id] of ids) expect([key, idOf(rig, key)]).toEqual([key, id]);
    const removed = rig.reportLines().filter(({ outcome }) => outcome === 'marker-removed');
    expect(removed.map(({ key }) => key).sort()).toEqual([
      'large',
      'null',
      'one',
      'three',
      'three',
      'three',
      HIDDEN[4],
    ]);
    rig.s3.advance(10);
    const undone = await undo(rig, output.jobId);
    expect(undone).toMatchObject({ status: 'COMPLETED', failed: 0 });
    expect(undone.uncovered).toBeUndefined();
    expect(state(rig)).toEqual(now);
    rig.s3.advance(10);
    expect(await undo(rig, undone.jobId)).toMatchObject({ status: 'COMPLETED' });
    expect(state(rig)).toEqual(then);
  },
);

test('recovery points of before and after show what was then', async () => {
  const { rig, then, now, request } = await deleted();
  const [latest] = (await rig.catalog.listRecoveryPoints({ bucket: 'src', limit: 1 })).items;
  await rig.restore(request);
  rig.s3.advance(10);
  const { recoveryPointId } = await rig.backup({ bucket: 'src' });
  const shown = async (id: string, destinationBucket: string) => {
    await rig.restore({ sourceBucket: 'src', recoveryPointId: id, destinationBucket, createBucket: true });
    return currentOf(rig.s3, destinationBucket);
  };
  expect(await shown(latest?.recoveryPointId ?? '', 'deleted')).toEqual(now);
  expect(await shown(recoveryPointId, 'again')).toEqual(then);
  // The way back to a time when it was deleted.
  await rig.restore({ ...request, recoveryPointId: latest?.recoveryPointId });
  expect(state(rig)).toEqual(now);
});

test('nothing is removed unless the request says so', async () => {
  const { rig, ids, then, request } = await deleted();
  const output = await rig.restore({ ...request, removeMarkers: false });
  expect(output).toMatchObject({ status: 'COMPLETED', restored: 9 });
  expect(output.uncovered).toBeUndefined();
  expect(state(rig)).toEqual(then);
  expect(rig.markers.counts()).toEqual({});
  for (const [key, id] of ids) if (key !== 'null') expect(idOf(rig, key)).not.toBe(id);
});

test('a dry run counts it: a request that is free, and no bytes', async () => {
  const { rig, now, request } = await deleted();
  const items = ['three', 'large'];
  const output = await rig.restore({ ...request, items, dryRun: true });
  expect(output.planned).toMatchObject({ objects: 2, uncovered: 2, bytes: 0 });
  expect(output.planned.requests).toEqual({ DeleteObject: 4, HeadObject: 2 });
  expect(output.planned.estimatedCost).toBeLessThan(0.000002);
  expect(output.uncovered).toBeUndefined();
  expect(state(rig)).toEqual(now);
  expect(rig.markers.counts()).toEqual({});
});

test('keys that lie together are looked at by one listing, in small pages by one each', async () => {
  const listings = async (pageSize?: number): Promise<number> => {
    const { rig, then, request } = await deleted({ pageSize, settings: { rangeWeight: 1000 } });
    const { requests } = await rig.restore({ ...request, dryRun: true });
    const before = requests['ListObjectVersions'] ?? 0;
    const output = await rig.restore(request);
    expect(output).toMatchObject({ uncovered: 5, keptMarkers: {} });
    expect(state(rig)).toEqual(then);
    return (output.requests['ListObjectVersions'] ?? 0) - before;
  };
  expect(await listings()).toBe(1);
  expect(await listings(2)).toBeGreaterThan(5);
});

test.each(['access-denied', 'invalid'] as const)('where S3 refuses (%s) a copy comes on top', async (code) => {
  for (const refuse of ['list', 'remove']) {
    const { rig, then, request } = await deleted();
    const refused = () => {
      throw new StoreError(code, 'refused');
    };
    if (refuse === 'list') beforeTheCheck(rig, refused, false);
    else rig.markers.calls.beforeCall = refused;
    const output = await rig.restore({ ...request, items: ['one', 'three'] });
    expect(output).toMatchObject({ status: 'COMPLETED', restored: 2, failed: 0 });
    const { uncovered, keptMarkers } = output;
    expect([refuse, uncovered, keptMarkers]).toEqual([refuse, 0, { [code]: 2 }]);
    expect(state(rig).get('three')).toEqual(then.get('three'));
    const kept = rig.reportLines().filter(({ outcome }) => outcome === 'marker-kept');
    expect(kept.map(({ key, reason }) => [key, reason])).toEqual([
      ['one', code],
      ['three', code],
    ]);
  }
});

describe('somebody else was there before the check', () => {
  test.each([
    ['an object on top', 'overwritten', (rig: Rig) => void rig.s3.put('src', 'one', 'LIVE')],
    ['one more delete marker', 'other-marker', (rig: Rig) => rig.s3.delete('src', 'one')],
  ])('%s: no marker is removed', async (_, reason, act) => {
    const { rig, then, request } = await deleted();
    const before = rig.s3.versions('src', 'one').length;
    beforeTheCheck(rig, () => act(rig));
    const output = await rig.restore({ ...request, items: ['one'] });
    expect(output.keptMarkers).toEqual({ [reason]: 1 });
    expect(rig.markers.counts()).toEqual({});
    expect(rig.s3.versions('src', 'one').length).toBeGreaterThan(before);
    if (reason === 'overwritten') {
      expect(output).toMatchObject({ status: 'PARTIAL', skipped: { 'precondition-failed': 1 } });
      expect(state(rig).get('one')).toMatchObject({ body: 'LIVE' });
    } else expect(state(rig).get('one')).toEqual(then.get('one'));
  });

  test('the version is gone: it comes from the vault, and the marker stays under it', async () => {
    const { rig, ids, then, request } = await deleted();
    beforeTheCheck(rig, () => rig.s3.deleteVersion('src', 'one', ids.get('one') ?? ''));
    const output = await rig.restore({ ...request, items: ['one'] });
    expect(output).toMatchObject({ status: 'COMPLETED', keptMarkers: { 'version-gone': 1 }, uncovered: 0 });
    expect(state(rig).get('one')).toEqual(then.get('one'));
    expect(rig.markers.counts()).toEqual({});
  });

  test('the marker: the version is current, and nothing is left to do', async () => {
    const { rig, ids, request } = await deleted();
    beforeTheCheck(rig, () => rig.s3.undelete('src', 'one'));
    const output = await rig.restore({ ...request, items: ['one'] });
    expect(output).toMatchObject({ status: 'COMPLETED', uncovered: 1, keptMarkers: {} });
    expect(rig.markers.counts()).toEqual({});
    expect(idOf(rig, 'one')).toBe(ids.get('one'));
  });
});

/** S3 has no condition for the removal of a version: whatever comes in between, it takes away that marker and no data. */
describe('somebody else comes between the check and the removal', () => {
  const race = async (act: (rig: Rig, id: string) => unknown) => {
    const found = await deleted();
    const { rig, ids, request } = found;
    rig.markers.calls.beforeCall = () => {
      act(rig, ids.get('one') ?? '');
    };
    const bodies = rig.s3.versions('src', 'one').filter(({ isMarker }) => !isMarker).length;
    const output = await rig.restore({ ...request, items: ['one'] });
    rig.markers.calls.beforeCall = undefined;
    return { ...found, output, bodies };
  };

  test('with an object: it stays current', async () => {
    const { rig, output, bodies } = await race((r) => r.s3.put('src', 'one', 'LIVE'));
    expect(output).toMatchObject({ status: 'PARTIAL', skipped: { 'precondition-failed': 1 }, uncovered: 0 });
    expect(state(rig).get('one')).toMatchObject({ body: 'LIVE' });
    expect(rig.s3.versions('src', 'one').filter(({ isMarker }) => !isMarker)).toHaveLength(bodies + 1);
  });

  test('with a delete marker: a copy comes on top, as without removal', async () => {
    const { rig, output, then } = await race((r) => r.s3.delete('src', 'one'));
    expect(output).toMatchObject({ status: 'COMPLETED', restored: 1, uncovered: 0 });
    expect(state(rig).get('one')).toEqual(then.get('one'));
  });

  test('and deletes the version for good: the older one that shows is told of', async () => {
    const { rig, output } = await race((r, id) => r.s3.deleteVersion('src', 'one', id));
    expect(output).toMatchObject({ status: 'PARTIAL', skipped: { 'precondition-failed': 1 }, uncovered: 0 });
    expect(state(rig).get('one')).toMatchObject({ body: 'older' });
  });
});

test('two workers that remove the same markers at once', async () => {
  const { rig, then, now, request } = await deleted();
  rig.doubled = 'markers';
  const output = await rig.restore(request);
  expect(output).toMatchObject({ status: 'COMPLETED', uncovered: 5, keptMarkers: {} });
  expect(state(rig)).toEqual(then);
  await undo(rig, output.jobId);
  expect(state(rig)).toEqual(now);
});

/** One unit a step has all kinds of calls, and none of them very often. */
const oneUnit = () => deleted({ settings: { rangeWeight: 1000 } });

/** Calls of the whole job, so that the tests below hit each of them. */
async function callsOf(): Promise<number> {
  const { rig, request } = await oneUnit();
  let calls = 0;
  for (const { calls: hooks } of stores(rig))
    hooks.beforeCall = () => {
      calls++;
    };
  await rig.restore(request);
  return calls;
}

test.each(['beforeCall', 'afterCall'] as const)(
  'an attempt that dies at any call (%s) is made good by the next',
  async (when) => {
    const calls = await callsOf();
    for (let dies = 1; dies <= calls; dies++) {
      const { rig, ids, then, now, request } = await oneUnit();
      rig.retries = 1;
      let count = 0;
      for (const { calls: hooks } of stores(rig))
        hooks[when] = () => {
          if (++count === dies) throw new StoreError('unavailable', 'the worker dies');
        };
      const output = await rig.restore(request);
      expect({ dies, ...output }).toMatchObject({ dies, status: 'COMPLETED', uncovered: 5, keptMarkers: {} });
      expect({ dies, state: state(rig) }).toEqual({ dies, state: then });
      for (const [key, id] of ids) expect([dies, key, idOf(rig, key)]).toEqual([dies, key, id]);
      rig.s3.advance(5);
      await undo(rig, output.jobId);
      expect({ dies, state: state(rig) }).toEqual({ dies, state: now });
    }
  },
);

test('a job that dies for good at any call can be undone, as far as it came', async () => {
  const calls = await callsOf();
  for (let dies = 1; dies <= calls; dies++) {
    const { rig, now, request } = await oneUnit();
    let count = 0;
    for (const { calls: hooks } of stores(rig))
      hooks.beforeCall = () => {
        if (++count >= dies) throw new Error('the job dies');
      };
    await expect(rig.restore(request)).rejects.toThrow();
    for (const { calls: hooks } of stores(rig)) hooks.beforeCall = undefined;
    const [index] = rig.s3.keys(SCRATCH, 'reports/').filter((key) => key.endsWith('undo/index.json'));
    rig.s3.advance(1000);
    if (index !== undefined)
      expect(await undo(rig, index.split('/')[2] ?? '')).toMatchObject({ status: 'COMPLETED', failed: 0 });
    expect({ dies, state: state(rig) }).toEqual({ dies, state: now });
  }
});

test.each([
  [{ removeMarkers: true }, /removeMarkers: requires "rollback": true/],
  [{ removeMarkers: true, undo: 'job' }, /undo: cannot be combined with "removeMarkers"/],
  [{ removeMarkers: 'yes', rollback: true }, /removeMarkers/],
])('%j is refused', async (fields, message) => {
  const { rig } = await deleted();
  await expect(rig.restore({ sourceBucket: 'src', ...fields })).rejects.toMatchObject({
    name: 'InvalidRequest',
    message: expect.stringMatching(message) as string,
  });
});

test('a vault that may not remove markers says so', async () => {
  const { rig, now, request } = await deleted({ settings: { markerRemoval: false } });
  await expect(rig.restore(request)).rejects.toMatchObject({
    name: 'InvalidRequest',
    message: expect.stringMatching(
      /removeMarkers: this vault may not remove delete markers: .*allowMarkerRemoval/,
    ) as string,
  });
  expect(state(rig)).toEqual(now);
});
