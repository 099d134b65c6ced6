import { MemoryObjectStore, MemoryS3 } from '../../lambda/adapters/memory';
import { AwsObjectStore } from '../../lambda/adapters/aws/s3/aws-object-store';
import type { ObjectStore, StoreErrorCode } from '../../lambda/ports/object-store';
import { FakeS3 } from '../support/fake-s3';
import { bytes } from '../support/s3-world';

/**
 * Answers that were recorded on AWS: status, error code and the fields that matter. The adapter is given them, and the model has to fail in
 * the same way in the same situation. `recording` names the test of localstack/localstack (tests/aws/services/s3) and the step whose
 * snapshot it is.
 */
interface Recorded {
  readonly recording: string;
  readonly status: number;
  readonly code: string;
  readonly message?: string;
  readonly key?: string;
  readonly headers?: Record<string, string>;
  readonly means: StoreErrorCode;
  /** What led to it, on the model. */
  readonly given: (s3: MemoryS3, store: ObjectStore) => Promise<unknown>;
  readonly call: (store: ObjectStore, given: unknown) => Promise<unknown>;
}

const NO_KEY = 'The specified key does not exist.';
const NOT_HELD = 'At least one of the pre-conditions you specified did not hold';
const CONFLICT = 'The conditional request cannot succeed due to a conflicting operation against this resource.';
const KEY = 'key';
const nothing = (): Promise<unknown> => Promise.resolve();
const put = (s3: MemoryS3): Promise<string> => Promise.resolve(s3.put('bucket', KEY, 'test'));
const etagOf = (s3: MemoryS3): string => s3.find('bucket', KEY).etag;
const OTHER = '0'.repeat(32);

interface Begun {
  readonly uploadId: string;
  readonly etag: string;
  readonly part: string;
}
/** An upload with one part, of a key that has an object. */
async function begin(s3: MemoryS3, store: ObjectStore): Promise<Begun> {
  await put(s3);
  const etag = etagOf(s3);
  const upload = await store.createUpload({ bucket: 'bucket', key: KEY });
  const source = { bucket: 'bucket', key: 'source', versionId: s3.put('bucket', 'source', 'part') };
  const part = await store.copyPart({ ...upload, partNumber: 1, source, range: { offset: 0, length: 4 } });
  return { uploadId: upload.uploadId, etag, part: part.etag };
}
const complete = (store: ObjectStore, given: unknown, condition: (begun: Begun) => object): Promise<unknown> => {
  const begun = (given ?? { uploadId: 'u', etag: 'e', part: 'p' }) as Begun;
  const parts = [{ partNumber: 1, etag: begun.part, size: 4 }];
  const upload = { bucket: 'bucket', key: KEY, uploadId: begun.uploadId, parts };
  return store.completeUpload({ ...upload, ...condition(begun) });
};
const source = { bucket: 'bucket', key: 'source', versionId: 'v' };
const copy = (store: ObjectStore, given: unknown, ifMatch: string): Promise<unknown> => {
  const versionId = (given as string | undefined) ?? source.versionId;
  return store.copy({ source: { ...source, versionId }, bucket: 'bucket', key: KEY, properties: {}, ifMatch });
};

