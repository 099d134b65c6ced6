import fc from 'fast-check';
import type { Row } from '../../../lambda/core/history/row';
import { mergeSorted } from '../../../lambda/core/keys/merge';
import { compareKeys } from '../../../lambda/core/keys/order';
import { fractionUpTo, keyBetween } from '../../../lambda/core/keys/probe';
import { blocksWithin, compareRunRows, readBlocks, RunPart, RunPartBuilder } from '../../../lambda/core/scan/run-file';

const bytewise = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
const sign = (n: number): number => Math.sign(n);
/** Any text that S3 takes as a key: no lone surrogates. */
const key = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 });
const row = (key: string, lastModified = 1, versionId = 'v'): Row => ({ key, versionId, kind: 'put', lastModified });

async function collect<T>(chunks: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const chunk of chunks) all.push(...chunk);
  return all;
}

async function* chunked<T>(items: readonly T[], size: number): AsyncGenerator<T[]> {
  for (let i = 0; i < items.length; i += size) {
    await Promise.resolve();
    yield items.slice(i, i + size);
  }
}

test('10,000 keys from the whole of Unicode sort, split into runs and merge as S3 orders them', async () => {
  const keys = fc.sample(key, { numRuns: 10_000, seed: 7 });
  const expected = [...keys].sort(bytewise);
  expect([...keys].sort(compareKeys)).toEqual(expected);
  for (const count of [1, 2, 7, 64]) {
    const runs = Array.from({ length: count }, (_, i) =>
      keys
        .filter((_, at) => at % count === i)
        .sort(compareKeys)
        .map((text) => row(text)),
    );
    const merged = await collect(
      mergeSorted(
        runs.map((run) => chunked(run, 3)),
        compareRunRows,
      ),
    );
    expect(merged.map(({ key }) => key)).toEqual(expected);
  }
});

test('a merge is stable, and empty chunks and sources are no end', async () => {
  async function* source(...chunks: number[][]): AsyncGenerator<number[]> {
    for (const chunk of chunks) yield await Promise.resolve(chunk);
  }
  const sources = [source([], [1, 3], [], [5]), source(), source([2, 2], [9]), source([], [])];
  expect(await collect(mergeSorted(sources, (a, b) => a - b))).toEqual([1, 2, 2, 3, 5, 9]);
  const named = (name: string) =>
    chunked(
      [
        { n: 1, name },
        { n: 2, name },
      ],
      1,
    );
  const merged = await collect(mergeSorted([named('a'), named('b'), named('c')], (x, y) => x.n - y.n));
  expect(merged.map(({ name }) => name).join('')).toBe('abcabc');
});

test('rows of a run stand by key, then newest first, and those of one second as they came', () => {
  const rows = [row('b', 1), row('a', 1, 'x'), row('a', 3), row('a', 1, 'w')].sort(compareRunRows);
  expect(rows.map(({ key, lastModified, versionId }) => `${key}${String(lastModified)}${versionId}`)).toEqual([
    'a3v',
    'a1x',
    'a1w',
    'b1v',
  ]);
});

