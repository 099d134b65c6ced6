import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Endpoint } from './service/aws-env';
import { runningEngine, type Engine } from './service/engine';
import { configuredPort } from './service/ports';
import { bootstrap, runCdk } from './stack/cdk';
import { engineFolder, outputsFile, repositoryRoot } from './support/paths';
import { runMain } from './support/run-main';

/** A deployment takes about 20 seconds on two cores. */
const deployLimitMs = 10 * 60_000;

/** The engine sends events at once. */
const ENGINE_WAITS = { CAPTURE_START_SECONDS: '1' };

export type StackOutputs = Record<string, string>;

export interface ExampleDeployment {
  readonly engine: Pick<Engine, 'endpoint' | 'port'>;
  /** Context values of the example app (`-c key=value`). @default the app's own defaults */
  readonly context?: Readonly<Record<string, string>>;
  /** Folder for the cloud assembly and the outputs. @default a folder of the engine's own */
  readonly outDir?: string;
  /** Command of the CDK app. @default the one in cdk.json */
  readonly app?: string;
  readonly limitMs?: number;
  /** Gets the CLI's output as it comes. @default shown on failure only */
  readonly onOutput?: (text: string) => void;
}

/** Deploys the example app with the real CDK CLI and returns the outputs of its stack. Expects bundled functions. */
export async function deployExample(deployment: ExampleDeployment): Promise<StackOutputs> {
  const { engine, app, limitMs = deployLimitMs, onOutput } = deployment;
  const folder = deployment.outDir ?? join(engineFolder(engine.port), 'deployment');
  mkdirSync(folder, { recursive: true });
  const outputs = join(folder, 'outputs.json');
  const context = { environment: JSON.stringify(ENGINE_WAITS), ...deployment.context };
  const run = { engine, limitMs, onOutput, home: join(folder, 'cdk-home') };
  await bootstrapOnce(engine, run);
  await runCdk({
    ...run,
    arguments: [
      'deploy',
      '--all',
      ...['--require-approval', 'never'],
      ...['--progress', 'events'],
      ...['--output', join(folder, 'cdk.out')],
      ...['--outputs-file', outputs],
      ...(app === undefined ? [] : ['--app', app]),
      ...Object.entries(context).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    ],
  });
  return mergedOutputs(outputs);
}

async function bootstrapOnce(engine: ExampleDeployment['engine'], run: BootstrapRun): Promise<void> {
  // The engine's folder is emptied when it starts, as its state is.
  const marker = join(engineFolder(engine.port), 'bootstrapped');
  if (existsSync(marker)) return;
  await bootstrap(run);
  writeFileSync(marker, '');
}

type BootstrapRun = Parameters<typeof bootstrap>[0] & { readonly engine: Endpoint };

function mergedOutputs(file: string): StackOutputs {
  const byStack = JSON.parse(readFileSync(file, 'utf8')) as Record<string, StackOutputs>;
  return Object.assign({}, ...Object.values(byStack)) as StackOutputs;
}

/** `npm run local:deploy -- [-c key=value …]`: bundle the functions, then deploy the example app to the background engine. */
async function deploy(): Promise<void> {
  const port = configuredPort();
  const context = parseContext(process.argv.slice(2));
  const engine = await runningEngine(port);
  if (engine === undefined) throw new Error(`no local AWS engine is running on port ${String(port)}: npm run local:up`);
  // The app runs from source: of the build it needs the bundles of the functions only.
  execFileSync('npm', ['run', '--silent', 'bundle'], { cwd: repositoryRoot, stdio: 'inherit' });
  const folder = join(engineFolder(port), 'deployment');
  const outputs = await deployExample({
    engine,
    context,
    outDir: folder,
    onOutput: (text) => process.stderr.write(text),
  });
  copyFileSync(join(folder, 'outputs.json'), outputsFile);
  console.log(JSON.stringify(outputs, undefined, 2));
}

/** `-c key=value` and `--context key=value`, as the CDK CLI takes them. */
export function parseContext(args: readonly string[]): Record<string, string> {
  const context: Record<string, string> = {};
  for (let index = 0; index < args.length; index += 2) {
    const flag = args[index];
    const pair = args.at(index + 1) ?? '';
    const at = pair.indexOf('=');
    if ((flag !== '-c' && flag !== '--context') || at < 1) {
      throw new Error(`local:deploy takes -c key=value only, got "${`${flag} ${pair}`.trim()}"`);
    }
    context[pair.slice(0, at)] = pair.slice(at + 1);
  }
  return context;
}

if (require.main === module) runMain(deploy);
