import { RateLimiter } from 'limiter';
import type { Pace } from '../ports/runtime';

/** Lets requests through at a steady rate, with bursts of at most one second's. */
export function steadyPace(perSecond: number): Pace {
  // The limiter counts whole requests: of 1.9 a second it would let through one.
  const burst = Math.max(1, Math.floor(perSecond));
  const limiter = new RateLimiter({ tokensPerInterval: burst, interval: (burst * 1_000) / perSecond });
  return {
    turn: async () => {
      await limiter.removeTokens(1);
    },
  };
}
