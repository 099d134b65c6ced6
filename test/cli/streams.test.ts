import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { processIo } from '../../bin/output/io';
import { Output } from '../../bin/output/output';
import { TempFiles } from '../../bin/vault/temp-files';
import { backedUp, read } from './support/vault-rig';

const stdio = (stdout: Writable): typeof process =>
  ({ stdin: process.stdin, stdout, stderr: process.stderr }) as unknown as typeof process;

test('a result waits for whoever reads it', async () => {
  const waiting: (() => void)[] = [];
  const slow = new Writable({ write: (_piece, _encoding, taken) => void waiting.push(taken), highWaterMark: 1 });
  const output = new Output(processIo(stdio(slow)));
  let isWritten = false;
  const written = output.line('x'.repeat(100_000)).then(() => (isWritten = true));
  await new Promise(setImmediate);
  expect([isWritten, waiting.length]).toEqual([false, 1]);
  waiting[0]!();
  await written;
});

test('a reader that leaves early ends the command, without a word', async () => {
  const keys = Array.from({ length: 2000 }, (_, i) => `${'long'.repeat(40)}${String(i)}`);
  const rig = await backedUp((r) => keys.forEach((key) => r.s3.put('src', key, '1')));
  let pieces = 0;
  const closed = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
  const gone = new Writable({ write: (_piece, _encoding, done) => done(++pieces > 1 ? closed : undefined) });
  gone.on('error', () => undefined);
  const real = processIo(stdio(gone));
  const io = { write: (piece: string | Uint8Array) => real.write(piece) };
  const outcome = await read(rig, ['ls', 'src', '-r'], { io });
  expect(outcome.exitCode).toBe(141);
  expect(outcome.stderr).toMatch(/^src as of [^\n]*$/);
  expect(pieces).toBe(2);
});

test('errors of stdout that are none of the reader are told', async () => {
  const full = new Writable({ write: (_piece, _encoding, done) => done(new Error('no space')) });
  full.on('error', () => undefined);
  await expect(processIo(stdio(full)).write('x')).rejects.toThrow('no space');
});

test('work files are read back, whole and in part, and none is ever to be seen', async () => {
  const folder = mkdtempSync(join(tmpdir(), 's3-backup-runs-'));
  const files = new TempFiles(folder);
  const bucket = files.bucket;
  await files.store.put({ bucket, key: 'a', body: Buffer.from('first') });
  await Promise.all(['b', 'c'].map((key) => files.store.put({ bucket, key, body: Buffer.from(key.repeat(1000)) })));
  expect(readdirSync(folder)).toEqual([]);
  const text = async (key: string, range?: { offset: number; length: number }): Promise<string> =>
    Buffer.from((await files.store.get({ bucket, key, range })).body).toString();
  expect([await text('a'), await text('b'), await text('c', { offset: 998, length: 2 })]).toEqual([
    'first',
    'b'.repeat(1000),
    'cc',
  ]);
  await expect(text('d')).rejects.toThrow('no work file d');
  await files.close();
  rmSync(folder, { recursive: true });
});
