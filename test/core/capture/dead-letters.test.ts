import { type DeadLetters, lostLetters, seenLetters } from '../../../lambda/core/capture/dead-letters';

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
  expect(lostLetters(seenLetters(before, 100), now, 40)).toBe(lost);
});

test('before anything was seen, only redrives since then count', () => {
  const redrives = [redrive(150, 2), redrive(30, 5)];
  expect(lostLetters(undefined, found(0, { most: 3, redrives }), 100)).toBe(1);
});
