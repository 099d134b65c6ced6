import type { RestoreSkip } from '../../lambda/core/restore/actions';
import type { Counts } from '../../lambda/core/values/counts';
import { total } from '../../lambda/core/values/counts';
import type { SkipReason } from '../../lambda/usecases/versions/version-store';
import { byCount, number } from './format';

/** What the reasons of the counts mean; a new one does not compile until it is explained. */
const REASONS: Readonly<Record<SkipReason | RestoreSkip, string>> = {
  // of a backup
  'version-gone': 'expired or was deleted while the job ran',
  archived: 'in an archive storage class: thaw it first',
  'sse-c': 'encrypted with a key of the customer, which S3 does not have',
  'access-denied': 'the role may not read it: see the policies of the object and its KMS key',
  unreadable: 'S3 could not deliver its body or metadata',
  // of a restore
  exists: 'the destination has an object under that key',
  marker: 'deleted at that time',
  'key-too-long': 'with the destination prefix the key has more than 1,024 bytes',
  'not-stored': 'the backup could not store it: see its report',
  'acls-disabled': 'restored without its ACL: the destination has ACLs disabled',
  'not-found': 'the recovery point has nothing of that name',
  'acls-blocked': 'restored without its public grant: the destination blocks public access',
  'acls-incomplete': 'restored without what no header can say: a WRITE grant, or an ACL that grants nothing',
  unchanged: 'already as it is to be',
  unknown: 'of before that time, but the backup has not seen it: left as it is',
  'not-compared': 'copied by S3 within the bucket, which has no checksum to compare',
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
