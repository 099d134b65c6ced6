import type { S3Client } from '@aws-sdk/client-s3';
import { percentEncode } from '../../../../core/objects/tagging-header';
import { type HttpResponse, isSignedRequest, type SignedRequest } from './wire';

/** Headers that are the same in all requests of one kind to a bucket. */
const LASTING = ['host', 'user-agent', 'x-amz-user-agent', 'x-amz-expected-bucket-owner'];
/** Headers that each request has of its own: the signer's, and what says which attempt of which call it is. */
const OWN = [
  ...['authorization', 'x-amz-date', 'x-amz-security-token'],
  ...['amz-sdk-invocation-id', 'amz-sdk-request', 'x-amzn-trace-id'],
];
/** Headers that the caller may give, and beginnings of such. A route on which the SDK sends any other is not known. */
const GIVEN =
  /^(range|if-match|if-none-match|content-.*|cache-control|expires|x-amz-(meta-.*|grant-.*|checksum-.*|content-sha256|server-side-encryption.*|storage-class|tagging|website-redirect-location))$/;
const SIGNATURE = 'AWS4-HMAC-SHA256 ';
/** Routes that are remembered at once: a function works with a few buckets, the capture with those that it protects. */
const MAX_ROUTES = 1_000;

type Signer = Awaited<ReturnType<S3Client['config']['signer']>>;
type RequestSigner = Pick<Extract<Signer, { sign: unknown }>, 'sign'>;

/** How requests for the objects of a bucket are addressed and signed. */
interface Route {
  readonly target: Pick<SignedRequest, 'protocol' | 'hostname' | 'port'>;
  /** What stands before the key in the path. */
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signer: RequestSigner;
  readonly region: string;
  readonly service: string;
}

/** A request for an object, without what all requests of its kind to its bucket have. */
export interface ObjectRequest {
  readonly operation: 'GetObject' | 'PutObject';
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

const METHODS = { GetObject: 'GET', PutObject: 'PUT' } as const;
const isKnown = (operation: string): operation is keyof typeof METHODS => operation in METHODS;

/** What came of a first attempt: an answer, whose body is unread, or the failure of the connection. */
export type FirstAttempt = { readonly response: HttpResponse } | { readonly failure: unknown };

/**
 * Sends requests past the SDK's middleware, which takes most of the CPU time of a small request (docs/decisions/0011). The SDK makes the
 * first request of each kind to each bucket: where that one went, and with which lasting headers, the others go too, signed by the SDK's
 * own signer with the SDK's credentials, sent by its HTTP handler with its connections and timeouts, at the rate of its retry strategy.
 * Each is a first attempt only: what is not a plain success is for the SDK to judge and to repeat (`answerFirst`).
 */
export class KnownRoutes {
  private readonly routes = new Map<string, Route | 'unknown'>();

  constructor(private readonly client: S3Client) {
    client.middlewareStack.add(
      (next, context) => async (args) => {
        const { Bucket: bucket, Key: key } = args.input as { Bucket?: string; Key?: string };
        const operation = (context.commandName ?? '').replace(/Command$/, '');
        const { request } = args;
        if (isKnown(operation) && bucket !== undefined && key !== undefined && isSignedRequest(request)) {
          const name = nameOf(operation, bucket);
          const authScheme = context.endpointV2?.properties?.authSchemes?.[0];
          if (!this.routes.has(name)) await this.learn(name, key, request, authScheme);
        }
        return next(args);
      },
      { step: 'finalizeRequest', name: 'learnRoute', priority: 'low' },
    );
  }

  /** Makes one attempt; undefined when the SDK has to make it, as the first one to a bucket. */
  async attempt(wanted: ObjectRequest): Promise<FirstAttempt | undefined> {
    const { operation, bucket, key, versionId, body } = wanted;
    const route = this.routes.get(nameOf(operation, bucket));
    if (route === undefined || route === 'unknown') return undefined;
    const { config } = this.client;
    const strategy = await config.retryStrategy();
    if (!('acquireInitialRetryToken' in strategy)) return undefined;
    const { target, base, signer, region, service } = route;
    const request = {
      ...target,
      method: METHODS[operation],
      path: base + encodeKey(key),
      query: { ...(versionId !== undefined && { versionId }), 'x-id': operation },
      headers: { ...route.headers, ...wanted.headers, ...traceHeader() },
      body,
    };
    const token = await strategy.acquireInitialRetryToken('');
    const signingDate = new Date(Date.now() + config.systemClockOffset);
    let signed: SignedRequest;
    try {
      signed = (await signer.sign(request, {
        signingDate,
        signingRegion: region,
        signingService: service,
      })) as SignedRequest;
    } catch {
      // No credentials: the SDK says so in its own words.
      return undefined;
    }
    try {
      const { response } = (await config.requestHandler.handle(signed as never)) as { readonly response: HttpResponse };
      if (response.statusCode < 300) strategy.recordSuccess(token);
      return { response };
    } catch (failure) {
      return { failure };
    }
  }

  /** A route is known only if our request would have been the SDK's, down to its signature. */
  private async learn(name: string, key: string, sent: SignedRequest, authScheme: unknown): Promise<void> {
    if (this.routes.size >= MAX_ROUTES) this.routes.clear();
    this.routes.set(name, 'unknown');
    const encoded = encodeKey(key);
    const { authorization = '' } = sent.headers;
    const [, region, service] = /Credential=[^,]*\/\d{8}\/([^/,]+)\/([^/,]+)\/aws4_request,/.exec(authorization) ?? [];
    const names = Object.keys(sent.headers).map((header) => header.toLowerCase());
    if (!authorization.startsWith(SIGNATURE) || region === undefined || service === undefined) return;
    if (!names.every((header) => [...LASTING, ...OWN].includes(header) || GIVEN.test(header))) return;
    if (!sent.path.endsWith(`/${encoded}`)) return;
    const signer = await this.client.config.signer(authScheme as never);
    const signingDate = dateOf(sent.headers['x-amz-date'] ?? '');
    const again = await signer.sign(
      { ...sent, headers: { ...sent.headers } },
      {
        signingDate,
        signingRegion: region,
        signingService: service,
      },
    );
    if ((again as unknown as SignedRequest).headers.authorization !== authorization) return;
    const { protocol, hostname, port } = sent;
    const base = sent.path.slice(0, sent.path.length - encoded.length);
    const headers = Object.fromEntries(Object.entries(sent.headers).filter(([header]) => LASTING.includes(header)));
    this.routes.set(name, { target: { protocol, hostname, port }, base, headers, signer, region, service });
  }
}

const nameOf = (operation: string, bucket: string): string => `${operation} ${bucket}`;

/** By this header AWS finds functions that start themselves again and again; the SDK sends it from Lambda only. */
function traceHeader(): Record<string, string> {
  const { AWS_LAMBDA_FUNCTION_NAME: name, _X_AMZN_TRACE_ID: trace } = process.env;
  return name === undefined || trace === undefined || trace === '' ? {} : { 'X-Amzn-Trace-Id': trace };
}

const encodeKey = (key: string): string => key.split('/').map(percentEncode).join('/');

/** The instant of `20260704T102030Z`. */
const dateOf = (text: string): Date =>
  new Date(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
