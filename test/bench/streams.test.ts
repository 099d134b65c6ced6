import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  inventoryDecode,
  inventoryReport,
  mergeOfRuns,
  pointInTimePlan,
  scanRun,
  segmentRead,
  segmentWrite,
  unchangedCompare,
} from '../../bench/support/stream-phases';

const OBJECTS = 2_500;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 's3-backup-bench-test-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('every row of the history is written, read, compared and planned', async () => {
  const [written] = await segmentWrite(folder, OBJECTS);
  expect(written).toMatchObject({ stream: 'segment write', rows: OBJECTS });
  // Bytes of the index for each object, a goal of its own.
  expect((written?.bytes ?? 0) / OBJECTS).toBeLessThan(120);
  expect(await segmentRead(folder, OBJECTS)).toMatchObject([{ rows: OBJECTS, bytes: written?.bytes }]);
  expect(await unchangedCompare(folder, OBJECTS)).toMatchObject([{ rows: OBJECTS }]);
  expect(await pointInTimePlan(folder, OBJECTS)).toMatchObject([{ rows: OBJECTS }]);
});

test('every row of a scan is decoded, sorted and merged', async () => {
  for (const format of ['CSV', 'Parquet'] as const) {
    await inventoryReport(folder, OBJECTS, format);
    expect(await inventoryDecode(folder, format)).toMatchObject([{ rows: OBJECTS }]);
  }
  const { costs, runs } = await scanRun(folder, OBJECTS);
  expect(costs).toMatchObject([{ rows: OBJECTS }]);
  expect(await mergeOfRuns(folder, runs)).toMatchObject([{ rows: OBJECTS }]);
});
