import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readVersionBody } from '../../lambda/usecases/browse/body';
import { at, iso, log, logVersion, makeContinuous } from '../scenarios/support/continuous-rig';
import { Rig, VAULT } from '../scenarios/support/rig';
import { backedUp, read } from './support/vault-rig';

const folder = mkdtempSync(join(tmpdir(), 's3-backup-cat-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
/** Bytes that are no text, and end without a line break. */
const BINARY = Buffer.concat([Buffer.from([0, 10, 255, 13, 10, 128]), randomBytes(100)]);
/** Small bodies are in packs, larger ones are copies: by one request, or by parts. */
const SETTINGS = { packThreshold: 16, copyPartSize: 30 };
const BODIES = {
  empty: Buffer.alloc(0),
  packed: BINARY.subarray(0, 10),
  copied: BINARY.subarray(0, 99),
  parts: BINARY,
};
type Name = keyof typeof BODIES;
const NAMES = Object.keys(BODIES) as Name[];

const filled = (settings = SETTINGS): Promise<Rig> =>
  backedUp((rig) => NAMES.forEach((name) => rig.s3.put('src', name, BODIES[name])), {
    ...settings,
    copyPartSize: 26,
  });

/** Another byte in the vault, under the checksum that S3 has of the right ones. */
function damage(rig: Rig): void {
  for (const prefix of ['packs/', 'objects/'])
    for (const key of rig.s3.keys(VAULT, prefix)) {
      const body = Uint8Array.from(rig.s3.find(VAULT, key).body);
      rig.s3.corrupt(VAULT, key, { body: body.map((byte) => byte ^ 1) });
    }
}

test.each(NAMES)('%s: byte for byte, and nothing else on stdout', async (name) => {
  const rig = await filled();
  const outcome = await read(rig, ['cat', 'src', name]);
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
  expect(outcome.bytes).toEqual(BODIES[name]);
});

test('the copies of this test have the checksums of both ways of copying', async () => {
  const rig = await filled();
  const algorithms = rig.s3.keys(VAULT, 'objects/').map((key) => rig.s3.find(VAULT, key).checksum?.algorithm);
  expect(algorithms.sort()).toEqual(['CRC64NVME', 'SHA256']);
});

test.each(['packed', 'copied', 'parts'] as const)('%s and damaged: exit 1, and no byte of it', async (name) => {
  const rig = await filled();
  damage(rig);
  const outcome = await read(rig, ['cat', 'src', name]);
  expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
  expect(outcome.stderr).toMatch(/^VaultDamaged: the body of version .* is damaged/);
});

test.each(['packed', 'copied'] as const)('%s and lost', async (name) => {
  const rig = await filled();
  for (const { key, versionId } of rig.s3.versions(VAULT).filter(({ key }) => /^(packs|objects)/.test(key)))
    rig.s3.deleteVersion(VAULT, key, versionId);
  const outcome = await read(rig, ['cat', 'src', name]);
  expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
  expect(outcome.stderr).toMatch(/^VaultDamaged: .* is missing from the vault/);
});

test('a large body comes in pieces; of a damaged one the last never comes', async () => {
  const body = randomBytes(1000);
  const sha256 = createHash('sha256').update(body).digest('base64');
  const pieces = async (recorded: string): Promise<[Buffer, unknown]> => {
    const rig = new Rig();
    rig.s3.put(VAULT, 'objects/x', body);
    const file = { name: 'objects/x', checksum: `SHA256:${recorded}`, bytes: 1000, commit: 1 };
    const row = { key: 'k', versionId: 'v', kind: 'put' as const, lastModified: 0, size: 1000, file };
    const got: Uint8Array[] = [];
    try {
      for await (const piece of readVersionBody(rig.ports.vault, row, 300)) got.push(piece);
    } catch (error) {
      return [Buffer.concat(got), error];
    }
    expect(got.map(({ length }) => length)).toEqual([300, 300, 300, 100]);
    return [Buffer.concat(got), undefined];
  };
  expect(await pieces(sha256)).toEqual([body, undefined]);
  const [part, error] = await pieces(sha256.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')));
  expect(part).toEqual(body.subarray(0, 900));
  expect(error).toMatchObject({ name: 'VaultDamaged' });
});

test('a copy of another size is damaged, whatever its first bytes are', async () => {
  const rig = await filled();
  for (const key of rig.s3.keys(VAULT, 'objects/')) {
    const { body, versionId } = rig.s3.find(VAULT, key);
    rig.s3.put(VAULT, key, Buffer.concat([body, Buffer.from('more')]));
    rig.s3.deleteVersion(VAULT, key, versionId);
  }
  const outcome = await read(rig, ['cat', 'src', 'copied']);
  expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
  expect(outcome.stderr).toMatch(/has 103 bytes, expected 99/);
});

test('a version by its ID, at any time; what is not there says so', async () => {
  const rig = await backedUp((r) => {
    r.s3.put('src', 'k', 'one');
    r.s3.put('src', 'k', 'two');
    r.s3.put('src', 'gone', 'x');
    r.s3.delete('src', 'gone');
  });
  const one = rig.s3.history('src', 'k')[1]!.versionId;
  const [marker, gone] = rig.s3.history('src', 'gone').map(({ versionId }) => versionId);
  const run = (...args: string[]) => read(rig, ['cat', 'src', ...args]);
  expect(await run('k')).toMatchObject({ exitCode: 0, stdout: 'two' });
  expect(await run('k', '--version-id', one)).toMatchObject({ exitCode: 0, stdout: 'one' });
  expect(await run('gone', '--version-id', gone!)).toMatchObject({ exitCode: 0, stdout: 'x' });
  for (const [args, error] of [
    [['none'], /^NoSuchKey: bucket "src" had no object "none"/],
    [['gone'], /^NoSuchKey: "gone" was deleted .* --version-id/],
    [['k', '--version-id', 'other'], /^NoSuchVersion: "k" had no version "other"/],
    [['gone', '--version-id', marker!], /^MethodNotAllowed: .* delete marker/],
  ] as const) {
    const outcome = await run(...args);
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
    expect(outcome.stderr).toMatch(error);
  }
});

test('an instant of continuous backup; a body that is not stored; an answer that is not exact', async () => {
  const rig = new Rig();
  rig.s3.createBucket('src');
  rig.s3.put('src', 'k', 'one');
  rig.s3.advance(10);
  await makeContinuous(rig, at(rig) - 10, { reconciledThrough: iso(rig) });
  const before = iso(rig);
  rig.s3.advance(10);
  rig.s3.put('src', 'k', 'two');
  await logVersion(rig, 'k');
  const large = { key: 'large', versionId: 'v', kind: 'put' as const, lastModified: at(rig), size: 9 };
  await log(rig, { ...large, uncertain: 'not-stored:pending' });
  expect(await read(rig, ['cat', 'src', 'k', '--at', before])).toMatchObject({ stdout: 'one', stderr: '' });
  const now = await read(rig, ['cat', 'src', 'k', '--at', iso(rig)]);
  expect(now).toMatchObject({ exitCode: 0, stdout: 'two' });
  expect(now.stderr).toMatch(/^not exact: not-reconciled/);
  const pending = await read(rig, ['cat', 'src', 'large', '--at', iso(rig)]);
  expect(pending).toMatchObject({ exitCode: 1, stdout: '' });
  expect(pending.stderr).toMatch(/NotStored: .* pending: the next commit/);
});

test('--output: the file is there whole or not at all, and nothing beside it', async () => {
  const rig = await filled();
  const path = join(folder, 'body');
  writeFileSync(path, 'before');
  const right = await read(rig, ['cat', 'src', 'parts', '--output', path]);
  expect(right).toMatchObject({ exitCode: 0, stdout: '' });
  expect(readFileSync(path)).toEqual(BODIES.parts);
  damage(rig);
  expect(await read(rig, ['cat', 'src', 'copied', '--output', path])).toMatchObject({ exitCode: 1, stdout: '' });
  expect(readFileSync(path)).toEqual(BODIES.parts);
  expect(readdirSync(folder)).toEqual(['body']);
});

test('wrong use is refused before anything is read', async () => {
  const rig = new Rig();
  const json = await read(rig, ['cat', 'src', 'k', '--json']);
  expect(json.exitCode).toBe(2);
  expect(JSON.parse(json.stdout)).toMatchObject({ error: 'UsageError', cause: expect.stringContaining('--json') });
  const outcome = await read(rig, ['cat', 'UPPER', '', '--output', join(folder, 'no', 'where')]);
  expect(outcome).toMatchObject({ exitCode: 2, stdout: '' });
  for (const text of ['"UPPER"', 'the key: must not be empty', '--output: the folder'])
    expect(outcome.stderr).toContain(text);
  expect((await read(rig, ['cat', 'src', 'k', '-o', folder])).stderr).toContain('is not a file');
  expect(rig.vaultStore.calls.counts()).toEqual({});
});
