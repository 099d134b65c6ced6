/** A part of a workflow: the states whose names begin so, and what they do in the words of a progress display. */
export interface Phase {
  readonly states: string;
  readonly text: string;
}

export const BACKUP_PHASES: readonly Phase[] = [
  { states: 'Prepare', text: 'checking the bucket' },
  { states: 'Wait', text: 'waiting for another job, or five minutes for the first events of S3' },
  { states: 'Scan', text: 'listing versions' },
  { states: 'Partition', text: 'dividing the work into ranges' },
  { states: 'BackUpRanges', text: 'storing new versions' },
  { states: 'Commit', text: 'committing the recovery point' },
];

/** What a dry run goes through. */
export const PLAN_PHASES: readonly Phase[] = [
  { states: 'Plan', text: 'finding the recovery point' },
  { states: 'PlanRanges', text: 'comparing with the destination' },
  { states: 'Assess', text: 'adding up the plan' },
  { states: 'Finish', text: 'writing the report' },
];

export const RESTORE_PHASES: readonly Phase[] = [
  ...PLAN_PHASES.slice(0, -1),
  { states: 'RemoveMarkers', text: 'removing delete markers' },
  { states: 'RestoreRanges', text: 'writing and verifying objects' },
  ...PLAN_PHASES.slice(-1),
];

/** Index of the phase that a state belongs to; -1 for states that no phase names. */
export function phaseOf(phases: readonly Phase[], state: string): number {
  const [name] = /^\w+/.exec(state) ?? [''];
  return phases.findIndex(({ states }) => states === name);
}
