import { foldVersions } from '../../lambda/core/backup/fold-versions';
import { groupByKey, mergeGroups } from '../../lambda/core/history/groups';
import type { Row } from '../../lambda/core/history/row';
import { KeyView, viewAt } from '../../lambda/core/history/view';
import { compareKeys } from '../../lambda/core/keys/order';
import { fromIso } from '../../lambda/core/values/instant';
import { foldsOf } from '../../lambda/usecases/history/at';
import { readHistory } from '../../lambda/usecases/history/read';
import type { Rig } from '../scenarios/support/rig';
import { readPart } from './vault-part';

/** Joined rows of each key: of the newest commit, and what was logged since. */
export async function historyOfBucket(rig: Rig, bucket: string): Promise<Map<string, Row[]>> {
  const { vault, changeLog } = rig.ports;
  const seq = await vault.newestSeq(bucket);
  const found = seq === undefined ? undefined : await vault.readManifest(bucket, seq);
  const logged: Row[] = [];
  const from = fromIso(found?.manifest.changesThrough ?? '1970-01-01T00:00:00Z');
  for await (const rows of changeLog.read(bucket, from, rig.s3.now + 86_400))
    logged.push(...rows.filter(({ kind }) => kind !== 'gap'));
  logged.sort((a, b) => compareKeys(a.key, b.key));
  const folds = foldsOf(found?.manifest);
  const history = readHistory(vault, found?.manifest, { from: '' }, { withFiles: true });
  const keys = new Map<string, Row[]>();
  for await (const { key, parts } of mergeGroups([history, groupByKey(once(logged))]))
    keys.set(key, [...foldVersions(parts[1] ?? [], parts[0] ?? [], folds).told]);
  return keys;
}

async function* once(rows: readonly Row[]): AsyncGenerator<readonly Row[]> {
  yield await Promise.resolve(rows);
}

/** What a point-in-time restore would see of a key. */
export async function currentAt(rig: Rig, bucket: string, time: number, key: string): Promise<KeyView | undefined> {
  const rows = (await historyOfBucket(rig, bucket)).get(key);
  return rows && viewAt(key, rows, Math.floor(time), { pointInTime: true });
}

/** The body of the current version, from the vault. */
export async function textOf(rig: Rig, view: KeyView | undefined): Promise<string | undefined> {
  const row = view?.versions[0]?.row;
  return row?.file && (await readPart(rig, row));
}