const ANSWERS: readonly Recorded[] = [
  {
    recording: 'test_put_object_if_match: put-obj-if-match-wrong-etag',
    ...{ status: 412, code: 'PreconditionFailed', message: NOT_HELD, means: 'precondition-failed' },
    given: put,
    call: (store) => store.put({ bucket: 'bucket', key: KEY, body: bytes(''), ifMatch: OTHER }),
  },
  {
    recording: 'test_put_object_if_match: put-obj-if-match-key-not-exists',
    ...{ status: 404, code: 'NoSuchKey', message: NO_KEY, key: KEY, means: 'precondition-failed' },
    given: nothing,
    call: (store) => store.put({ bucket: 'bucket', key: KEY, body: bytes(''), ifMatch: OTHER }),
  },
  {
    recording: 'test_put_object_if_match_versioned_bucket: put-obj-after-del-exc',
    ...{ status: 404, code: 'NoSuchKey', message: NO_KEY, key: KEY, means: 'precondition-failed' },
    given: async (s3) => {
      await put(s3);
      return s3.delete('bucket', KEY);
    },
    call: (store) => store.put({ bucket: 'bucket', key: KEY, body: bytes(''), ifMatch: OTHER }),
  },
  {
    recording: 'test_put_object_if_none_match_versioned_bucket: put-obj-if-none-match',
    ...{ status: 412, code: 'PreconditionFailed', message: NOT_HELD, means: 'precondition-failed' },
    given: put,
    call: (store) => store.put({ bucket: 'bucket', key: KEY, body: bytes(''), ifAbsent: true }),
  },
  {
    recording: 'test_copy_object_if_match_versioned_bucket: copy-obj-if-match-wrong-etag',
    ...{ status: 412, code: 'PreconditionFailed', message: NOT_HELD, means: 'precondition-failed' },
    given: async (s3) => {
      await put(s3);
      return s3.put('bucket', 'source', 'x');
    },
    call: (store, given) => copy(store, given, OTHER),
  },
  {
    recording: 'test_copy_object_if_match_versioned_bucket: copy-obj-after-del-exc',
    ...{ status: 404, code: 'NoSuchKey', message: NO_KEY, key: KEY, means: 'precondition-failed' },
    given: async (s3) => {
      await put(s3);
      s3.delete('bucket', KEY);
      return s3.put('bucket', 'source', 'x');
    },
    call: (store, given) => copy(store, given, OTHER),
  },
  {
    recording: 'test_copy_object_if_match: copy-obj-if-match-fail-no-object',
    ...{ status: 404, code: 'NoSuchKey', message: NO_KEY, key: KEY, means: 'precondition-failed' },
    given: (s3) => Promise.resolve(s3.put('bucket', 'source', 'x')),
    call: (store, given) => copy(store, given, OTHER),
  },
  {
    recording: 'test_multipart_if_none_match_with_put: complete-multipart-if-none-match-put-during',
    ...{ status: 412, code: 'PreconditionFailed', message: NOT_HELD, means: 'precondition-failed' },
    given: begin,
    call: (store, given) => complete(store, given, () => ({ ifAbsent: true })),
  },
  {
    recording: 'test_multipart_if_none_match_with_delete: complete-multipart-after-del',
    ...{ status: 409, code: 'ConditionalRequestConflict', message: CONFLICT, key: KEY, means: 'conflict' },
    given: async (s3, store) => {
      const begun = await begin(s3, store);
      s3.delete('bucket', KEY);
      return begun;
    },
    call: (store, given) => complete(store, given, () => ({ ifAbsent: true })),
  },
  {
    recording: 'test_multipart_if_match_with_put: complete-multipart-if-match-put-before',
    ...{ status: 412, code: 'PreconditionFailed', message: NOT_HELD, means: 'precondition-failed' },
    given: async (s3, store) => {
      const begun = await begin(s3, store);
      s3.put('bucket', KEY, 'during');
      return begun;
    },
    call: (store, given) => complete(store, given, ({ etag }) => ({ ifMatch: etag })),
  },
  {
    recording: 'test_multipart_if_match_with_put_identical: complete-multipart-if-match-put-during',
    ...{ status: 409, code: 'ConditionalRequestConflict', message: CONFLICT, key: KEY, means: 'conflict' },
    given: async (s3, store) => {
      const begun = await begin(s3, store);
      await put(s3);
      return begun;
    },
    call: (store, given) => complete(store, given, ({ etag }) => ({ ifMatch: etag })),
  },
  {
    recording: 'test_multipart_if_match_with_delete: complete-multipart-after-del',
    ...{ status: 404, code: 'NoSuchKey', message: NO_KEY, key: KEY, means: 'precondition-failed' },
    given: async (s3, store) => {
      const begun = await begin(s3, store);
      s3.delete('bucket', KEY);
      return begun;
    },
    call: (store, given) => complete(store, given, ({ etag }) => ({ ifMatch: etag })),
  },
  {
    recording: 'test_multipart_if_match_with_delete: complete-multipart-if-match-after-put',
    ...{ status: 409, code: 'ConditionalRequestConflict', message: CONFLICT, key: KEY, means: 'conflict' },
    given: async (s3, store) => {
      const begun = await begin(s3, store);
      s3.delete('bucket', KEY);
      await put(s3);
      return begun;
    },
    call: (store, given) => complete(store, given, ({ etag }) => ({ ifMatch: etag })),
  },
  {
    recording: 'test_delete_object_if_match_non_express: delete-obj-if-match',
    ...{ status: 412, code: 'PreconditionFailed', message: NOT_HELD, means: 'precondition-failed' },
    given: put,
    call: (store) => store.addMarker({ bucket: 'bucket', key: KEY, ifMatch: OTHER }),
  },
  {
    recording: 'test_delete_object_versioned: get-delete-marker',
    ...{ status: 405, code: 'MethodNotAllowed', headers: { 'x-amz-delete-marker': 'true' }, means: 'delete-marker' },
    given: (s3) => Promise.resolve(s3.delete('bucket', KEY)),
    call: (store, given) => store.get({ bucket: 'bucket', key: KEY, versionId: given as string }),
  },
  {
    recording: 'test_delete_object_versioned: get-deleted-object-with-version',
    ...{ status: 404, code: 'NoSuchVersion', key: KEY, means: 'not-found' },
    given: (s3) => {
      const versionId = s3.put('bucket', KEY, 'x');
      s3.deleteVersion('bucket', KEY, versionId);
      return Promise.resolve(versionId);
    },
    call: (store, given) => store.get({ bucket: 'bucket', key: KEY, versionId: given as string }),
  },
  {
    recording: 'test_get_object_with_version_unversioned_bucket: get-obj-with-version',
    ...{ status: 400, code: 'InvalidArgument', message: 'Invalid version id specified', means: 'not-found' },
    given: put,
    call: (store) => store.get({ bucket: 'bucket', key: KEY, versionId: 'HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD' }),
  },
  {
    recording: 'test_object_tagging_exc: put-no-key-tags',
    ...{ status: 404, code: 'NoSuchKey', message: NO_KEY, key: KEY, means: 'not-found' },
    given: nothing,
    call: (store) => store.putTags({ bucket: 'bucket', key: KEY, tags: { a: 'b' } }),
  },
  {
    recording: 'test_s3_object_acl_exceptions: put-object-grant-acl-wrong-id',
    ...{ status: 400, code: 'InvalidArgument', message: 'Invalid id', means: 'unknown-grantee' },
    given: (s3) => Promise.resolve(s3.bucket('bucket').closedAccounts.add('d'.repeat(64))),
    call: (store) => {
      const grants = [{ grantee: { id: 'd'.repeat(64) }, permission: 'READ' }] as const;
      return store.put({ bucket: 'bucket', key: KEY, body: bytes(''), grants });
    },
  },
  {
    recording: 'test_object_retrieval_sse_c: get-obj-no-sse-c',
    ...{ status: 400, code: 'InvalidRequest', means: 'sse-c' },
    message: 'The object was stored using a form of Server Side Encryption. The correct parameters must be provided.',
    given: (s3) => Promise.resolve(s3.put('bucket', KEY, 'x', { sseC: true })),
    call: (store) => store.get({ bucket: 'bucket', key: KEY }),
  },
  {
    recording: 'test_s3_get_deep_archive_object_restore: get-object-invalid-state',
    ...{ status: 403, code: 'InvalidObjectState', means: 'archived' },
    given: (s3) => Promise.resolve(s3.put('bucket', KEY, 'x', { storageClass: 'DEEP_ARCHIVE' })),
    call: (store) => store.get({ bucket: 'bucket', key: KEY }),
  },
  {
    recording: 'test_upload_part_copy_with_copy_source_if_match_failed: upload-part-copy-source-if-match',
    ...{ status: 412, code: 'PreconditionFailed', message: NOT_HELD, means: 'precondition-failed' },
    given: begin,
    call: (store, given) => {
      const { uploadId } = (given ?? { uploadId: 'u' }) as Begun;
      const part = { partNumber: 1, source: { bucket: 'bucket', key: 'source', ifMatch: OTHER } };
      return store.copyPart({ bucket: 'bucket', key: KEY, uploadId, ...part, range: { offset: 0, length: 4 } });
    },
  },
];

describe.each(ANSWERS)('$recording', ({ status, code, message = 'no', key, headers, means, given, call }) => {
  test('is what the adapter makes of it', async () => {
    const named = key === undefined ? '' : `<Key>${key}</Key>`;
    const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message>${named}</Error>`;
    const { config } = new FakeS3({ status, headers, body });
    const store = new AwsObjectStore({ client: { ...config, maxAttempts: 1 } });
    await expect(call(store, undefined)).rejects.toMatchObject({ code: means });
  });

  test('is what the model does', async () => {
    const s3 = new MemoryS3();
    s3.createBucket('bucket', { ownership: 'ObjectWriter' });
    const store = new MemoryObjectStore(s3);
    const known = await given(s3, store);
    await expect(call(store, known)).rejects.toMatchObject({ code: means });
  });
});
