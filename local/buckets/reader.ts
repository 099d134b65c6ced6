import {
  GetObjectAclCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  ListObjectVersionsCommand,
  S3Client,
  type GetObjectCommandOutput,
} from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { clientConfig, type Endpoint } from '../service/aws-env';
import { inParallel } from '../support/parallel';
import { checksumOf, type BodyState, type BucketHistory, type VersionState } from './history';

const requestsAtOnce = 12;

interface ListedVersion {
  readonly kind: VersionState['kind'];
  readonly key: string;
  readonly versionId: string;
  readonly lastModified: string;
}

/** Reads what a bucket holds with the plain AWS SDK: every byte, header, tag and grant of every version. */
export class BucketReader {
  private readonly s3: S3Client;
  private text = '';

  constructor(engine: Endpoint) {
    this.s3 = new S3Client({ ...clientConfig(engine), forcePathStyle: true });
    // The SDK sorts a page into versions and delete markers, and so loses their order: it is read from the text.
    this.s3.middlewareStack.add(
      (next, context) => async (args) => {
        const result = await next(args);
        if (context.commandName === 'ListObjectVersionsCommand') this.text = await textOf(result.response);
        return result;
      },
      { step: 'deserialize', priority: 'low', name: 'keepText' },
    );
  }

  async read(bucket: string, prefix = ''): Promise<BucketHistory> {
    const listed = await this.list(bucket, prefix);
    const states = await inParallel(listed, requestsAtOnce, (version) => this.version(bucket, version));
    const history = new Map<string, VersionState[]>();
    for (const [index, { key }] of listed.entries()) {
      const state = states[index];
      // The listing has the newest version of a key first.
      if (state) history.set(key, [state, ...(history.get(key) ?? [])]);
    }
    return history;
  }

  /** How many neighbouring versions of a key were written within one second, where a date cannot tell their order. */
  async countSameSecond(bucket: string): Promise<number> {
    const listed = await this.list(bucket, '');
    return listed.filter(({ key, lastModified }, index) => {
      const before = listed[index - 1];
      return before?.key === key && before.lastModified === lastModified;
    }).length;
  }

  destroy(): void {
    this.s3.destroy();
  }

  private async list(bucket: string, prefix: string): Promise<ListedVersion[]> {
    const listed: ListedVersion[] = [];
    let position: { KeyMarker?: string; VersionIdMarker?: string } = {};
    for (;;) {
      const page = await this.s3.send(
        new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix, EncodingType: 'url', ...position }),
      );
      listed.push(...versionsIn(this.text));
      if (page.IsTruncated !== true) return listed;
      position = { KeyMarker: decodeKey(page.NextKeyMarker ?? ''), VersionIdMarker: page.NextVersionIdMarker };
    }
  }

  private async version(bucket: string, { kind, key, versionId }: ListedVersion): Promise<VersionState> {
    if (kind === 'marker') return { kind, versionId };
    const target = { Bucket: bucket, Key: key, VersionId: versionId };
    const object = await this.s3.send(new GetObjectCommand({ ...target, ChecksumMode: 'ENABLED' }));
    const body = (await object.Body?.transformToByteArray()) ?? new Uint8Array();
    const { TagSet = [] } = await this.s3.send(new GetObjectTaggingCommand(target));
    const { Grants = [] } = await this.s3.send(new GetObjectAclCommand(target));
    return {
      kind,
      versionId,
      size: body.byteLength,
      sha256: createHash('sha256').update(body).digest('hex'),
      headers: headersOf(object),
      metadata: object.Metadata ?? {},
      tags: Object.fromEntries(TagSet.map((tag) => [tag.Key ?? '', tag.Value ?? ''])),
      grants: Grants.map(({ Grantee, Permission = '' }) => `${Permission} ${Grantee?.ID ?? Grantee?.URI ?? ''}`).sort(),
      checksum: checksumOf(object),
    };
  }
}

function headersOf(object: GetObjectCommandOutput): BodyState['headers'] {
  const headers = {
    'cache-control': object.CacheControl,
    'content-disposition': object.ContentDisposition,
    'content-encoding': object.ContentEncoding,
    'content-language': object.ContentLanguage,
    'content-type': object.ContentType,
    expires: object.ExpiresString,
    'website-redirect-location': object.WebsiteRedirectLocation,
  };
  return Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** Reads an answer's text, and leaves it there for the SDK. */
async function textOf(response: unknown): Promise<string> {
  const answer = response as { body: Readable };
  const chunks: Buffer[] = [];
  for await (const chunk of answer.body) chunks.push(Buffer.from(chunk as Uint8Array));
  const body = Buffer.concat(chunks);
  answer.body = Readable.from([body]);
  return body.toString('utf8');
}

function versionsIn(xml: string): ListedVersion[] {
  return Array.from(xml.matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/gs), ([, element, content = '']) => {
    const field = (name: string): string => new RegExp(`<${name}>(.*?)</${name}>`).exec(content)?.[1] ?? '';
    return {
      kind: element === 'Version' ? 'body' : 'marker',
      key: decodeKey(field('Key')),
      versionId: field('VersionId'),
      lastModified: field('LastModified'),
    };
  });
}

/** `encoding-type=url`: percent-encoded UTF-8, a space as `+`. */
const decodeKey = (text: string): string => decodeURIComponent(text.replaceAll('+', '%20'));
