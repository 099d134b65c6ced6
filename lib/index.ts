export { BackupPlan, type BackupPlanProps } from './backup-plan';
export {
  BackupMetadata,
  BackupPlanRule,
  type BackupPlanRuleOptions,
  type BackupPlanRuleProps,
  BackupSource,
  BackupVersions,
  type ContinuousBackupOptions,
} from './backup-plan-rule';
export { BackupResource, type BackupTag } from './backup-resource';
export { BackupSelection, type BackupSelectionOptions, type BackupSelectionProps } from './backup-selection';
export { BackupVault, type BackupVaultProps } from './backup-vault';
export { MonitoredVault } from './monitoring';
export { S3BackupPolicy, type S3PolicyProps, S3RestorePolicy } from './policies';
export type { IWorkflow } from './workflows/workflow';
