import type { S3Client } from '@aws-sdk/client-s3';
import type { ListedVersion } from '../../../../ports/object-store';
import type { RequestCounter, RequestCounts } from '../../../../ports/runtime';
import { type RowKind, rowOrder } from './version-rows';
import { readPage } from './version-text';

export interface WireResponse {
  /** Response headers, names in lower case. */
  readonly headers: Readonly<Partial<Record<string, string>>>;
  /** Order of the rows, for ListObjectVersions whose rows the SDK has read. */
  readonly rows: readonly RowKind[];
  /** The rows of ListObjectVersions, where they are as S3 writes them. */
  readonly entries?: readonly ListedVersion[];
}

/** What the SDK's own response objects leave out. */
export interface HttpResponse {
  readonly statusCode: number;
  readonly headers: Partial<Record<string, string>>;
  body?: unknown;
}

/** What the SDK sends. */
export interface HttpRequest {
  headers: Record<string, string>;
  body?: unknown;
}

/** What the SDK sends once it has signed it. */
export interface SignedRequest extends HttpRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  /** In percent encoding. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
}

export const isSignedRequest = (value: unknown): value is SignedRequest => isHttpRequest(value) && 'path' in value;

export const isHttpRequest = (value: unknown): value is HttpRequest =>
  typeof value === 'object' && value !== null && 'headers' in value;

export const isHttpResponse = (value: unknown): value is HttpResponse =>
  typeof value === 'object' && value !== null && 'headers' in value && 'statusCode' in value;

/** The SDK keeps a text that is no date under this name, but for an empty one, on which it fails. */
function hideEmptyExpires({ headers }: HttpResponse): void {
  if (headers.expires !== '') return;
  delete headers.expires;
  headers.expiresstring = '';
}

/**
 * Watches the requests of a client below its retries: counts every attempt, since every attempt is billed, and keeps
 * what the SDK drops from the answers.
 */
export class S3Wire implements RequestCounter {
  private readonly byOperation = new Map<string, number>();
  private readonly responses = new WeakMap<object, WireResponse>();
  private readonly pages = new WeakMap<object, Pick<WireResponse, 'rows' | 'entries'>>();

  constructor(client: S3Client) {
    client.middlewareStack.add(
      (next, context) => async (args) => {
        const operation = (context.commandName ?? '').replace(/Command$/, '');
        this.count(operation);
        const result = await next(args);
        if (result.output) this.remember(result.output, result.response);
        return result;
      },
      { step: 'deserialize', name: 'wireCounter', priority: 'high' },
    );
    client.middlewareStack.add(
      (next, context) => async (args) => {
        const result = await next(args);
        const { response } = result;
        if (isHttpResponse(response)) hideEmptyExpires(response);
        if (context.commandName === 'ListObjectVersionsCommand' && isHttpResponse(response)) {
          await this.readRows(client, response);
        }
        return result;
      },
      // Behind the deserializer, which uses the body up.
      { step: 'deserialize', name: 'wireText', priority: 'low' },
    );
  }

  /** Counts an attempt that does not go through the client's middleware. */
  count(operation: string): void {
    this.byOperation.set(operation, (this.byOperation.get(operation) ?? 0) + 1);
  }

  counts(): RequestCounts {
    return Object.fromEntries(this.byOperation);
  }

  /** What came with an output of the SDK. */
  of(output: object): WireResponse {
    return this.responses.get(output) ?? { headers: {}, rows: [] };
  }

  private remember(output: object, response: unknown): void {
    if (!isHttpResponse(response)) return;
    this.responses.set(output, { headers: response.headers, ...(this.pages.get(response) ?? { rows: [] }) });
  }

  private async readRows(client: S3Client, response: HttpResponse): Promise<void> {
    if (response.statusCode >= 300) return;
    const bytes =
      response.body instanceof Uint8Array ? response.body : await client.config.streamCollector(response.body);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
    const page = readPage(text);
    response.body = page ? Buffer.from(page.rest) : bytes;
    this.pages.set(response, page ? { rows: [], entries: page.entries } : { rows: rowOrder(text) });
  }
}
