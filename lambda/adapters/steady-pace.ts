import { RateLimiter } from 'limiter';
import type { Pace } from '../ports/runtime';

/** Lets requests through at a steady rate, with bursts of at most one second's. */
export function steadyPace(perSecond: number): Pace {
  const limiter =
    perSecond >= 1
      ? new RateLimiter({ tokensPerInterval: perSecond, interval: 'second' })
      : new RateLimiter({ tokensPerInterval: 1, interval: 1_000 / perSecond });
  return {
    turn: async () => {
      await limiter.removeTokens(1);
    },
  };
}
