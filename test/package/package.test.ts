import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { FunctionName } from '../../lambda/contract/functions';
import { lowestNode } from '../../scripts/lowest-node';

const root = join(__dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'cdk-s3-backup-package-'));
const consumer = join(folder, 'consumer');
const installed = join(consumer, 'node_modules', 'cdk-s3-backup');
let packed: string[];

/** Builds, packs and unpacks the package where a consumer would have it, beside the CDK that is installed here. */
beforeAll(() => {
  execFileSync(process.execPath, ['--import', 'tsx', 'scripts/build.ts'], { cwd: root, stdio: 'pipe' });
  const npm = ['pack', join(root, 'dist'), '--json', '--pack-destination', folder];
  const [{ filename, files }] = JSON.parse(execFileSync('npm', npm, { cwd: folder, encoding: 'utf8', stdio: 'pipe' }));
  packed = files.map(({ path }: { path: string }) => path);
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, filename), '--strip-components=1', '-C', installed]);
  for (const name of ['aws-cdk-lib', 'constructs', 'typescript', '@types/node', 'undici-types']) {
    const link = join(consumer, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    if (existsSync(join(root, 'node_modules', name))) symlinkSync(join(root, 'node_modules', name), link);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Node as it runs the tests, and the lowest one that `engines` permits. */
const NODES = [
  ['the Node of this repository', process.execPath],
  ['the lowest Node of engines', lowestNode()],
] as const;

const run = (file: string, node: string = process.execPath, args: readonly string[] = []): string =>
  execFileSync(node, [join(consumer, file), ...args], { cwd: consumer, encoding: 'utf8', stdio: 'pipe' });

describe('the package', () => {
  test('has what a consumer needs', () => {
    expect(packed).toEqual(
      expect.arrayContaining([
        '.jsii',
        'README.md',
        'package.json',
        'lib/index.js',
        'lib/index.d.ts',
        ...Object.values(FunctionName).map((name) => `assets/${name}/index.js`),
      ]),
    );
  });

  test('has nothing that only this repository needs', () => {
    const foreign = packed.filter(
      (path) =>
        !/^(\.jsii|README\.md|LICENSE|package\.json|assets\/|bin\/s3-backup\.js|lib\/|lambda\/contract\/)/.test(path),
    );
    expect(foreign).toEqual([]);
    expect(packed.filter((path) => /(?<!\.d)\.ts$|\.tsbuildinfo$|\.map$/.test(path))).toEqual([]);
  });

  test('says nothing about the machine that it was built on', () => {
    for (const path of packed) {
      expect([path, readFileSync(join(installed, path), 'utf8').includes(root)]).toEqual([path, false]);
    }
  });

  test('brings no CDK of its own', () => {
    const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
    expect(manifest.dependencies ?? {}).toEqual({});
    expect(Object.keys(manifest.peerDependencies)).toEqual(['aws-cdk-lib', 'constructs']);
  });

  test('describes every public member for the other CDK languages', () => {
    const assembly = JSON.parse(readFileSync(join(installed, '.jsii'), 'utf8'));
    const types: any[] = Object.values(assembly.types);
    expect(types.map(({ name }) => name).sort()).toEqual([
      'BackupMetadata',
      'BackupPlan',
      'BackupPlanProps',
      'BackupPlanRule',
      'BackupPlanRuleOptions',
      'BackupPlanRuleProps',
      'BackupResource',
      'BackupSelection',
      'BackupSelectionOptions',
      'BackupSelectionProps',
      'BackupSource',
      'BackupTag',
      'BackupVault',
      'BackupVaultProps',
      'BackupVersions',
      'ContinuousBackupOptions',
      'IWorkflow',
      'MonitoredVault',
      'S3BackupPolicy',
      'S3PolicyProps',
      'S3RestorePolicy',
    ]);
    const undocumented = types.flatMap((type) =>
      [type, ...(type.properties ?? []), ...(type.methods ?? []), ...(type.members ?? [])]
        .filter((member: any) => !member.docs?.summary)
        .map((member: any) => `${type.name}.${member.name}`),
    );
    expect(undocumented).toEqual([]);
    const props = types.filter(({ datatype }) => datatype).flatMap(({ properties }) => properties ?? []);
    expect(props.filter((prop: any) => prop.optional && !prop.docs.default).map(({ name }: any) => name)).toEqual([]);
  });
});

describe('a consumer', () => {
  test('has the lowest versions that the package permits among those that it is tested with', () => {
    const { engines, peerDependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
    const version = execFileSync(NODES[1][1], ['--version'], { encoding: 'utf8' }).trim();
    expect(engines.node).toBe(`>= ${version.replace(/^v(\d+\.\d+)\.\d+$/, '$1')}`);
    const cdk = JSON.parse(readFileSync(join(root, 'node_modules', 'aws-cdk-lib', 'package.json'), 'utf8'));
    expect(peerDependencies['aws-cdk-lib']).toBe(`^${String(cdk.version)}`);
  });

  test.each(NODES)('runs the command line on %s', (_, node) => {
    const cli = join('node_modules', 'cdk-s3-backup', 'bin', 's3-backup.js');
    expect(run(cli, node, ['restore', '--help'])).toContain('--dry-run');
  });

  test.each(NODES)('in JavaScript synthesizes a plan, with neither esbuild nor Docker, on %s', (_, node) => {
    writeFileSync(
      join(consumer, 'app.js'),
      `const { App, Stack, aws_s3: s3 } = require('aws-cdk-lib');
       const { BackupPlan, BackupResource, BackupVault } = require('cdk-s3-backup');
       const app = new App({ outdir: 'out' });
       const stack = new Stack(app, 'Mine');
       const bucket = new s3.Bucket(stack, 'Data', { versioned: true });
       const plan = BackupPlan.daily35DayRetention(stack, 'Plan', new BackupVault(stack, 'Vault'));
       plan.addSelection('Buckets', { resources: [BackupResource.fromBucket(bucket)] });
       app.synth();`,
    );
    rmSync(join(consumer, 'out'), { recursive: true, force: true });
    run('app.js', node);
    const template = JSON.parse(readFileSync(join(consumer, 'out', 'Mine.template.json'), 'utf8'));
    const types = Object.values(template.Resources).map((resource: any) => resource.Type);
    expect(types.filter((type) => type === 'AWS::Lambda::Function')).toHaveLength(15);
    expect(types).toContain('AWS::Scheduler::Schedule');
  });

  test('in TypeScript compiles against the declarations', () => {
    writeFileSync(
      join(consumer, 'use.ts'),
      `import { Duration, Stack } from 'aws-cdk-lib';
       import * as events from 'aws-cdk-lib/aws-events';
       import { BackupPlan, BackupPlanRule, BackupVault } from 'cdk-s3-backup';
       declare const stack: Stack;
       const vault = new BackupVault(stack, 'Vault', { maxConcurrency: 10 });
       const plan = new BackupPlan(stack, 'Plan', { backupVault: vault });
       plan.addRule(new BackupPlanRule({ scheduleExpression: events.Schedule.cron({ minute: '0' }), deleteAfter: Duration.days(1) }));
       const arn: string = vault.backupWorkflow.stateMachine.stateMachineArn + vault.restoreWorkflow.stateMachine.stateMachineArn;
       export { arn };`,
    );
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const options = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--module',
      'commonjs',
      '--target',
      'es2022',
      '--types',
      'node',
    ];
    try {
      execFileSync(process.execPath, [tsc, ...options, 'use.ts'], {
        cwd: consumer,
        encoding: 'utf8',
        stdio: 'pipe',
      });
    } catch (error) {
      throw new Error((error as { stdout: string }).stdout, { cause: error });
    }
  });

  test('is told what to do when the functions are missing', () => {
    rmSync(join(installed, 'assets', 'start-jobs'), { recursive: true });
    expect(() => run('app.js')).toThrow(
      'the bundle of the function start-jobs is missing: run "npm run build" in cdk-s3-backup',
    );
  });
});
