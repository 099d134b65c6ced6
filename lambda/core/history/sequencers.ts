/** Left-padded with zeros to one length, sequencers compare as text, in either case. */
export function compareSequencers(a: string, b: string): number {
  const length = Math.max(a.length, b.length);
  const x = a.padStart(length, '0').toUpperCase();
  const y = b.padStart(length, '0').toUpperCase();
  return x < y ? -1 : x > y ? 1 : 0;
}
