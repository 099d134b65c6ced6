import { GetObjectCommand } from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { type GetOptions, type ObjectBody, StoreError } from '../../../ports/object-store';
import { answerFirst, readWhole } from './wire/first-answer';
import type { KnownRoutes } from './wire/known-routes';
import { readBody } from './wire/object-body';
import { checksumOf, conditionFields, type HeadFields, headFrom } from './wire/object-fields';
import { bodyCheck, plainAnswer } from './wire/plain-answers';
import type { S3Requests } from './wire/requests';
import type { WireResponse } from './wire/wire';

/** A connection may break in the middle of a body, where the SDK no longer tries again. */
const BODY_ATTEMPTS = 3;

/** SHA-256 of no bytes: the body of a GET. */
const EMPTY_HASH = createHash('sha256').digest('hex');

/** Such as `bytes 5-9/100`. */
const CONTENT_RANGE = /^bytes (\d+)-(\d+)\/(\d+)$/;

/** An answer whose body is still to be read. */
interface Answer {
  readonly fields: HeadFields;
  readonly wire: WireResponse;
  readonly stream: Readable;
  /** Throws when a body is not what S3 stored; where the SDK read the answer, its stream may fail first. */
  readonly check?: (body: Uint8Array) => void;
}

/** Reads bodies of objects: what a backup does most. */
export class ObjectReads {
  constructor(
    private readonly requests: S3Requests,
    private readonly routes: KnownRoutes,
  ) {}

  async get(options: GetOptions): Promise<ObjectBody> {
    const { range } = options;
    for (let attempt = 1; ; attempt++) {
      const answer = await this.ask(options);
      const other = otherThan(options, answer.fields);
      if (other !== undefined) {
        answer.stream.destroy();
        if (attempt < BODY_ATTEMPTS) continue;
        throw new StoreError('unavailable', `cannot read ${options.bucket}/${options.key}: S3 returned ${other}`);
      }
      const head = headFrom(answer.fields, answer.wire);
      const whole = await this.bodyOf(options, answer, attempt === BODY_ATTEMPTS);
      if (!whole) continue;
      // A server may ignore a range and send everything.
      const body = range && answer.fields.ContentRange === undefined ? slice(whole, range) : whole;
      return { ...head, checksum: range ? undefined : head.checksum, body };
    }
  }

  private ask(options: GetOptions): Promise<Answer> {
    const { bucket, key, versionId, range } = options;
    const { IfMatch } = conditionFields(options);
    // A whole body is checked by its checksum; S3 has none for a range.
    const extent = range && `bytes=${range.offset}-${range.offset + range.length - 1}`;
    return this.requests.run(options, async (client, owner) => {
      const first = await this.routes.attempt({
        operation: 'GetObject',
        bucket,
        key,
        versionId,
        headers: {
          'x-amz-content-sha256': EMPTY_HASH,
          ...(extent === undefined ? { 'x-amz-checksum-mode': 'ENABLED' } : { range: extent }),
          ...(IfMatch !== undefined && { 'if-match': IfMatch }),
        },
      });
      if (first && 'response' in first) {
        const { response } = first;
        const plain = plainAnswer(response, range !== undefined);
        if (plain) {
          this.requests.wire.count('GetObject');
          return { ...plain, wire: { headers: response.headers, rows: [] }, stream: response.body as Readable };
        }
      }
      const whole = extent === undefined ? { ChecksumMode: 'ENABLED' as const } : { Range: extent };
      const command = new GetObjectCommand({
        Bucket: bucket,
        Key: key,
        VersionId: versionId,
        IfMatch,
        ...whole,
        ...owner,
      });
      if (first) answerFirst(command, 'response' in first ? await readWhole(first.response) : first);
      const output = await client.send(command);
      const wire = this.requests.wire.of(output);
      const check = range ? undefined : bodyCheck(checksumOf(output));
      return { fields: output, wire, stream: output.Body as Readable, check };
    });
  }

  /** The body as S3 sent it; undefined when it broke off and is worth another attempt. */
  private async bodyOf({ bucket, key }: GetOptions, answer: Answer, last: boolean): Promise<Uint8Array | undefined> {
    try {
      const body = await readBody(answer.stream, answer.fields.ContentLength ?? 0);
      answer.check?.(body);
      return body;
    } catch (cause) {
      if (!last) return undefined;
      const problem = cause instanceof Error ? cause.message : 'unknown';
      throw new StoreError('unavailable', `cannot read ${bucket}/${key}: ${problem}`, { cause });
    }
  }
}

/** What an answer is about that another question was asked for; undefined when it is the right one. */
function otherThan({ versionId, range }: GetOptions, fields: HeadFields): string | undefined {
  const { VersionId = versionId, ContentRange } = fields;
  if (versionId !== undefined && VersionId !== versionId) return `version ${String(VersionId)} instead of ${versionId}`;
  if (ContentRange === undefined) return undefined;
  const [first, last, size] = (CONTENT_RANGE.exec(ContentRange) ?? []).slice(1).map(Number);
  if (size === undefined && !range) return undefined;
  const { offset, length } = range ?? { offset: 0, length: Infinity };
  if (size !== undefined && first === offset && last === Math.min(offset + length, size) - 1) return undefined;
  return `"${ContentRange}" instead of ${range ? `${length} bytes from ${offset} on` : 'the whole object'}`;
}

function slice(body: Uint8Array, { offset, length }: NonNullable<GetOptions['range']>): Uint8Array {
  if (offset >= body.length)
    throw new StoreError('invalid', `a range begins at ${offset}, but the object has ${body.length} bytes`);
  return body.slice(offset, offset + length);
}
