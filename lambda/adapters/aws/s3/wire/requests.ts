import type { $Command, S3Client, S3ClientConfig, ServiceOutputTypes } from '@aws-sdk/client-s3';
import { isStoreError, StoreError, type WriteCondition } from '../../../../ports/object-store';
import { createS3Client } from './client';
import { storeError } from './store-errors';
import { isHttpRequest, S3Wire } from './wire';
import { refuseOtherAnswers } from './xml-answers';

interface ExpectedOwner {
  readonly ExpectedBucketOwner?: string;
}
interface ExpectedSourceOwner {
  readonly ExpectedSourceBucketOwner?: string;
}

/** Makes the calls of one store: its client, the expected owner of the buckets, and errors as StoreErrors. */
export class S3Requests {
  readonly client: S3Client;
  readonly wire: S3Wire;
  private readonly owner: ExpectedOwner;
  private readonly sourceOwner: ExpectedSourceOwner;

  constructor({ accountId, client }: { readonly accountId?: string; readonly client?: S3ClientConfig }) {
    this.client = createS3Client(client);
    this.wire = new S3Wire(this.client);
    refuseOtherAnswers(this.client);
    this.owner = { ExpectedBucketOwner: accountId };
    this.sourceOwner = { ExpectedSourceBucketOwner: accountId };
  }

  async run<T>(
    subject: { readonly bucket: string; readonly key?: string; readonly versionId?: string },
    call: (client: S3Client, owner: ExpectedOwner, sourceOwner: ExpectedSourceOwner) => Promise<T>,
  ): Promise<T> {
    try {
      return await call(this.client, this.owner, this.sourceOwner);
    } catch (error) {
      throw storeError(error, [subject.bucket, subject.key, subject.versionId].filter(Boolean).join('/'));
    }
  }

  /** A write whose key has to have an ETag: S3 answers 404 when there is no object, which is the condition failing. */
  async runConditional<T>(
    subject: { readonly bucket: string; readonly key: string } & WriteCondition,
    call: (client: S3Client, owner: ExpectedOwner) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.run(subject, call);
    } catch (error) {
      if (subject.ifMatch === undefined || !isStoreError(error, 'not-found', 'delete-marker')) throw error;
      throw new StoreError('precondition-failed', error.message, { cause: error.cause });
    }
  }
}

/** Adds headers that the SDK has no fields for; they are signed like the others. */
export function addHeaders<Input extends object, Output extends ServiceOutputTypes>(
  command: Pick<$Command<Input, Output, unknown>, 'middlewareStack'>,
  headers: Readonly<Record<string, string>>,
): void {
  command.middlewareStack.add(
    (next) => (args) => {
      if (isHttpRequest(args.request)) Object.assign(args.request.headers, headers);
      return next(args);
    },
    { step: 'build', name: 'extraHeaders' },
  );
}
