import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskStore, NOW } from '../../bench/support/disk-store';
import { BUCKET, GeneratedSource, writeReport } from '../../bench/support/generated-bucket';
import { benchPorts, runBackup, SCRATCH_BUCKET } from '../../bench/support/steps';

const OBJECTS = 3_000;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 's3-backup-bench-test-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test.each(['inventory', 'listing'])(
  'the benchmark backs a generated bucket up twice, with exact counts (%s)',
  async (source) => {
    const [vault, scratch] = [new DiskStore(join(folder, 'vault')), new DiskStore(join(folder, 'scratch'))];
    const changed = { objects: OBJECTS, changedEvery: 1_000 };
    const back = async (shape: typeof changed | { objects: number }, round: number) => {
      const start = NOW - (NOW % 60) - 3_600 * (3 - round);
      await writeReport(join(folder, 'scratch'), SCRATCH_BUCKET, shape, start);
      return runBackup(
        benchPorts(new GeneratedSource(shape), vault, scratch),
        { bucket: BUCKET, source },
        `run-${round}`,
      );
    };
    const first = await back({ objects: OBJECTS }, 1);
    expect(first.output).toMatchObject({ status: 'COMPLETED', source, versions: OBJECTS, stored: OBJECTS });
    expect(first.output.requests['GetObject']).toBe(OBJECTS);
    const second = await back(changed, 2);
    expect(second.output).toMatchObject({ status: 'COMPLETED', versions: OBJECTS + 3, stored: 3, reused: OBJECTS });
    expect(second.output.requests['GetObject']).toBe(3);
    expect(second.steps.map(({ step }) => step)).toEqual(['prepare', 'scan', 'partition', 'ranges', 'commit']);
  },
);
