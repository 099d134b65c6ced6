import { deliverReport } from '../../../../support/inventory-report';
import { type Rig, SCRATCH } from '../../../support/rig';
import type { Deliveries } from './deliveries';
import type { Dice } from './model-dice';

const DAY = 24 * 3600;

/** S3's inventory of a bucket: a report each day, which leaves out some of what is young. */
export class DailyReports {
  private next: number;

  constructor(
    private readonly rig: Rig,
    private readonly deliveries: Deliveries,
    private readonly dice: Dice,
  ) {
    this.next = rig.s3.now;
  }

  /** What a report leaves out, an event has told of: else nothing could know of it. */
  deliver(): void {
    const { rig, dice } = this;
    if (rig.s3.now < this.next) return;
    this.next = rig.s3.now + DAY;
    const told = new Set(
      this.deliveries.told.flatMap(({ created, captured }) =>
        created && captured !== undefined && created.lastModified > rig.s3.now - 2 * DAY ? [created.versionId] : [],
      ),
    );
    deliverReport(rig.s3, 'src', SCRATCH, {
      change: (records) => records.filter(({ VersionId = '' }) => !told.has(VersionId) || !dice.chance(0.05)),
    });
  }
}
