import { CHECKSUM_ALGORITHMS, type Checksum, type ChecksumAlgorithm } from './properties';

/** A checksum of the checksums of an upload's parts, such as `…-3`: it says nothing of the body as a whole. */
const OF_PARTS = /-[1-9]\d*$/;
export const isComposite = ({ value }: Pick<Checksum, 'value'>): boolean => OF_PARTS.test(value);

/** Of an upload by parts, S3 keeps a checksum of the full object only of these: it follows from those of the parts. */
const OF_UPLOADS = ['CRC32', 'CRC32C', 'CRC64NVME'] as const;
export type UploadChecksum = (typeof OF_UPLOADS)[number];
export const isUploadChecksum = (algorithm: ChecksumAlgorithm): algorithm is UploadChecksum =>
  (OF_UPLOADS as readonly ChecksumAlgorithm[]).includes(algorithm);

/** The checksum that a written object shall have. S3 proves the value itself, or its answer is compared, where it is known. */
export interface WantedChecksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly value?: string;
}

/** Whether a checksum is what it has to be; undefined where none of its kind is known. */
export function agrees(known: readonly Checksum[], found: Checksum | undefined): boolean | undefined {
  const same = known.filter(({ algorithm }) => algorithm === found?.algorithm);
  return same.length === 0 ? undefined : same.every(({ value }) => value === found?.value);
}

/** `<algorithm>:<value>`, as the vault's file tables have it. */
export const checksumText = ({ algorithm, value }: Checksum): string => `${algorithm}:${value}`;

/** Undefined when it is none that this release knows. */
export function checksumFrom(text: string | undefined): Checksum | undefined {
  const split = text?.indexOf(':') ?? -1;
  if (text === undefined || split < 0) return undefined;
  const algorithm = CHECKSUM_ALGORITHMS.find((name) => name === text.slice(0, split));
  return algorithm && { algorithm, value: text.slice(split + 1) };
}

export const sha256Checksum = (hex: string): Checksum => ({
  algorithm: 'SHA256',
  value: Buffer.from(hex, 'hex').toString('base64'),
});
