import { createHash, hash } from 'node:crypto';

export const sha256Hex = (...parts: readonly (Uint8Array | string)[]): string => {
  const [only] = parts;
  // In one call, which takes a small part a third of the time.
  if (only !== undefined && parts.length === 1) return hash('sha256', only, 'hex');
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part);
  return sum.digest('hex');
};
