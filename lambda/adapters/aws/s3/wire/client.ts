import { Sha512 } from '@aws-sdk/checksums/sha';
import { Xxh3_128, Xxh3_64, Xxh64 } from '@aws-sdk/checksums/xxh';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { sendRawHeaders } from './raw-headers';

/** As many requests at once as one Lambda gains from; a connection each. */
const MAX_SOCKETS = 64;
/** S3 asks to slow down for minutes while it splits a partition: eight attempts with full back-off span about a minute. */
const MAX_ATTEMPTS = 8;
const CONNECTION_TIMEOUT_MS = 5_000;
/** A copy of the largest part may say nothing for a minute (design: no operation over 60 s), so twice that. */
const SOCKET_TIMEOUT_MS = 120_000;

/** Without these the SDK refuses the answer to each GET of an object that has such a checksum. */
const MORE_CHECKSUMS = { SHA512: Sha512, XXHASH64: Xxh64, XXHASH3: Xxh3_64, XXHASH128: Xxh3_128 };

/** The S3 client of the runtime. An endpoint of one's own (AWS_ENDPOINT_URL) means no virtual-hosted names. */
export function createS3Client(config: S3ClientConfig = {}): S3Client {
  const endpoint = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL ?? config.endpoint;
  const agent = { keepAlive: true, maxSockets: MAX_SOCKETS };
  const client = new S3Client({
    // Adaptive: once S3 or KMS throttles, the client holds its own rate down instead of trying the same again.
    retryMode: 'adaptive',
    maxAttempts: MAX_ATTEMPTS,
    followRegionRedirects: false,
    forcePathStyle: endpoint !== undefined,
    // Asked for call by call: S3 has no checksum for a range, and the default for writes is not SHA-256.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    checksumAlgorithms: MORE_CHECKSUMS,
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      socketTimeout: SOCKET_TIMEOUT_MS,
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent(agent),
    },
    ...config,
  });
  client.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        throw isKmsThrottling(error) ? Object.assign(error, { $retryable: { throttling: true } }) : error;
      }
    },
    { step: 'finalizeRequest', name: 'kmsThrottling', priority: 'low' },
  );
  sendRawHeaders(client);
  return client;
}

/** The quota of KMS requests belongs to the whole account. S3 passes its refusals on under a name that the SDK would not retry. */
const isKmsThrottling = (error: unknown): error is Error =>
  error instanceof Error && /^KMS\..*Throttl/.test(error.name);
