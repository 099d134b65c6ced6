import type { RestoreSkip } from '../../lambda/core/restore/actions';
import type { Counts } from '../../lambda/core/values/counts';
import { total } from '../../lambda/core/values/counts';
import type { SkipReason } from '../../lambda/usecases/versions/version-store';
import { byCount, number } from './format';

/** What the reasons of the counts mean; a new one does not compile until it is explained. */
export const REASONS: Readonly<Record<SkipReason | RestoreSkip, string>> = {
  // of a backup
  'version-gone': 'expired or was deleted while the job ran',
  archived: 'in an archive storage class; restore it from the archive first',
  'sse-c': 'encrypted with a customer-provided key, which S3 does not keep',
  'access-denied': 'the role may not read it; check the policies of the bucket and its KMS key',
  unreadable: 'S3 could not return its body or metadata, or the body does not match its checksum',
  // of a restore
  exists: 'the destination already has an object with this key',
  marker: 'deleted at that time',
  'key-too-long': 'the key exceeds 1,024 bytes with the destination prefix',
  'not-stored': 'the backup could not store it; see the report of the backup',
  'acls-disabled': 'restored without its ACL, because the destination has ACLs disabled',
  'not-found': 'the recovery point has no such item',
  'acls-blocked':
    'restored without its ACL or its public grants: public access is blocked, or S3 did not accept the ACL',
  'acls-incomplete': 'restored without what headers cannot express: a WRITE grant, or an ACL without grants',
  unchanged: 'already in the requested state',
  unknown: 'written before that time but missing in the backup; left unchanged',
  'not-compared': 'copied by S3 within the bucket; S3 has no checksum to compare',
  'precondition-failed': 'changed at the destination while the restore ran',
};

/** Rows of an outcome: one for each reason. */
export function skippedRows(skipped: Readonly<Counts>): [string, string][] {
  if (total(skipped) === 0) return [['skipped', 'none']];
  return byCount(skipped).map(([reason, count], index) => [
    index === 0 ? 'skipped' : '',
    `${number(count)} ${reason}${reason in REASONS ? ` (${REASONS[reason as keyof typeof REASONS]})` : ''}`,
  ]);
}
