import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';

export interface SentRequest {
  readonly method: string;
  readonly hostname: string;
  readonly path: string;
  readonly query: Record<string, string>;
  readonly headers: Record<string, string>;
  readonly body: unknown;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | Readable;
}

export const DATE = 'Sat, 04 Jul 2026 10:20:30 GMT';
export const DATE_SECONDS = Date.UTC(2026, 6, 4, 10, 20, 30) / 1000;

export const errorXml = (code: string, message = 'no'): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;

/** Answers of AWS that no local engine gives, in place of the SDK's HTTP client. Remembers what was sent. */
export class FakeS3 {
  readonly sent: SentRequest[] = [];
  private readonly answers: Answer[] = [];

  /** The next answers, in order; the last one is given again and again. */
  constructor(...answers: Answer[]) {
    this.answers = answers;
  }

  get config(): S3ClientConfig {
    return {
      region: 'eu-central-1',
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
      requestHandler: {
        handle: (request: SentRequest) => {
          this.sent.push(request);
          const answer = this.answers.length > 1 ? this.answers.shift() : this.answers.at(0);
          return Promise.resolve({ response: response(answer ?? {}) });
        },
      },
    };
  }

  get last(): SentRequest {
    const last = this.sent.at(-1);
    if (!last) throw new Error('nothing was sent');
    return last;
  }
}

/** What is said of any object; an answer with an empty ETag is one without. */
const ETAGGED = { etag: '"e"' };

function response({ status = 200, headers = {}, body = '' }: Answer) {
  const length: Record<string, string> =
    typeof body === 'string' ? { 'content-length': `${Buffer.byteLength(body)}` } : {};
  return {
    statusCode: status,
    headers: { date: DATE, ...ETAGGED, ...length, ...headers },
    body: typeof body === 'string' ? Readable.from(body === '' ? [] : [Buffer.from(body)]) : body,
  };
}
