import { decide } from '../../../lambda/core/backup/decisions';
import { foldStates } from '../../../lambda/core/backup/fold-states';
import type { BackupJob } from '../../../lambda/core/backup/job';
import type { Row } from '../../../lambda/core/history/row';
import { newestFirst, viewAt } from '../../../lambda/core/history/view';
import { ScannedKeys } from '../../../lambda/usecases/backup/compare/scanned-keys';

/** A key that is written three times a second for half an hour: each day has 50 times as many versions. */
const VERSIONS = 6_000;
/** Looks at a version that are enough, whatever number of versions the key has. */
const LOOKS = 100;

const FILE = { file: { kind: 'o', commit: 1, name: 'f' } } as unknown as Partial<Row>;
let looks = 0;

/** A row that counts who looks at its date and its ID. */
function counted(row: Row): Row {
  const { versionId, lastModified } = row;
  return Object.defineProperties(
    { ...row },
    {
      versionId: { enumerable: true, get: () => (looks++, versionId) },
      lastModified: { enumerable: true, get: () => (looks++, lastModified) },
    },
  );
}

const versions = Array.from({ length: VERSIONS }, (_, i): Row => ({
  key: 'k',
  versionId: `v${String(i)}`,
  kind: 'put',
  lastModified: 1_000_000 - Math.floor(i / 3),
  ...FILE,
}));
const linked = versions.map((row, i): Row => counted(i % 3 === 2 ? row : { ...row, newerThan: `v${String(i + 1)}` }));
const removals = versions
  .slice(VERSIONS / 2)
  .map((row) => counted({ ...row, kind: 'removed', removedAfter: 5, removedBefore: 9 }));
const states = versions.map((row) =>
  counted({ ...row, file: undefined, kind: 'state', effectiveFrom: 7, tags: 'a=1' }),
);
const history = [...linked, ...removals, ...states];

beforeEach(() => (looks = 0));
afterEach(() => {
  expect(looks).toBeLessThan(VERSIONS * LOOKS);
});

describe('a key of very many versions takes no time that grows with their square', () => {
  test('to order them', () => {
    expect(newestFirst(linked.slice(1), linked).ordered).toHaveLength(VERSIONS - 1);
  });

  test.each([
    ['linked one to the next', (row: Row, i: number): Row => ({ ...row, newerThan: `v${String(i + 1)}` })],
    ['of which nothing is known', (row: Row): Row => row],
    ['seen by a scan each', (row: Row, i: number): Row => ({ ...row, observedAt: VERSIONS - i, source: 'listing' })],
  ])('to order those of one second, %s', (_, known) => {
    const rows = versions.map((row, i) => counted(known({ ...row, lastModified: 7 }, i)));
    const { ordered } = newestFirst([...rows].reverse());
    expect(ordered).toHaveLength(VERSIONS);
    if (known({ ...versions[0]! }, 0).newerThan !== undefined) expect(ordered[0]!.versionId).toBe('v0');
  });

  test('to compare a scan with what is known, of which much is removed', () => {
    const facts = { versions: 'ALL', asOf: 2_000_000, previousAsOf: 10 } as const;
    expect(decide(linked.slice(0, VERSIONS / 2), history, facts)).toHaveLength(VERSIONS / 2);
  });

  test('to view them with tags', () => {
    expect(viewAt('k', history, 2_000_000).versions).toHaveLength(VERSIONS / 2);
  });

  test('to take in new tags', () => {
    const logged = versions.map((row) =>
      counted({ ...row, file: undefined, kind: 'state', effectiveFrom: 8, tags: 'a=2' }),
    );
    expect(foldStates(logged, history, 1_000).restated).toHaveLength(VERSIONS);
  });

  test('to learn the order within seconds from S3', async () => {
    const entries = linked.map((row) => Object.defineProperty(counted(row), 'isMarker', { value: false }));
    const source = { listVersions: () => Promise.resolve({ entries }) };
    const job = { source: 'inventory', versions: 'ALL', bucket: 'src', asOf: 2_000_000 };
    const keys = new ScannedKeys(source as never, job as BackupJob);
    const { rows } = await keys.complete({ key: 'k', scanned: linked, history: [], logged: [] });
    expect(rows).toHaveLength(VERSIONS);
  });
});
