import { createHash, createHmac } from 'node:crypto';
import type { SentRequest } from './fake-s3';

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/**
 * The signature that S3 expects of a request with the headers that it names as signed, by AWS's description of Signature Version 4 for S3
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
 */
export function expectedSignature(request: SentRequest, secret: string): string {
  const { method, path, query, headers } = request;
  const [, scope = '', names = ''] =
    /Credential=[^/]+\/([^,]+), SignedHeaders=([^,]+),/.exec(headers.authorization ?? '') ?? [];
  const [day = '', region = '', service = ''] = scope.split('/');
  const pairs = Object.entries(query).map(([name, value]) => `${encode(name)}=${encode(value)}`);
  const lines = names.split(';').map((name) => `${name}:${(headers[name] ?? '').trim().replace(/\s+/g, ' ')}\n`);
  const body = headers['x-amz-content-sha256'] ?? '';
  const canonical = [method, path, pairs.sort().join('&'), lines.join(''), names, body].join('\n');
  const hash = createHash('sha256').update(canonical).digest('hex');
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secret}`);
  return hmac(key, ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, hash].join('\n')).toString('hex');
}

/** The signature that a request has. */
export const signatureOf = ({ headers }: SentRequest): string | undefined =>
  /Signature=([0-9a-f]{64})$/.exec(headers.authorization ?? '')?.[1];
