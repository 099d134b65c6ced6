import type { BackupPlan } from '../backup-plan';

/** What makes a continuous backup impossible beside the other plans of the app, as far as it can be seen when it is synthesized. */
export function continuousProblems(plan: BackupPlan, plans: readonly BackupPlan[]): string[] {
  if (!plan._isContinuous) {
    return [];
  }
  const problems: string[] = [];
  const buckets = plan._bucketNames();
  for (const other of plans) {
    if (other === plan) {
      continue;
    }
    const theirs = other._bucketNames();
    const shared = [...buckets].filter(([id]) => theirs.has(id)).map(([, name]) => name);
    const sameVault = other.backupVault === plan.backupVault;
    if (other._isContinuous) {
      for (const name of shared) {
        problems.push(
          `bucket ${name} must be continuous in one backup plan at most, got ${plan.node.path} and ${other.node.path}; take it out of one of them`,
        );
      }
      if (sameVault && plan._findsBuckets && other._findsBuckets) {
        problems.push(
          `one continuous plan of a vault at most may select by tag, or buckets that only another stack can name, got ${plan.node.path} and ${other.node.path}; put the selections into one plan, or use two vaults`,
        );
      }
    } else if (!sameVault) {
      for (const name of shared) {
        problems.push(
          `bucket ${name} is backed up continuously by ${plan.node.path} and must have all its backups in that vault, got ${other.node.path} with another vault; use one vault for both`,
        );
      }
    }
  }
  return problems;
}
