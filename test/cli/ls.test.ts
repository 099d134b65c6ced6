import { compareKeys } from '../../lambda/core/keys/order';
import { toIso } from '../../lambda/core/values/instant';
import { at, iso, log, logVersion, makeContinuous } from '../scenarios/support/continuous-rig';
import { Rig } from '../scenarios/support/rig';
import { wholeHistory } from '../support/history-after';
import { backedUp, json, lines, read } from './support/vault-rig';

const ODD = ['new\nline', 'esc\u001b[2J', '"quoted"', '{brace}', '\u202eflip', 'plain ü', 'del\u007f'];

const filled = (rig: Rig): void => {
  for (const key of ['a', 'photos/1', 'photos/2', 'photos/sub/3', 'photos0', 'z/1']) rig.s3.put('src', key, key);
  rig.s3.put('src', 'gone', 'x');
  rig.s3.delete('src', 'gone');
  rig.s3.put('src', 'z/only-a-marker', '');
  rig.s3.delete('src', 'z/only-a-marker');
};

test('the newest recovery point: one line for all keys up to the next slash, and deleted objects are not there', async () => {
  const rig = await backedUp(filled);
  const { lastModified } = rig.s3.find('src', 'a');
  const date = toIso(lastModified);
  // Later changes are in no recovery point.
  rig.s3.put('src', 'later', 'x');
  const outcome = await read(rig, ['ls', 'src']);
  expect(outcome.exitCode).toBe(0);
  expect(lines(outcome)).toEqual([
    `${date}              1    a`,
    `${' '.repeat(32)}PRE    photos/`,
    `${date}              7    photos0`,
    `${' '.repeat(32)}PRE    z/`,
  ]);
  expect(outcome.stderr).toMatch(/^src as of .* \(src\/0{19}1\)$/);
});

test('a prefix, with and without its own slash, and every key below', async () => {
  const rig = await backedUp(filled);
  const keys = async (...args: string[]): Promise<string[]> =>
    lines(await read(rig, ['ls', 'src', ...args])).map((line) => line.slice(39));
  expect(await keys('photos/')).toEqual(['photos/1', 'photos/2', 'photos/sub/']);
  expect(await keys('photos')).toEqual(['photos/', 'photos0']);
  expect(await keys('photos', '--recursive')).toEqual(['photos/1', 'photos/2', 'photos/sub/3', 'photos0']);
  const none = await read(rig, ['ls', 'src', 'nothing/']);
  expect(none).toMatchObject({ exitCode: 0, stdout: '' });
  expect(none.stderr).toContain('no objects with the prefix "nothing/"');
});

test('many segments and ranges: groups are those that S3 would make, and most of them are not read', async () => {
  const keys = Array.from({ length: 300 }, (_, i) => `d${String(i % 7)}/${'x'.repeat(i % 3)}${String(i)}`);
  const rig = await backedUp((r) => keys.forEach((key) => r.s3.put('src', key, key)), { rangeWeight: 4 });
  const listed = async (...args: string[]): Promise<string[]> =>
    json(await read(rig, ['ls', 'src', '--json', ...args])).map((one: any) => one.key ?? one.prefix);
  rig.vaultStore.calls.resetCounts();
  expect(await listed()).toEqual(['d0/', 'd1/', 'd2/', 'd3/', 'd4/', 'd5/', 'd6/']);
  const grouped = rig.vaultStore.calls.counts()['GetObject'] ?? 0;
  rig.vaultStore.calls.resetCounts();
  expect(await listed('-r')).toEqual([...keys].sort(compareKeys));
  expect(grouped).toBeLessThan((rig.vaultStore.calls.counts()['GetObject'] ?? 0) / 2);
  expect(await listed('d3/', '--limit', '2')).toHaveLength(2);
});

test('--limit says when there is more, and only then', async () => {
  const rig = await backedUp(filled);
  const cut = await read(rig, ['ls', 'src', '--limit', '3']);
  expect(lines(cut)).toHaveLength(3);
  expect(cut.stderr).toContain('there are more');
  expect((await read(rig, ['ls', 'src', '--limit', '4'])).stderr).not.toContain('there are more');
});

