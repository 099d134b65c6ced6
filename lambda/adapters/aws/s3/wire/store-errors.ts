import { S3ServiceException } from '@aws-sdk/client-s3';
import { StoreError, type StoreErrorCode } from '../../../../ports/object-store';

/** S3's error codes that mean one thing wherever they come from. */
const BY_CODE: Readonly<Partial<Record<string, StoreErrorCode>>> = {
  NoSuchBucket: 'no-such-bucket',
  NoSuchKey: 'not-found',
  NoSuchVersion: 'not-found',
  NotFound: 'not-found',
  NoSuchUpload: 'no-such-upload',
  PreconditionFailed: 'precondition-failed',
  ConditionalRequestConflict: 'conflict',
  OperationAborted: 'conflict',
  AccessDenied: 'access-denied',
  AllAccessDisabled: 'access-denied',
  InvalidObjectState: 'archived',
  ObjectNotInActiveTierError: 'archived',
  KeyTooLongError: 'key-too-long',
  BadDigest: 'bad-digest',
  XAmzContentSHA256Mismatch: 'bad-digest',
  AccessControlListNotSupported: 'acls-disabled',
  TooManyConfigurations: 'too-many-configurations',
  SlowDown: 'throttled',
  ServiceUnavailable: 'throttled',
  RequestLimitExceeded: 'throttled',
  InternalError: 'unavailable',
  RequestTimeout: 'unavailable',
  // Our own credentials or clock: says nothing about the object, and a new attempt may have better ones.
  ExpiredToken: 'unavailable',
  RequestTimeTooSkewed: 'unavailable',
  // A broken request of ours must not look like an object that nobody may read.
  SignatureDoesNotMatch: 'invalid',
  InvalidAccessKeyId: 'invalid',
};

/** Codes that S3 uses for many things: the message tells which. */
const BY_MESSAGE: readonly { readonly code: string; readonly text: RegExp; readonly means: StoreErrorCode }[] = [
  { code: 'InvalidRequest', text: /stored using a form of Server Side Encryption/i, means: 'sse-c' },
  { code: 'InvalidRequest', text: /delete marker/i, means: 'delete-marker' },
  { code: 'InvalidArgument', text: /version id/i, means: 'not-found' },
  { code: 'InvalidArgument', text: /^invalid (?:id|group uri)$/i, means: 'unknown-grantee' },
];

/** Errors of this program rather than of S3 or of the way there. */
const isBug = (error: Error): boolean =>
  error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;

/** An error of any realm: those of Node's own modules are no instances of the `Error` of a vm context, such as that of a test. */
export const isErrorLike = (value: unknown): value is Error =>
  typeof value === 'object' && value !== null && 'name' in value && 'message' in value;

/** The StoreError for whatever an SDK call threw; the original is its cause. */
export function storeError(error: unknown, subject: string): unknown {
  if (error instanceof StoreError || !isErrorLike(error) || isBug(error)) return error;
  const code = error instanceof S3ServiceException ? codeOf(error) : codeOfLocal(error);
  const lastModified = code === 'delete-marker' ? markerDate(error) : undefined;
  return new StoreError(code, `${subject}: ${error.name}: ${error.message}`, { cause: error, lastModified });
}

/** S3's name for what went wrong, of an error that `storeError` made. */
export const causeName = (error: unknown): string | undefined =>
  error instanceof StoreError && error.cause instanceof S3ServiceException ? error.cause.name : undefined;

/** The key that S3's answer is about, where it names one. */
export const causeKey = (error: unknown): string | undefined => {
  const { cause } = error instanceof StoreError ? error : {};
  return cause instanceof S3ServiceException && 'Key' in cause && typeof cause.Key === 'string' ? cause.Key : undefined;
};

/** Status of the answer; undefined when there was none. */
export const statusOf = (error: unknown): number | undefined =>
  error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;

function codeOf(error: S3ServiceException): StoreErrorCode {
  const status = error.$metadata.httpStatusCode ?? 0;
  if (isMarker(error) && (status === 404 || status === 405)) return 'delete-marker';
  if (/throttl|rate exceeded/i.test(`${error.name} ${error.message}`)) return 'throttled';
  // The key that encrypts the object is disabled or deleted; what AWS itself cannot do for now says nothing of the key.
  if (error.name.startsWith('KMS.')) return status >= 500 ? 'unavailable' : 'access-denied';
  const byMessage = BY_MESSAGE.find(({ code, text }) => code === error.name && text.test(error.message));
  return byMessage?.means ?? BY_CODE[error.name] ?? byStatus(status);
}

/** Answers to HEAD have no body, hence no code. */
function byStatus(status: number): StoreErrorCode {
  switch (status) {
    case 403:
      return 'access-denied';
    case 404:
      return 'not-found';
    case 405:
      return 'delete-marker';
    case 409:
      return 'conflict';
    case 412:
      return 'precondition-failed';
    case 429:
    case 503:
      return 'throttled';
    default:
      return status >= 500 ? 'unavailable' : 'invalid';
  }
}

/** S3 says when a delete marker was made if it is asked for by its version ID. */
function markerDate(error: Error): number | undefined {
  const text = error instanceof S3ServiceException ? error.$response?.headers['last-modified'] : undefined;
  const date = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.floor(date / 1000);
}

const isMarker = (error: S3ServiceException): boolean => error.$response?.headers['x-amz-delete-marker'] === 'true';

/** No answer of S3: a name that the SDK refuses, or a connection that failed. */
const codeOfLocal = (error: Error): StoreErrorCode => (error.name === 'InvalidBucketName' ? 'invalid' : 'unavailable');
