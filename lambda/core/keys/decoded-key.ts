/** The key without URL encoding; undefined where it has none. */
export function decodedKey(key: string): string | undefined {
  if (!/[%+]/.test(key)) return undefined;
  try {
    const decoded = decodeURIComponent(key.replaceAll('+', ' '));
    return decoded === key || decoded === '' ? undefined : decoded;
  } catch {
    return undefined;
  }
}
