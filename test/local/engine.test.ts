import { CreateBucketCommand, ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { clientConfig } from '../../local/service/aws-env';
import { runningEngine, startEngine } from '../../local/service/engine';
import { freePort, isFree } from '../../local/service/ports';
import { eventually, signalGroup } from '../../local/service/process-group';
import { enginePython } from '../../local/service/venv';
import { repositoryRoot, venvFolder } from '../../local/support/paths';
import { deployTemplate, engineStartLimitMs, nodeFunction, role } from './support';

const run = promisify(execFile);
const endLimitMs = 10 * 60_000;

/** Runs one of the scripts in local/ as npm does. */
async function script(name: string, port: number): Promise<{ code: number; output: string }> {
  const env = { ...process.env, S3_BACKUP_LOCAL_PORT: String(port) };
  const child = spawn(process.execPath, ['--import', 'tsx', join('local', `${name}.ts`)], { cwd: repositoryRoot, env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

test(
  'two engines run side by side and share no state; a stopped one frees its port',
  async () => {
    const [one, two] = await Promise.all([startEngine(), startEngine()]);
    try {
      const clients = [one, two].map((engine) => new S3Client(clientConfig(engine)));
      await clients[0]?.send(new CreateBucketCommand({ Bucket: 'only-in-one' }));
      const names = await Promise.all(
        clients.map(async (s3) => (await s3.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name)),
      );
      expect(names).toEqual([['only-in-one'], []]);
    } finally {
      await Promise.all([one.stop(), two.stop()]);
    }
    expect(await Promise.all([isFree(one.port), isFree(two.port)])).toEqual([true, true]);
  },
  engineStartLimitMs,
);

test('stopping an engine ends its Lambda workers, also one that is in the middle of its work', async () => {
  const engine = await startEngine();
  const busy = `
    require('node:fs').writeFileSync(process.env.TMPDIR + '/worker.pid', String(process.pid));
    process.on('SIGTERM', () => undefined);
    exports.handler = () => new Promise(() => setInterval(() => undefined, 1000));`;
  const pidFile = join(engine.logFile, '..', 'tmp', 'worker.pid');
  // A custom resource calls the function at once, and nobody waits for its answer.
  const deployment = deployTemplate(engine, 'busy', {
    Role: role([]),
    Busy: nodeFunction(busy, 'Role', { Timeout: 300 }),
    Call: { Type: 'Custom::Call', Properties: { ServiceToken: { 'Fn::GetAtt': ['Busy', 'Arn'] } } },
  }).catch(() => undefined);
  try {
    expect(await eventually(() => existsSync(pidFile) && statSync(pidFile).size > 0, endLimitMs)).toBe(true);
    const worker = Number(readFileSync(pidFile, 'utf8'));
    await engine.stop();
    expect(signalGroup(engine.pid, 0)).toBe(false);
    expect(() => process.kill(worker, 0)).toThrow('ESRCH');
  } finally {
    await engine.stop();
    await deployment;
  }
});

test('an engine ends soon after the process that started it, however that ends', async () => {
  const program = "require('./local/service/engine').startEngine().then((e) => console.log(e.pid, e.port))";
  const child = spawn(process.execPath, ['--require', 'tsx/cjs', '-e', `${program}; setInterval(() => {}, 1000)`], {
    cwd: repositoryRoot,
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const [pid = 0, port = 0] = line.toString().trim().split(' ').map(Number);
  expect(signalGroup(pid, 0)).toBe(true);
  child.kill('SIGKILL');
  expect(await eventually(() => !signalGroup(pid, 0), endLimitMs)).toBe(true);
  expect(await isFree(port)).toBe(true);
});

test('the scripts start, find and end the background engine', async () => {
  const port = await freePort();
  expect(await script('down', port)).toEqual({
    code: 0,
    output: `no local AWS engine is running on port ${String(port)}\n`,
  });
  const up = await script('up', port);
  expect(up.code).toBe(0);
  expect(up.output).toContain(`export AWS_ENDPOINT_URL=http://127.0.0.1:${String(port)}\n`);
  expect(up.output).toContain('export AWS_REGION=us-east-1\n');
  const engine = await runningEngine(port);
  expect(engine).toBeDefined();
  expect((await script('up', port)).output).toContain('is already running');
  expect((await runningEngine(port))?.pid).toBe(engine?.pid);
  expect(await script('down', port)).toMatchObject({ code: 0, output: expect.stringContaining('has ended') as string });
  expect(await runningEngine(port)).toBeUndefined();
  expect(await isFree(port)).toBe(true);
});

test('a taken port is an error that names the port and the variable', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { code, output } = await script('up', port);
  server.close();
  expect(code).toBe(1);
  expect(output).toContain(`port ${String(port)} is taken by another program`);
  expect(output).toContain('S3_BACKUP_LOCAL_PORT');
});

test('the launcher refuses an engine that it does not know', async () => {
  const python = await enginePython();
  const cwd = join(repositoryRoot, 'local');
  const attempt = (code: string) => run(python, ['-B', '-c', `from engine import seams\n${code}`], { cwd });
  const message = /the bridges in local\/engine know ministack 1\.5\.33 only/;
  await expect(attempt("seams.KNOWN_VERSION = '0'\nseams.require_known_engine()")).rejects.toThrow(
    'found ministack 1.5.33',
  );
  await expect(attempt("seams.edited('a a', 'x', {'a': 'b'})")).rejects.toThrow(message);
  await expect(attempt("import json\nseams.around(json, 'nothing')")).rejects.toThrow(message);
  await attempt('seams.require_known_engine()');
});

test('the virtual environment is made for the pins it was made from', async () => {
  await enginePython();
  const made = statSync(join(venvFolder, 'requirements.sha256')).mtimeMs;
  await enginePython();
  expect(statSync(join(venvFolder, 'requirements.sha256')).mtimeMs).toBe(made);
});
