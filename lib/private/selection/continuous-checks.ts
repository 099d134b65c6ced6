import type { BackupPlan } from '../../backup-plan';

/** What makes a continuous backup impossible beside the other plans of the app, as far as it can be seen when it is synthesized. */
export function continuousProblems(plan: BackupPlan, plans: readonly BackupPlan[]): string[] {
  return plan._isContinuous
    ? plans.filter((other) => other !== plan).flatMap((other) => contradictions(plan, other))
    : [];
}

function contradictions(plan: BackupPlan, other: BackupPlan): string[] {
  const theirs = other._selected();
  const shared = [...plan._selected()].filter(([id]) => theirs.has(id)).map(([, what]) => what);
  const sameVault = other.backupVault === plan.backupVault;
  if (!other._isContinuous) {
    return sameVault
      ? []
      : shared.map(
          (what) =>
            `${what} is backed up continuously by ${plan.node.path} and must have all its backups in that vault, got ${other.node.path} with another vault; use one vault for both`,
        );
  }
  return [
    ...shared.map(
      (what) =>
        `${what} must be continuous in one backup plan at most, got ${plan.node.path} and ${other.node.path}; take it out of one of them`,
    ),
    ...(sameVault && plan._findsBuckets && other._findsBuckets
      ? [
          `one continuous plan of a vault at most may select by tag, or buckets that only another stack can name, got ${plan.node.path} and ${other.node.path}; put the selections into one plan, or use two vaults`,
        ]
      : []),
  ];
}
