import { ManualDeadline } from '../../../../lambda/adapters/memory';
import { historyOf } from '../../../support/bucket-state';
import { deliverReport } from '../../../support/inventory-report';
import { restored } from '../../support/changed-rig';
import { Rig, SCRATCH } from '../../support/rig';

const TURN = 500;
const REQUEST = 10;
const KEYS = 120;

test('many keys whose order S3 has to be asked for take turns that end in time, and are asked for about once', async () => {
  const deadline = new ManualDeadline();
  const rig = new Rig({ deadline, settings: { concurrency: 1 } });
  rig.s3.createBucket('src');
  for (let i = 0; i < KEYS; i++) for (const body of ['old', 'new']) rig.s3.put('src', `key ${String(i)}`, body);
  rig.s3.advance(10);
  deliverReport(rig.s3, 'src', SCRATCH);
  // A turn begins with a look for its result.
  rig.scratchStore.calls.beforeCall = ({ operation, key }) => {
    if (operation === 'GetObject' && /\/ranges\/.*\/turn-/.test(key ?? '')) deadline.remaining = TURN;
  };
  let latest = 0;
  rig.source.calls.beforeCall = () => {
    deadline.remaining -= REQUEST;
    latest = Math.max(latest, -deadline.remaining);
  };
  const output = await rig.backup({ bucket: 'src', source: 'inventory' });
  expect(output).toMatchObject({ status: 'COMPLETED', objects: KEYS, versions: 2 * KEYS });
  expect(latest).toBeLessThanOrEqual(3 * REQUEST);
  expect(output.requests['ListObjectVersions']).toBeLessThan(1.5 * KEYS);
  expect(rig.turns['ranges']).toBeLessThan((3 * KEYS * REQUEST * 1.5) / TURN);
  rig.source.calls.beforeCall = undefined;
  rig.scratchStore.calls.beforeCall = undefined;
  deadline.remaining = Number.POSITIVE_INFINITY;
  expect(await restored(rig)).toEqual(historyOf(rig.s3, 'src'));
});
