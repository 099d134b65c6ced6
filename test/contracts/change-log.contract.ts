import { SLOT_SECONDS } from '../../lambda/contract/change-log-schema';
import type { Row } from '../../lambda/core/history/row';
import type { ChangeLog, LoggedChange } from '../../lambda/ports/change-log';
import keys from '../fixtures/keys.json';

const change = (id: string, key = id, bucket = 'photos', fields: Partial<Row> = {}): LoggedChange => ({
  id,
  bucket,
  row: {
    key,
    versionId: 'v',
    kind: 'state',
    lastModified: 0,
    tags: '[]',
    effectiveFrom: 7,
    source: 'event',
    ...fields,
  },
});

/** `newLog` gives an empty log each time, and a way to set its clock (epoch seconds). */
export function changeLogContract(now: number, newLog: (clock: () => number) => Promise<ChangeLog>): void {
  describe('change log', () => {
    /** A slot that began a while ago. */
    const start = Math.floor(now / SLOT_SECONDS - 10) * SLOT_SECONDS;
    let clock: number;
    let log: ChangeLog;
    beforeEach(async () => {
      clock = start;
      log = await newLog(() => clock);
    });
    const read = async (from: number, to: number, bucket = 'photos'): Promise<Row[]> => {
      const rows: Row[] = [];
      for await (const chunk of log.read(bucket, from, to)) rows.push(...chunk);
      return rows.sort((a, b) => (a.key < b.key ? -1 : 1));
    };
    const keysOf = async (from: number, to: number, bucket?: string): Promise<string[]> =>
      (await read(from, to, bucket)).map(({ key }) => key);

    test('gives back what was written, whatever it is', async () => {
      const changes = keys.map((key, index) =>
        change(`event-${index}`, key, 'photos', { tags: JSON.stringify([[key, key]]), etag: 'e', observedAt: index }),
      );
      await log.append(changes);
      const expected = changes.map(({ row }) => row).sort((a, b) => (a.key < b.key ? -1 : 1));
      expect(await read(start, start + 1)).toEqual(expected);
    });

    test('finds changes by the time at which they were written, to the second', async () => {
      const times = [0, 1, SLOT_SECONDS - 1, SLOT_SECONDS, SLOT_SECONDS + 0.9, 3 * SLOT_SECONDS];
      for (const [index, time] of times.entries()) {
        clock = start + time;
        await log.append([change(`k${index}`)]);
      }
      expect(await keysOf(start, start + 4 * SLOT_SECONDS)).toEqual(['k0', 'k1', 'k2', 'k3', 'k4', 'k5']);
      expect(await keysOf(start, start + 1)).toEqual(['k0']);
      expect(await keysOf(start + 1, start + SLOT_SECONDS)).toEqual(['k1', 'k2']);
      expect(await keysOf(start + SLOT_SECONDS, start + SLOT_SECONDS + 1)).toEqual(['k3', 'k4']);
      expect(await keysOf(start + SLOT_SECONDS + 1, start + 3 * SLOT_SECONDS)).toEqual([]);
      expect(await keysOf(start, start)).toEqual([]);
    });

    test('keeps buckets apart', async () => {
      await log.append([change('a'), change('b', 'b', 'photo'), change('c', 'c', 'photos.old')]);
      expect(await keysOf(start, start + 1)).toEqual(['a']);
      expect(await keysOf(start, start + 1, 'photos.old')).toEqual(['c']);
    });

    test('takes one event twice', async () => {
      await log.append([change('a'), change('a')]);
      await log.append([change('a')]);
      expect(await keysOf(start, start + 1)).toEqual(['a']);
      clock += SLOT_SECONDS;
      await log.append([change('a')]);
      expect(await keysOf(start + SLOT_SECONDS, clock + 1)).toEqual(['a']);
    });

    test('takes many changes, and nothing', async () => {
      const large = 'x'.repeat(15_000);
      await log.append([]);
      await log.append(
        Array.from({ length: 330 }, (_, n) => change(`event-${n}`, `key-${n}`, 'photos', { tags: large })),
      );
      const rows = await read(start, start + 1);
      expect(new Set(rows.map(({ key }) => key)).size).toBe(330);
      expect(rows.every(({ tags }) => tags === large)).toBe(true);
    });
  });
}