test('odd keys are one line each, as lists of items have them; in a document they are exact', async () => {
  const rig = await backedUp((r) => ODD.forEach((key) => r.s3.put('src', key, '1')));
  const outcome = await read(rig, ['ls', 'src', '-r']);
  expect(outcome.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  const shown = lines(outcome).map((line) => line.slice(39));
  expect(shown).toContain('"new\\nline"');
  expect(shown).toContain('plain ü');
  const parsed = shown.map((text) => (text.startsWith('"') ? JSON.parse(text) : text));
  expect(parsed).toEqual([...ODD].sort(compareKeys));
  const document = json(await read(rig, ['ls', 'src', '-r', '--json']));
  expect(document.map((one: any) => one.key)).toEqual([...ODD].sort(compareKeys));
});

test('a document has all of an object, and is one also when it is empty', async () => {
  const rig = await backedUp((r) => void r.s3.put('src', 'a', 'body', { storageClass: 'STANDARD_IA' }));
  const { versionId, etag, lastModified } = rig.s3.find('src', 'a');
  expect(json(await read(rig, ['ls', 'src', '--json']))).toEqual([
    {
      key: 'a',
      versionId,
      lastModified: toIso(lastModified),
      size: 4,
      etag,
      storageClass: 'STANDARD_IA',
      stored: true,
      exact: true,
      doubts: [],
    },
  ]);
  expect(json(await read(rig, ['ls', 'src', 'b', '--json']))).toEqual([]);
});

test('an earlier recovery point, by its number and its ID; one that is not there', async () => {
  const rig = await backedUp(filled);
  rig.s3.put('src', 'later', 'x');
  rig.s3.advance(10);
  await rig.backup({ bucket: 'src' });
  const has = async (...args: string[]): Promise<boolean> =>
    (await read(rig, ['ls', 'src', '-r', ...args])).stdout.includes('later');
  expect(await has()).toBe(true);
  expect(await has('--recovery-point', '1')).toBe(false);
  expect(await has('--recovery-point', 'src/00000000000000000001')).toBe(false);
  const missing = await read(rig, ['ls', 'src', '--recovery-point', '9', '--json']);
  expect(missing).toMatchObject({ exitCode: 1 });
  expect(json(missing)).toMatchObject({ status: 'FAILED', error: 'RecoveryPointNotFound' });
});

async function continuous(fields: Parameters<typeof makeContinuous>[2] = {}): Promise<Rig> {
  const rig = new Rig({ settings: { sortRows: 1 } });
  rig.s3.createBucket('src', { ownership: 'ObjectWriter' });
  rig.s3.put('src', 'd/a', 'a1');
  rig.s3.advance(10);
  await makeContinuous(rig, at(rig) - 10, fields);
  rig.s3.advance(10);
  return rig;
}

test('every second of continuous backup, from what no commit has taken in yet', async () => {
  const rig = await continuous();
  const states: [string, string[]][] = [];
  const keep = (): void => {
    states.push([iso(rig), rig.s3.keys('src')]);
    rig.s3.advance(10);
  };
  keep();
  for (const key of ['d/b', 'e', 'd/c']) {
    rig.s3.put('src', key, key);
    await logVersion(rig, key);
    keep();
  }
  rig.s3.delete('src', 'd/a');
  await logVersion(rig, 'd/a');
  keep();
  for (const [instant, keys] of states) {
    const outcome = await read(rig, ['ls', 'src', '--at', instant, '-r', '--json']);
    expect(json(outcome).map((one: any) => [one.key, one.exact])).toEqual(keys.map((key) => [key, true]));
  }
  const groups = await read(rig, ['ls', 'src', '--at', states.at(-1)![0]]);
  expect(lines(groups).map((line) => line.slice(39))).toEqual(['d/', 'e']);
});

test('what throws doubt on an instant is said once, and in a document of each object', async () => {
  const rig = await continuous({ reconciledThrough: '2020-01-01T00:00:00Z' });
  const outcome = await read(rig, ['ls', 'src', '--at', iso(rig), '--json']);
  expect(outcome.stderr).toMatch(
    /not exact: not-reconciled \(no comparison with the bucket has confirmed.*captured until 2030/,
  );
  expect(json(outcome)).toEqual([{ prefix: 'd/', exact: false, doubts: ['not-reconciled'] }]);
});

test('a key in doubt is marked, one that may be there is counted, a body that is missing is told', async () => {
  const rig = await continuous();
  const { versionId, lastModified, etag } = rig.s3.find('src', 'd/a');
  const removal = { kind: 'removed', removedAfter: at(rig) - 5, removedBefore: at(rig) + 5 } as const;
  await log(rig, { key: 'd/a', versionId, lastModified, etag, ...removal });
  const put = (key: string) => ({ key, versionId: `v-${key}`, kind: 'put' as const, lastModified: at(rig), size: 3 });
  await log(rig, { ...put('lost'), uncertain: 'not-stored:lost' });
  await log(rig, { ...put('hidden') });
  const marker = { key: 'hidden', versionId: 'm', kind: 'marker' as const, lastModified: at(rig) };
  await log(rig, marker);
  await log(rig, { ...marker, ...removal });
  rig.s3.advance(2);
  const outcome = await read(rig, ['ls', 'src', '--at', iso(rig), '-r']);
  expect(lines(outcome).map((line) => line.slice(36))).toEqual(['?  d/a', ' ! lost']);
  expect(outcome.stderr).toMatch(/in doubt \(\?\): 1: 1 removal \(a version may already have been permanently deleted/);
  expect(outcome.stderr).toMatch(/body not in the vault \(!\): 1: 1 lost/);
  expect(outcome.stderr).toMatch(/not listed, but possibly there: 1 key/);
  const groups = await read(rig, ['ls', 'src', 'd', '--at', iso(rig)]);
  expect(lines(groups).map((line) => line.slice(36))).toEqual(['?  d/']);
});

test('an instant outside of the window, and a bucket without continuous backup, are refused', async () => {
  const rig = await continuous();
  const early = await read(rig, ['ls', 'src', '--at', '2001-01-01T00:00:00Z']);
  expect(early).toMatchObject({ exitCode: 1, stdout: '' });
  expect(early.stderr).toMatch(/^PointInTimeOutOfRange: .* can be restored to/);
  const other = await backedUp(filled);
  expect((await read(other, ['ls', 'src', '--at', iso(other)])).stderr).toMatch(/^PointInTimeOutOfRange/);
});

test('a vault of an older release reads recovery points, and says why not instants', async () => {
  const rig = await continuous();
  const names = { changeLogTable: undefined };
  expect(await read(rig, ['ls', 'src'], { names })).toMatchObject({ exitCode: 0 });
  const instant = await read(rig, ['ls', 'src', '--at', iso(rig)], { names });
  expect(instant).toMatchObject({ exitCode: 1, stdout: '' });
  expect(instant.stderr).toMatch(/^VaultOutdated: .* deploy its stack again/);
});

test('a vault that was never written to stays so', async () => {
  const rig = new Rig();
  const outcome = await read(rig, ['ls', 'src']);
  expect(outcome.stderr).toMatch(/^RecoveryPointNotFound/);
  expect(rig.s3.keys('the-vault')).toEqual([]);
});

test('a vault that has lost its vault.json is not given another one', async () => {
  const rig = await continuous();
  rig.s3.delete('the-vault', 'vault.json');
  for (const args of [[], ['--at', iso(rig)]]) {
    const outcome = await read(rig, ['ls', 'src', ...args]);
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
    expect(outcome.stderr).toMatch(/^RecoveryPointNotFound: .*vault\.json/);
  }
});

test('all that is wrong with a command line is said at once, before anything is read', async () => {
  const rig = new Rig();
  const args = ['ls', 'UPPER', 'x\u0000', '--at', 'yesterday', '--recovery-point', 'other/1'];
  const outcome = await read(rig, args);
  expect(outcome).toMatchObject({ exitCode: 2, stdout: '' });
  for (const text of [
    '"UPPER"',
    'U+0000',
    '--at: must be an instant',
    '--recovery-point: must be',
    '--at: cannot be combined with',
  ])
    expect(outcome.stderr).toContain(text);
  expect(rig.vaultStore.calls.counts()).toEqual({});
});

test('damage that is found half-way leaves no second document behind the first', async () => {
  const keys = Array.from({ length: 800 }, (_, i) => `${'long'.repeat(60)}${String(i).padStart(4, '0')}`);
  const rig = await backedUp((r) => keys.forEach((key) => r.s3.put('src', key, '1')), { rangeWeight: 100 });
  const last = rig.s3.keys('the-vault', 'buckets/src/segments/').filter((key) => key.endsWith('.parquet'));
  // Whichever segments come late: those of the last ranges.
  const manifest = (await rig.ports.vault.readManifest('src', 1))!.manifest;
  expect(last.length).toBeGreaterThan(2);
  const { segments, ranges } = await wholeHistory(rig.ports.vault, manifest);
  rig.s3.corrupt('the-vault', segments[ranges.at(-1)!.segments[0]!]!.name);
  const outcome = await read(rig, ['ls', 'src', '-r', '--json']);
  expect(outcome.exitCode).toBe(1);
  expect(outcome.stderr).toMatch(/VaultDamaged: .*\nThe result on stdout is incomplete\.$/);
  expect(outcome.stdout).toMatch(/^\[\{"key":/);
  expect(outcome.stdout).not.toContain('FAILED');
});
