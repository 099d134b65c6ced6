import { ManualDeadline } from '../../lambda/adapters/memory';
import { Rig } from '../scenarios/support/rig';
import { pick, type Random } from './dice';

/** A vault with limits that small objects and short listings reach. */
export const randomRig = (random: Random): Rig =>
  new Rig({
    pageSize: pick(random, [1, 2, 3, 1000]),
    settings: {
      packThreshold: pick(random, [0, 12, 1024]),
      copyPartSize: pick(random, [2, 4, 1024]),
      rangeWeight: pick(random, [1, 3, 50_000]),
      pageSegments: pick(random, [1, 2, 5, 2_048]),
      concurrency: pick(random, [1, 3, 16]),
    },
    deadline: new ManualDeadline(),
  });
