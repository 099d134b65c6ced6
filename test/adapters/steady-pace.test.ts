import { steadyPace } from '../../lambda/adapters/steady-pace';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** Requests that get through in 20 seconds. */
async function requestsAt(perSecond: number): Promise<number> {
  const pace = steadyPace(perSecond);
  let requests = 0;
  for (let i = 0; i < 500; i++) void pace.turn().then(() => requests++);
  await jest.advanceTimersByTimeAsync(20_000);
  return requests;
}

test.each([0.5, 1, 1.9, 2, 3.5, 10])('a worker makes use of its whole share of the rate: %d a second', async (rate) => {
  const requests = await requestsAt(rate);
  expect(requests).toBeGreaterThanOrEqual(Math.floor(20 * rate * 0.95));
  expect(requests).toBeLessThanOrEqual(Math.ceil(20 * rate + Math.max(1, rate)));
});
