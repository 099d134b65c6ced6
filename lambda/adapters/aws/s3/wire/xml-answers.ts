import type { S3Client } from '@aws-sdk/client-s3';
import { type HttpResponse, isHttpResponse } from './wire';

/** The element that an answer of S3 consists of. Commands that are not here say it all in headers, or nothing at all. */
const ROOTS: Readonly<Partial<Record<string, string>>> = {
  ListObjectVersionsCommand: 'ListVersionsResult',
  ListObjectsV2Command: 'ListBucketResult',
  ListPartsCommand: 'ListPartsResult',
  GetObjectTaggingCommand: 'Tagging',
  GetObjectAclCommand: 'AccessControlPolicy',
  CopyObjectCommand: 'CopyObjectResult',
  CreateMultipartUploadCommand: 'InitiateMultipartUploadResult',
  UploadPartCopyCommand: 'CopyPartResult',
  CompleteMultipartUploadCommand: 'CompleteMultipartUploadResult',
  GetBucketVersioningCommand: 'VersioningConfiguration',
  GetBucketOwnershipControlsCommand: 'OwnershipControls',
  GetBucketNotificationConfigurationCommand: 'NotificationConfiguration',
  GetBucketInventoryConfigurationCommand: 'InventoryConfiguration',
};

/** Commands about an object, whose answers have its ETag at least. */
const TAGGED: ReadonlySet<string> = new Set(['GetObjectCommand', 'HeadObjectCommand', 'PutObjectCommand']);

/** What stands first in a text of XML, after its declaration. */
const ROOT = /^\s*(?:<\?[^>]*\?>\s*)?<(?:[\w-]+:)?(\w+)[\s/>]/;
/** S3 sends spaces while it works on a copy or an upload, but hardly more than these. */
const BEGINNING = 4_096;

/**
 * A success of S3 may hold anything, say its docs: an error, or nothing. The SDK finds an error only if it is the very last of the
 * answer, and reads all else that is no answer as an empty one: a bucket without objects, an object without tags, a bucket that
 * notifies nobody. Nor is a page of a gateway an object, or that one was written. Such an attempt failed, and is made again.
 */
export function refuseOtherAnswers(client: S3Client): void {
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const result = await next(args);
        const { response } = result;
        const root = ROOTS[commandName];
        if (!isHttpResponse(response) || response.statusCode >= 300) return result;
        if (root === undefined) {
          if (!TAGGED.has(commandName) || response.headers.etag) return result;
          throw noAnswer(response, 'an ETag');
        }
        const { body = new Uint8Array() } = response;
        const bytes = body instanceof Uint8Array ? body : await client.config.streamCollector(body);
        response.body = bytes;
        const found = rootOf(bytes);
        // The SDK reads which error it is, and tries again as after any other of S3's own.
        if (found === 'Error') Object.assign(response, { statusCode: 503 });
        if (found === root || found === 'Error') return result;
        throw noAnswer(response, root);
      },
    { step: 'deserialize', name: 'otherAnswers', priority: 'low' },
  );
}

/** As the SDK itself fails when S3 has broken off an answer. */
const noAnswer = ({ statusCode }: HttpResponse, missing: string): Error =>
  Object.assign(new Error(`S3 returned ${statusCode} without ${missing}`), {
    name: 'InternalError',
    $metadata: { httpStatusCode: 503 },
  });

function rootOf(bytes: Uint8Array): string | undefined {
  const beginning = ROOT.exec(
    Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, BEGINNING)).toString(),
  );
  // All of it only where it begins with very many spaces.
  return (beginning ?? ROOT.exec(Buffer.from(bytes).toString()))?.[1];
}
