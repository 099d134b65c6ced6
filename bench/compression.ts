import { constants, deflateRawSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ONE_VCPU_MIB } from '../lib/private/runtime-function';
import { perMillion } from '../local/support/prices';

/** What zstd makes of bodies of one kind, each by itself or all of a pack together. */
export interface CompressionResult {
  readonly content: string;
  readonly bodyBytes: number;
  readonly level: number;
  /** Bytes of a compressed body or pack for one of the plain one. */
  readonly ratio: { readonly perBody: number; readonly perPack: number };
  /** CPU of the whole, milliseconds for a MiB of plain bytes: of each body by itself. */
  readonly cpuMillisPerMiB: { readonly compress: number; readonly decompress: number };
  /** US$ for a GB of plain bytes: Lambda to compress it once, and storage that it saves in a month. */
  readonly dollarsPerGB: { readonly compress: number; readonly savedPerMonth: number };
}

const KIB = 1_024;
const MIB = KIB * KIB;
const PACK_BYTES = 8 * MIB;
const LEVELS = [1, 3];
const SIZES = [KIB, 10 * KIB, 100 * KIB];

/** A sequence of numbers that looks random and is always the same. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

type Content = (next: () => number, bytes: number) => Buffer;

const pick = <T>(next: () => number, values: readonly T[]): T => values[Math.floor(next() * values.length)] as T;
const digits = (next: () => number, count: number): string =>
  Math.floor(next() * 10 ** count)
    .toString()
    .padStart(count, '0');
const WORDS = 'order total invoice customer shipped pending address street number email phone amount item note'.split(
  ' ',
);
const NAMES = 'Anna Boris Chen Deniz Emeka Farah Greta Hugo Ines Jonas Kofi Lena Mira Noor Otto Priya'.split(' ');

function filled(bytes: number, line: () => string): Buffer {
  const lines: string[] = [];
  for (let length = 0; length < bytes;) {
    const text = line();
    lines.push(text);
    length += Buffer.byteLength(text) + 1;
  }
  return Buffer.from(lines.join('\n')).subarray(0, bytes);
}

/** Contents of many small objects as buckets have them. */
const CONTENTS: Readonly<Record<string, Content>> = {
  'JSON records': (next, bytes) =>
    filled(bytes, () =>
      JSON.stringify({
        id: `${digits(next, 8)}-${digits(next, 4)}`,
        createdAt: `2026-${digits(next, 1)}1-2${digits(next, 1)}T1${digits(next, 1)}:${digits(next, 2)}:00Z`,
        name: `${pick(next, NAMES)} ${pick(next, NAMES)}`,
        status: pick(next, ['shipped', 'pending', 'paid']),
        amount: Number(digits(next, 5)) / 100,
        note: Array.from({ length: 8 }, () => pick(next, WORDS)).join(' '),
      }),
    ),
  CSV: (next, bytes) =>
    filled(bytes, () =>
      [digits(next, 9), digits(next, 4), pick(next, NAMES), (next() * 1_000).toFixed(2), pick(next, WORDS)].join(','),
    ),
  'access logs': (next, bytes) =>
    filled(
      bytes,
      () =>
        `10.0.${digits(next, 2)}.${digits(next, 2)} - - [22/Nov/2026:10:${digits(next, 2)}:${digits(next, 2)} +0000] "GET /${pick(next, WORDS)}/${digits(next, 6)} HTTP/1.1" 200 ${digits(next, 4)} "Mozilla/5.0 (X11; Linux x86_64)" ${digits(next, 3)}`,
    ),
  // An image or an archive is compressed already: its bytes look random.
  'images, archives': (next, bytes) => {
    const body = Buffer.alloc(bytes);
    for (let i = 0; i < bytes; i++) body[i] = Math.floor(next() * 256);
    return body;
  },
  'gzip of logs': (next, bytes) => {
    const plain = CONTENTS['access logs']?.(next, bytes * 12) ?? Buffer.alloc(0);
    return deflateRawSync(plain).subarray(0, bytes);
  },
};

/** Ratio and CPU of zstd over bodies of several kinds and sizes, as node:zlib has it and packs would use it. */
export function compressionBench(sizes: readonly number[] = SIZES, packBytes = PACK_BYTES): CompressionResult[] {
  const results: CompressionResult[] = [];
  for (const [content, make] of Object.entries(CONTENTS))
    for (const bodyBytes of sizes) {
      const next = sequence(bodyBytes);
      const bodies = Array.from({ length: Math.ceil(packBytes / bodyBytes) }, () => make(next, bodyBytes));
      for (const level of LEVELS) {
        const result = measure(content, bodyBytes, bodies, level);
        console.log(line(result));
        results.push(result);
      }
    }
  return results;
}

function measure(content: string, bodyBytes: number, bodies: readonly Buffer[], level: number): CompressionResult {
  const options = { params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 } };
  const plain = bodies.reduce((sum, body) => sum + body.byteLength, 0);
  const [compressed, compressSeconds] = timed(() => bodies.map((body) => zstdCompressSync(body, options)));
  const [, decompressSeconds] = timed(() => compressed.map((body) => zstdDecompressSync(body)));
  // What does not shrink is kept as it is.
  const perBody =
    compressed.reduce((sum, body, n) => sum + Math.min(body.byteLength, bodies[n]?.byteLength ?? 0), 0) / plain;
  const perPack = zstdCompressSync(Buffer.concat(bodies), options).byteLength / plain;
  const seconds = (cpu: number): number => (cpu * 1e9) / plain;
  return {
    content,
    bodyBytes,
    level,
    ratio: { perBody: round(perBody, 3), perPack: round(Math.min(1, perPack), 3) },
    cpuMillisPerMiB: {
      compress: round((compressSeconds * 1_000 * MIB) / plain, 2),
      decompress: round((decompressSeconds * 1_000 * MIB) / plain, 2),
    },
    dollarsPerGB: {
      compress: round(
        (seconds(compressSeconds) * (ONE_VCPU_MIB / 1_024) * perMillion['Lambda GB-second, arm64']) / 1e6,
        6,
      ),
      savedPerMonth: round(((1 - perBody) * perMillion['S3 Standard GB-month']) / 1e6, 5),
    },
  };
}

function timed<T>(run: () => T): [T, number] {
  const before = process.cpuUsage();
  const value = run();
  const { user, system } = process.cpuUsage(before);
  return [value, (user + system) / 1e6];
}

const round = (value: number, places: number): number => Number(value.toFixed(places));

function line({ content, bodyBytes, level, ratio, cpuMillisPerMiB, dollarsPerGB }: CompressionResult): string {
  return [
    `${content}, ${String(bodyBytes / KIB)} KiB, level ${String(level)}: ${String(ratio.perBody)} of the bytes each by itself, ${String(ratio.perPack)} as a pack;`,
    `CPU ms for a MiB ${String(cpuMillisPerMiB.compress)} and back ${String(cpuMillisPerMiB.decompress)};`,
    `US$ for a GB ${String(dollarsPerGB.compress)} once, ${String(dollarsPerGB.savedPerMonth)} saved a month`,
  ].join(' ');
}
