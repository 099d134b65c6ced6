import type { Decision } from '../../../../lambda/core/backup/decisions';
import type { Row } from '../../../../lambda/core/history/row';
import { columnsOf } from '../../../../lambda/core/history/row-columns';
import { afterKey } from '../../../../lambda/core/keys/order';
import { Batch, type Placed } from '../../../../lambda/usecases/backup/store/batch';

const row = (key: string, kind: Row['kind'] = 'put'): Row => ({ key, versionId: key, kind, lastModified: 1, size: 7 });
const placed = (key: string): Placed => {
  const decision: Decision = { kind: 'mark', row: row(key, 'marker') };
  return { decision, done: 0, needed: false, isNewer: false };
};
const scanOf = (rows: readonly Row[]) => ({ scan: columnsOf(rows), from: 0, to: rows.length });

test('unchanged versions fill a batch as decisions do, and are counted where they stand', () => {
  const batch = new Batch(100, 0);
  const many = Array.from({ length: 9_000 }, (_, i) => row(String(i).padStart(5, '0')));
  expect(batch.addUnchanged(scanOf(many), 0)).toBe(9_000);
  batch.add(placed('1'));
  expect(batch.isFull).toBe(false);
  expect(batch.addUnchanged(scanOf(many), 0)).toBe(999);
  expect(batch.isFull).toBe(true);
  expect(batch.unchangedBefore(0)).toEqual({ objects: 9_000, versions: 9_000, bytes: 63_000, markers: 0 });
  expect(batch.unchangedBefore(1)).toEqual({ objects: 999, versions: 999, bytes: 6_993, markers: 0 });
  expect(batch.unchangedBefore(2)).toBeUndefined();
});

test('of a key with several versions the newest one says whether there is an object, also in another batch', () => {
  const rows = [row('a'), row('a'), row('b', 'marker'), row('b'), row(afterKey('b'))];
  const unchanged = scanOf(rows);
  const whole = new Batch(100, 0);
  expect(whole.addUnchanged(unchanged, 0)).toBe(5);
  expect(whole.unchangedBefore(0)).toEqual({ objects: 2, versions: 4, bytes: 28, markers: 1 });
  const rest = new Batch(100, 0);
  rest.addUnchanged(unchanged, 1);
  expect(rest.unchangedBefore(0)).toEqual({ objects: 1, versions: 3, bytes: 21, markers: 1 });
});
