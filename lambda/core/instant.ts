/** Instants are epoch seconds inside, and ISO 8601 with whole seconds and `Z` outside. */
export const toIso = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(/\.\d{3}Z$/, 'Z');
export const fromIso = (text: string): number => Math.floor(Date.parse(text) / 1000);
