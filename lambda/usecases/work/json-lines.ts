/** So many characters are put together as one string: a list of all may be longer than the longest one. */
const CHUNK_CHARACTERS = 1024 * 1024;

/** Values as JSON, one a line. */
export function encodeLines(values: Iterable<unknown>): Uint8Array {
  const chunks: Buffer[] = [];
  let text = '';
  const close = (): void => {
    chunks.push(Buffer.from(text, 'utf8'));
    text = '';
  };
  for (const value of values) {
    text += `${JSON.stringify(value)}\n`;
    if (text.length >= CHUNK_CHARACTERS) close();
  }
  close();
  return Buffer.concat(chunks);
}

const LINE_FEED = 10;

/** The values of such lines, each read as it is asked for. */
export function* decodeLines<T>({ buffer, byteOffset, byteLength }: Uint8Array): Generator<T> {
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  for (let start = 0, end = 0; start < bytes.length; start = end + 1) {
    end = bytes.indexOf(LINE_FEED, start);
    if (end < 0) end = bytes.length;
    if (end > start) yield JSON.parse(bytes.toString('utf8', start, end)) as T;
  }
}
