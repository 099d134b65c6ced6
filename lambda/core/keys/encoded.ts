/** Whether a key may be the URL-encoded form of another one. */
export const mayBeEncoded = (key: string): boolean => /[%+]/.test(key);
