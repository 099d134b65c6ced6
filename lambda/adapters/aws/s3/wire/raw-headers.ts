import type { S3Client } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import { isHttpRequest } from './wire';

/** These must be signed, but S3 has them in ASCII only: it encodes what is not. */
const MUST_BE_SIGNED = 'x-amz-';
const isRaw = (name: string, value: string): boolean =>
  !name.toLowerCase().startsWith(MUST_BE_SIGNED) && /[\u0080-\uffff]/.test(value);

/**
 * Node writes a `Content-Disposition` as other bytes once it knows the length of the body (nodejs/node#46528): from the
 * body's only piece, or from a `Content-Length` that comes first. So these headers come first, and the body is a stream.
 * Each attempt has a request, and so a stream, of its own.
 */
const streamed = (body: unknown): unknown => (body instanceof Uint8Array ? Readable.from([body]) : body);

/**
 * Sends headers with bytes beyond ASCII, such as a `Content-Disposition` in plain UTF-8, as they were read. Their texts
 * have one character a byte, and so they are sent; but the signer hashes texts as UTF-8, which S3 never sees. S3 wants no
 * signature of such headers, so they join the request behind the signer.
 */
export function sendRawHeaders(client: S3Client): void {
  const held = new WeakMap<object, Record<string, string>>();
  client.middlewareStack.add(
    (next, context) => (args) => {
      if (!isHttpRequest(args.request)) return next(args);
      const entries = Object.entries(args.request.headers);
      const raw = entries.filter(([name, value]) => isRaw(name, value));
      if (raw.length > 0) {
        held.set(context, Object.fromEntries(raw));
        args.request.headers = Object.fromEntries(entries.filter((entry) => !raw.includes(entry)));
      }
      return next(args);
    },
    { step: 'build', name: 'holdRawHeaders', priority: 'low' },
  );
  client.middlewareStack.add(
    (next, context) => (args) => {
      const raw = held.get(context);
      if (raw && isHttpRequest(args.request)) {
        args.request.headers = { ...raw, ...args.request.headers };
        args.request.body = streamed(args.request.body);
      }
      return next(args);
    },
    { step: 'finalizeRequest', name: 'addRawHeaders', priority: 'low' },
  );
}
