import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { format } from 'prettier';
import { runMain } from '../local/support/run-main';
import { choicesBench } from './choices';
import { coldStartBench } from './cold-start';
import { compressionBench } from './compression';
import { continuousBench } from './continuous';
import { fanOutBench } from './fan-out';
import { fanOutSteps } from './fan-out/steps';
import { inventoryBench } from './inventory';
import { requestsBench } from './requests';
import { streamsBench } from './streams';
import { bundleWorkers } from './support/bundle-workers';
import { cleanEnd } from './support/ends-with-bench';
import { smallObjects, throughputBench } from './throughput';
import { unchangedBench } from './unchanged';

/** Benchmarks by name; each prints as it goes and answers what goes into its file of results. */
const BENCHES: Readonly<Record<string, (sizes: readonly number[] | undefined) => unknown>> = {
  requests: () => requestsBench(),
  inventory: (sizes) => inventoryBench(sizes),
  continuous: (sizes) => continuousBench(sizes),
  streams: (sizes) => streamsBench(sizes),
  'cold-start': () => coldStartBench(),
  throughput: (sizes) => throughputBench({ sizes: smallObjects(sizes) }),
  unchanged: (sizes) => unchangedBench({ sizes }),
  // These read the results of the ones before.
  'fan-out-steps': (sizes) => fanOutSteps(sizes),
  choices: () => choicesBench(),
  compression: () => compressionBench(),
  'fan-out': (sizes) => fanOutBench(sizes),
};

const HELP = `npm run bench [-- name …] [-- --objects 1000000,5000000]
Runs the benchmarks and writes their results to bench/results/<name>.json, or <name>-<objects>.json where you say how many.
Names: ${Object.keys(BENCHES).join(', ')} (all when none is given; with --objects, all that take sizes).`;

interface Wanted {
  readonly names: readonly string[];
  readonly sizes: number[] | undefined;
}

/** Benchmarks without sizes always measure the same. */
const isFixed = (name: string): boolean => BENCHES[name]?.length === 0;

/** What is to be measured; undefined when only the help is wanted. */
function wanted(): Wanted | undefined {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { objects: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) return undefined;
  const unknown = positionals.filter((name) => !Object.hasOwn(BENCHES, name));
  const sizes = values.objects?.split(',').map(Number);
  if (unknown.length > 0) throw new Error(`unknown benchmark: ${unknown.join(', ')}\n${HELP}`);
  if (sizes?.some((size) => !Number.isSafeInteger(size) || size < 1))
    throw new Error(`--objects must be numbers from 1 with commas between them, got ${values.objects ?? ''}`);
  const fixed = positionals.filter(isFixed);
  if (sizes && fixed.length > 0) throw new Error(`${fixed.join(', ')}: takes no --objects`);
  // A try with other sizes leaves those alone that have none: it would replace their results.
  const all = Object.keys(BENCHES).filter((name) => sizes === undefined || !isFixed(name));
  return { names: positionals.length > 0 ? positionals : all, sizes };
}

async function run(): Promise<void> {
  const what = wanted();
  if (!what) {
    console.log(HELP);
    return;
  }
  const folder = join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
  cleanEnd();
  const removeBundles = await bundleWorkers();
  try {
    for (const name of what.names) {
      const results = await BENCHES[name]?.(what.sizes);
      // Others read the results of all sizes: a try with some must not be in their place.
      const tried = isFixed(name) ? [] : (what.sizes ?? []);
      const file = join(folder, `${[name, ...tried].join('-')}.json`);
      writeFileSync(
        file,
        await format(JSON.stringify({ machine, results }, null, 2), { parser: 'json', printWidth: 120 }),
      );
    }
  } finally {
    removeBundles();
  }
}

runMain(run);
