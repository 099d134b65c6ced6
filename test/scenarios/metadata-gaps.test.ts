import { toIso } from '../../lambda/core/instant';
import { LiveBucket } from '../support/live-bucket';
import { manifest } from './changed-rig';
import { Rig } from './rig';

const HOUR = 3600;

/** A bucket with continuous backup, of which a change of tags was missed while something was off. */
async function missed(off: (rig: Rig) => () => void) {
  const rig = new Rig();
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  const versionId = client.put('a', 'one');
  client.take();
  rig.s3.advance(100);
  const upkeeps = async (count: number): Promise<void> => {
    for (let hour = 0; hour < count; hour++) {
      rig.s3.advance(HOUR);
      await rig.upkeep({ bucket: 'src', deleteAfterDays: 35 });
    }
  };
  await upkeeps(3);
  const before = Math.floor(rig.s3.now) - HOUR;
  const on = off(rig);
  client.tag('a', versionId, { k: 'changed' });
  client.take();
  await upkeeps(1);
  on();
  await upkeeps(2);
  const after = Math.floor(rig.s3.now);
  await upkeeps(25);
  const at = async (instant: number, fields: Record<string, unknown> = {}) => {
    const request = { sourceBucket: 'src', destinationBucket: 'dst', pointInTime: toIso(instant), dryRun: true };
    const { exact, doubts } = await rig.restore({ ...request, createBucket: true, ...fields });
    return { exact, doubts };
  };
  return { rig, upkeeps, at, before, after };
}

test.each([
  [
    'a rule was disabled',
    (rig: Rig) => {
      const { state } = rig.captureControl;
      rig.captureControl.state = { ...state, disabledRules: ['the-rule'] };
      return () => (rig.captureControl.state = state);
    },
  ],
  [
    'events were switched off',
    (rig: Rig) => {
      rig.s3.bucket('src').notifications.eventBridge = false;
      return () => undefined;
    },
  ],
])('%s: tags that may have changed unseen are said to be in doubt, until all are read', async (_, off) => {
  const { rig, upkeeps, at, before, after } = await missed(off);
  expect(await at(before)).toEqual({ exact: true, doubts: {} });
  expect(await at(after)).toEqual({ exact: false, doubts: { 'metadata-missed': 1 } });
  expect(await at(after, { restoreTags: false, restoreAcls: false })).toEqual({ exact: true, doubts: {} });
  await rig.backup({ bucket: 'src', metadata: 'FULL', source: 'listing' });
  const read = Math.floor(rig.s3.now);
  await upkeeps(26);
  expect(manifest(rig, (await rig.ports.vault.newestSeq('src')) ?? 0).changesMissed).toBeUndefined();
  expect(await at(before)).toEqual({ exact: true, doubts: {} });
  expect(await at(after)).toEqual({ exact: false, doubts: { 'coverage-gap': 1 } });
  expect(await at(read + 1)).toEqual({ exact: true, doubts: {} });
});
