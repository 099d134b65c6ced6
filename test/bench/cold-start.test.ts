import { coldStartBench } from '../../bench/cold-start';

/** Each function asks for something at first; nothing is sent. */
test('every function comes as far as its first request, by the benchmark', async () => {
  const results = await coldStartBench(undefined, 1);
  const asked = new Map(results.map(({ handler, firstRequest }) => [handler, firstRequest]));
  expect([...asked.values()].filter((request) => request === 'none')).toEqual([]);
  expect(asked.get('backup-range')).toContain('/the-scratch/');
  expect(asked.get('capture-changes')).toContain('/protected/');
  for (const { bundleKiB } of results) expect(bundleKiB).toBeLessThan(1_750);
});
