/** What S3 keeps with an object besides its body. */

/** Headers that S3 keeps with an object and gives back on GET, by their lower-case names. */
export const HEADER_NAMES = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
  'website-redirect-location',
] as const;
export type HeaderName = (typeof HEADER_NAMES)[number];
export type Headers = Readonly<Partial<Record<HeaderName, string>>>;

/** `WRITE` means nothing on an object, but S3 keeps it. No grant header says it. */
const PERMISSIONS = ['FULL_CONTROL', 'READ', 'READ_ACP', 'WRITE', 'WRITE_ACP'] as const;
export type Permission = (typeof PERMISSIONS)[number];
export const isPermission = (value: unknown): value is Permission =>
  (PERMISSIONS as readonly unknown[]).includes(value);
/** One grant of an object ACL: to a canonical user or to one of S3's groups. */
export interface Grant {
  readonly grantee: { readonly id: string } | { readonly uri: string };
  readonly permission: Permission;
}
/** An object ACL. Grants keep S3's order. */
export interface Acl {
  readonly owner: string;
  readonly grants: readonly Grant[];
}

/** Keys may be any text, `__proto__` too: build these with Object.fromEntries or on a null prototype. */
export type Tags = Readonly<Record<string, string>>;
export type UserMetadata = Readonly<Record<string, string>>;

/** Algorithms of which S3 keeps a checksum with an object. */
export const CHECKSUM_ALGORITHMS = [
  'CRC32',
  'CRC32C',
  'CRC64NVME',
  'MD5',
  'SHA1',
  'SHA256',
  'SHA512',
  'XXHASH128',
  'XXHASH3',
  'XXHASH64',
] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];
/** One checksum that S3 keeps with an object. `value` is S3's text: base64, with `-<parts>` when composite. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly value: string;
}

/** How a written object is encrypted; the bucket's default when absent. */
export type Encryption = { readonly type: 'SSE_S3' } | { readonly type: 'SSE_KMS'; readonly kmsKeyId?: string };

/** What an object is written with besides its body. What is absent takes S3's default. */
export interface ObjectProperties {
  readonly headers?: Headers;
  readonly userMetadata?: UserMetadata;
  readonly tags?: Tags;
  /** Written as grant headers, which cannot say `WRITE` (`invalid`); the owner is the writing account. */
  readonly grants?: readonly Grant[];
  readonly storageClass?: string;
  readonly encryption?: Encryption;
}
