import { engineStartLimitMs } from '../local/support';
import { busyBucket } from './busy-bucket';
import { choices } from './choices';
import { continuousBackup } from './continuous';
import { continuousModel } from './continuous-model';
import { incremental } from './incremental';
import { inventoryAfter, inventoryBefore } from './inventory';
import { markerRemoval } from './marker-removal';
import { permissions } from './permissions';
import { records } from './records';
import { refusedBackups } from './refused-backups';
import { refusedRestores } from './refused-restores';
import { roundTrip } from './round-trip';
import { smallUnits } from './small-units';
import { tagChanges } from './tag-changes';
import { E2eWorld } from './world';

/** One engine and one deployment for all end-to-end tests: starting them takes longer than most of the tests. */
const deployLimitMs = 10 * 60_000;

let started: E2eWorld | undefined;
const world = (): E2eWorld => {
  if (!started) throw new Error('nothing is deployed');
  return started;
};

beforeAll(async () => {
  started = await E2eWorld.start();
}, engineStartLimitMs + deployLimitMs);

afterAll(() => started?.stop());

inventoryBefore(world);
roundTrip(world);
incremental(world);
smallUnits(world);
tagChanges(world);
choices(world);
markerRemoval(world);
refusedBackups(world);
refusedRestores(world);
busyBucket(world);
records(world);
inventoryAfter(world);
continuousBackup(world);
continuousModel(world);
permissions(world);
