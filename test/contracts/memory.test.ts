import { MemoryBucketClaims, MemoryCatalog, MemoryChangeLog } from '../../lambda/adapters/memory';
import { memoryCapture } from '../support/memory-capture';
import { memoryWorld } from '../support/memory-world';
import { bucketAdminContract } from './bucket-admin.contract';
import { bucketSettingsContract } from './bucket-settings.contract';
import { bucketClaimsContract } from './bucket-claims.contract';
import { captureControlContract } from './capture-control.contract';
import { catalogContract } from './catalog.contract';
import { changeLogContract } from './change-log.contract';
import { copyingContract } from './copying.contract';
import { listingContract } from './listing.contract';
import { readingContract } from './reading.contract';
import { writingContract } from './writing.contract';

describe('in memory', () => {
  const world = memoryWorld();
  listingContract(() => world);
  readingContract(() => world);
  writingContract(() => world);
  copyingContract(() => world);
  bucketAdminContract(() => world);
  bucketSettingsContract(() => world);
  const claims = new MemoryBucketClaims();
  bucketClaimsContract(() => claims);
  captureControlContract(() => Promise.resolve(memoryCapture()));
  catalogContract(() => Promise.resolve(new MemoryCatalog()));
  changeLogContract(world.now(), (clock) => Promise.resolve(new MemoryChangeLog(clock)));
});
