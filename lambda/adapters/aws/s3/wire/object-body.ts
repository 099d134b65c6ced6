import type { Readable } from 'node:stream';

/** Reads a body of known length; each byte is copied once. Fails when the stream ends early or brings more. */
export function readBody(stream: Readable, length: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    // A stream that has ended already tells nobody.
    if (stream.destroyed && !stream.readable) throw new Error('the connection was closed');
    const body = new Uint8Array(length);
    let filled = 0;
    stream.on('data', (chunk: Uint8Array) => {
      if (filled + chunk.length > length) {
        stream.destroy(new Error(`more than the announced ${length} bytes`));
        return;
      }
      body.set(chunk, filled);
      filled += chunk.length;
    });
    stream.on('error', reject);
    stream.on('close', () => reject(new Error('the connection was closed')));
    stream.on('end', () => {
      if (filled === length) resolve(body);
      else reject(new Error(`got ${filled} of ${length} bytes`));
    });
  });
}
