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
            `${what} has continuous backup by ${plan.node.path}, so all its plans must use the same vault, got ${other.node.path} with another vault; use one vault for both`,
        );
  }
  return [
    ...shared.map(
      (what) =>
        `${what} may have continuous backup by one plan, got ${plan.node.path} and ${other.node.path}; remove it from one of them`,
    ),
    ...(sameVault && plan._findsBuckets && other._findsBuckets
      ? [
          `only one continuous plan of a vault may select by tag or buckets that only another stack can name, got ${plan.node.path} and ${other.node.path}; move the selections into one plan, or use two vaults`,
        ]
      : []),
  ];
}
