/** Instants are epoch seconds inside, and ISO 8601 with whole seconds and `Z` outside. */
export const toIso = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(/\.\d{3}Z$/, 'Z');
export const fromIso = (text: string): number => Math.floor(Date.parse(text) / 1000);
/** Whether a text is an instant as `toIso` writes it: 31 February is none. */
export const isInstant = (text: string): boolean =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) && !Number.isNaN(fromIso(text)) && toIso(fromIso(text)) === text;
