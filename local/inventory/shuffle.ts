/** Rows that wait for their turn: enough to tear neighbours apart, few enough to hold in memory. */
const BUFFER_ROWS = 20_000;

/** The items in another order, always the same for one seed. Holds 20,000 of them at most. */
export async function* shuffled<T>(items: Iterable<T> | AsyncIterable<T>, seed: number): AsyncGenerator<T> {
  const random = randomOf(seed);
  const waiting: T[] = [];
  for await (const item of items) {
    if (waiting.length < BUFFER_ROWS) {
      waiting.push(item);
      continue;
    }
    const place = Math.floor(random() * waiting.length);
    yield waiting[place] as T;
    waiting[place] = item;
  }
  while (waiting.length > 0) {
    const place = Math.floor(random() * waiting.length);
    const last = waiting.pop() as T;
    if (place < waiting.length) {
      yield waiting[place] as T;
      waiting[place] = last;
    } else {
      yield last;
    }
  }
}

/** Numbers from 0 to 1, by a linear congruential generator (modulus 2³², full period). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
