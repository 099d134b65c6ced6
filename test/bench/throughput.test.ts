import { engineServer } from '../../bench/support/s3-servers';
import { throughputBench } from '../../bench/throughput';

const OBJECTS = 30;

test('what the worker takes against a server, by the benchmark', async () => {
  const results = await throughputBench({
    sizes: [{ bytes: 1_024, objects: OBJECTS }],
    servers: [engineServer, () => Promise.resolve(undefined)],
    peers: false,
  });
  const requests = (does: string) => results.find((one) => one.does === does)?.requests ?? {};
  expect(results.map(({ program, does }) => `${program}: ${does}`)).toEqual([
    'AWS SDK: GetObject each',
    'product: first backup, range workers',
    'product: first backup, all steps',
    'product: incremental backup, nothing changed',
    'product: restore to another bucket',
  ]);
  const unchanged = requests('incremental backup, nothing changed').GetObject ?? 0;
  expect(requests('first backup, all steps').GetObject).toBeGreaterThanOrEqual(OBJECTS);
  expect(unchanged).toBeLessThan(OBJECTS);
  expect(requests('restore to another bucket').PutObject).toBeGreaterThanOrEqual(OBJECTS);
  for (const { cpuMsPerObject, objectsPerSecond } of results) {
    expect(cpuMsPerObject).toBeGreaterThan(0);
    expect(objectsPerSecond).toBeGreaterThan(0);
  }
});
