import { type Duration, type Size, Token } from 'aws-cdk-lib';

/**
 * Checks of props. Each names the prop, the limit and what was given. A token has no value yet: it passes, and the
 * runtime or AWS checks it.
 */
export function requirePattern(prop: string, value: string | undefined, pattern: RegExp, meaning: string): void {
  if (value !== undefined && !Token.isUnresolved(value) && !pattern.test(value)) {
    throw new Error(`\`${prop}\` must be ${meaning}, got "${value}"`);
  }
}

export function requireInteger(prop: string, value: number | undefined, min: number, max: number): void {
  if (value !== undefined && !Token.isUnresolved(value) && !(Number.isInteger(value) && value >= min && value <= max)) {
    throw new Error(`\`${prop}\` must be a whole number from ${min} to ${max}, got ${value}`);
  }
}

export function requireSize(prop: string, value: Size | undefined, min: Size, max: Size): void {
  if (value === undefined || value.isUnresolved()) {
    return;
  }
  const bytes = value.toBytes();
  if (bytes < min.toBytes() || bytes > max.toBytes()) {
    throw new Error(
      `\`${prop}\` must be from ${min.toBytes()} to ${max.toBytes()} bytes, got ${bytes} bytes; S3 copies larger objects`,
    );
  }
}

/** Minutes of a window, or undefined while it is a token. */
export function knownMinutes(duration: Duration): number | undefined {
  return duration.isUnresolved() ? undefined : duration.toMinutes({ integral: false });
}
