/** Folders of the steps of a backup job in the scratch bucket. */
export const SCAN_STEP = 'scan';
export const RANGE_STEP = 'ranges';
/** Of a restore job. */
export const PLAN_STEP = 'plan';
export const MARKERS_STEP = 'markers';

export const RESTORE_STEP = 'restore';