describe('a part of a run', () => {
  const keys = Array.from({ length: 5_000 }, (_, i) => `k/${String(i).padStart(5, '0')}`);
  const built = (): { part: RunPart; body: Uint8Array } => {
    const builder = new RunPartBuilder();
    for (const text of keys) builder.add(row(text));
    return builder.finish((sha256) => `work/${sha256}`);
  };
  const read = (part: RunPart, body: Uint8Array, from: string, to: string | undefined, window: number): string[] =>
    blocksWithin(part, body.subarray(part.index), { from, to }, window).flatMap((group) =>
      [...readBlocks(body.subarray(group.offset, group.offset + group.length), group, { from, to })].flatMap((block) =>
        block.rows().map((found) => found.key),
      ),
    );

  test.each([1, 20_000, 10_000_000])('gives a range with reads of at most %i bytes or one block', (window) => {
    const { part, body } = built();
    expect(part).toMatchObject({ minKey: keys[0], maxKey: keys.at(-1), rows: 5_000 });
    expect(read(part, body, '', undefined, window)).toEqual(keys);
    expect(read(part, body, 'k/01234', 'k/03210', window)).toEqual(keys.slice(1234, 3210));
    expect(read(part, body, 'k/04999\u0000', undefined, window)).toEqual([]);
  });

  test('gives rows back to the letter, whatever fields they have and in whatever order', () => {
    const fields = fc.record(
      {
        lastModified: fc.integer({ min: 0, max: 2 ** 40 }),
        newerThan: fc.constantFrom('a', 'b'),
        size: fc.integer(),
        acl: fc.constantFrom('', '["o",[]]'),
        file: fc.constant({ name: 'p', checksum: 'c', bytes: 1, commit: 0 }),
        etag: fc.string(),
        source: fc.constantFrom('inventory', 'event', undefined),
      },
      { requiredKeys: [] },
    );
    const rows = fc
      .array(fc.tuple(key, fields, fc.infiniteStream(fc.nat())), { minLength: 1, maxLength: 60 })
      .map((all) =>
        all
          .map(([text, rest, places]) => {
            const entries = Object.entries({ key: text, versionId: 'v', kind: 'put', ...rest });
            return Object.fromEntries(
              entries
                .map((entry) => ({ entry, at: places.next().value as number }))
                .sort((a, b) => a.at - b.at)
                .map(({ entry }) => entry),
            ) as unknown as Row;
          })
          .sort((a, b) => bytewise(a.key, b.key)),
      );
    fc.assert(
      fc.property(rows, (all) => {
        const builder = new RunPartBuilder();
        all.forEach((one) => {
          builder.add(one);
        });
        const { part, body } = builder.finish((sha256) => sha256);
        const groups = blocksWithin(part, body.subarray(part.index), { from: '' }, 1_000_000);
        const back = groups.flatMap((group) =>
          [...readBlocks(body.subarray(group.offset), group, { from: '' })].flatMap((block) => block.rows()),
        );
        expect(back.map((one) => JSON.stringify(one))).toEqual(all.map((one) => JSON.stringify(one)));
        const [middle] = all.slice(all.length >> 1);
        const range = { from: middle?.key ?? '' };
        const upper = [
          ...readBlocks(body.subarray(0), groups[0] ?? { offset: 0, length: 0, blocks: [], following: [] }, range),
        ];
        expect(upper.flatMap((block) => block.rows())).toEqual(
          all.filter((one) => bytewise(one.key, range.from) >= 0).map((one) => JSON.parse(JSON.stringify(one)) as Row),
        );
      }),
      { numRuns: 200, seed: 4 },
    );
  });

  test('a flipped byte is an error, in the index and in a block', () => {
    const { part, body } = built();
    for (const at of [10, part.index + 10]) {
      const broken = Uint8Array.from(body);
      broken[at] = (broken[at] ?? 0) ^ 1;
      expect(() => read(part, broken, '', undefined, 1_000_000)).toThrow(/work file/);
    }
  });

  test('rows out of order are refused', () => {
    const builder = new RunPartBuilder();
    builder.add(row('b'));
    expect(() => {
      builder.add(row('a'));
    }).toThrow(/key order/);
  });
});

describe('looking for the middle of a bucket', () => {
  test('a text between two keys lies between them, as S3 orders', () => {
    fc.assert(
      fc.property(key, fc.option(key, { nil: undefined }), (a, b) => {
        const [low, high] = b !== undefined && compareKeys(b, a) < 0 ? [b, a] : [a, b];
        fc.pre(low !== high);
        const middle = keyBetween(low, high);
        if (middle === undefined) return;
        expect(sign(bytewise(low, middle))).toBe(-1);
        if (high !== undefined) expect(sign(bytewise(middle, high))).toBe(-1);
        expect(Buffer.from(middle).toString()).toBe(middle);
      }),
      { numRuns: 2_000, endOnFailure: true },
    );
  });

  test('halving finds its way to any key', () => {
    for (const wanted of ['photos/2024/0001.jpg', 'a', 'zzz', 'é', '\u{10000}x', '2024-01-01T00:00:00']) {
      let [low, high]: [string, string | undefined] = ['!', undefined];
      let steps = 0;
      for (let middle = keyBetween(low, high); middle !== undefined && steps < 400; middle = keyBetween(low, high)) {
        if (compareKeys(middle, wanted) <= 0) low = middle;
        else high = middle;
        if (low.startsWith(wanted)) break;
        steps++;
      }
      expect(compareKeys(low, wanted)).toBeLessThanOrEqual(0);
      expect(low.slice(0, wanted.length - 1)).toBe(wanted.slice(0, wanted.length - 1));
    }
  });

  test('the fraction up to a key grows with the key', () => {
    fc.assert(
      fc.property(key, key, key, (a, b, c) => {
        const [low = '', middle = '', high = ''] = [a, b, c].sort(compareKeys);
        fc.pre(low !== high);
        const fraction = fractionUpTo(middle, low, high);
        expect(fraction).toBeGreaterThanOrEqual(0);
        expect(fraction).toBeLessThanOrEqual(1);
      }),
      { endOnFailure: true },
    );
    expect(fractionUpTo('k/500', 'k/000', 'k/999')).toBeGreaterThan(fractionUpTo('k/200', 'k/000', 'k/999'));
  });
});
