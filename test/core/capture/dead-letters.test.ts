import { type DeadLetters, lostLetters, seenLetters } from '../../../lambda/core/capture/dead-letters';
import { mayHideEvents } from '../../../lambda/core/capture/retries';

const found = (count: number, fields: Partial<DeadLetters> = {}): DeadLetters => ({
  count,
  most: count,
  redrives: [],
  ...fields,
});
const redrive = (startedAt: number, moved: number) => ({ startedAt, moved });

test.each<[string, DeadLetters, DeadLetters, number]>([
  ['nothing was there', found(0), found(0), 0],
  ['more came', found(2), found(5), 0],
  ['they are still there', found(2), found(2), 0],
  ['all were purged', found(3), found(0, { most: 3 }), 3],
  ['some were deleted', found(3), found(1, { most: 3 }), 2],
  ['some came and were purged in between', found(0), found(0, { most: 4 }), 4],
  ['more came and all were purged', found(2), found(0, { most: 6 }), 6],
  ['all were redriven', found(3), found(0, { redrives: [redrive(150, 3)] }), 0],
  ['some were redriven, the others purged', found(3), found(0, { redrives: [redrive(150, 2)] }), 1],
  [
    'an earlier redrive had moved others',
    found(3, { redrives: [redrive(50, 3)] }),
    found(0, { redrives: [redrive(50, 3)] }),
    3,
  ],
  ['a redrive went on', found(3, { redrives: [redrive(90, 2)] }), found(0, { redrives: [redrive(90, 5)] }), 0],
  ['those that were redriven failed again', found(3), found(3, { redrives: [redrive(150, 3)] }), 0],
])('%s', (_, before, now, lost) => {
  expect(lostLetters(seenLetters(before, 100, undefined), now, 40)).toBe(lost);
});

test('before anything was seen, only redrives since then count', () => {
  const redrives = [redrive(150, 2), redrive(30, 5)];
  expect(lostLetters(undefined, found(0, { most: 3, redrives }), 100)).toBe(1);
});

describe('redriven events may be in the queue', () => {
  const HOUR = 3600;
  const START = 1_000_000;
  const task = (moved: number, isRunning?: boolean) => ({ startedAt: START, moved, ...(isRunning && { isRunning }) });

  test('for two hours after the last look that found a redrive moving them, however long it ran', () => {
    const looks: readonly (readonly [hours: number, moved: number, isRunning: boolean, hides: boolean])[] = [
      [1, 350, true, true],
      [3, 1_000, true, true],
      // It ended after it was seen, and moved more.
      [4, 1_200, false, true],
      [5, 1_200, false, true],
      [6, 1_200, false, false],
      [7, 1_200, false, false],
    ];
    let before: ReturnType<typeof seenLetters>;
    for (const [hours, moved, isRunning, hides] of looks) {
      const now = START + hours * HOUR;
      const redrives = [task(moved, isRunning)];
      expect([hours, mayHideEvents({ recentSeconds: 0, redrives, before, now })]).toEqual([hours, hides]);
      before = seenLetters({ count: 0, most: 0, redrives }, now, before);
    }
  });

  test('for two hours after a commit of an earlier release, which does not say when they were moved', () => {
    const before = { count: 1, at: START + 5 * HOUR, moved: { [String(START)]: 9 } };
    const redrives = [task(9)];
    const at = (hours: number) => mayHideEvents({ recentSeconds: 0, redrives, before, now: START + hours * HOUR });
    expect([at(6), at(7)]).toEqual([true, false]);
  });
});
