import type { Deadline } from '../../ports/runtime';

/** A deadline that moves only when told to, or by a fixed step each time somebody looks at it. */
export class ManualDeadline implements Deadline {
  constructor(
    public remaining = Number.POSITIVE_INFINITY,
    public spentPerLook = 0,
  ) {}

  remainingMillis(): number {
    const remaining = this.remaining;
    this.remaining -= this.spentPerLook;
    return remaining;
  }
}
