import { randomOf } from '../../../../support/dice';

export interface Dice {
  /** A whole number from 0 up to and without `count`. */
  upTo(count: number): number;
  chance(share: number): boolean;
  shuffle<T>(items: readonly T[]): T[];
}

export function diceOf(seed: number): Dice {
  const random = randomOf(seed);
  return {
    upTo: (count) => Math.floor(random() * count),
    chance: (share) => random() < share,
    shuffle: (items) =>
      items
        .map((item) => ({ item, place: random() }))
        .sort((a, b) => a.place - b.place)
        .map(({ item }) => item),
  };
}
