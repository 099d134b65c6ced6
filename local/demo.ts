import { randomBytes } from 'node:crypto';
import { SampleBucket } from './buckets/sample';
import { DemoConsole } from './demo/console';
import { ContinuousSteps } from './demo/continuous-steps';
import { DemoWorld } from './demo/demo-world';
import { billTable } from './demo/prices';
import { DemoSteps } from './demo/steps';
import { deployExample } from './deploy';
import { startEngine, type Engine } from './service/engine';
import { bundleFunctions } from './stack/bundle';
import { pricesAsOf } from './support/prices';
import { runMain } from './support/run-main';

/** S3 may take minutes to send an event, the engine takes less than a second: nobody has to wait for what never comes late. */
const shortWaits = { CHANGES_SETTLE_SECONDS: '1', CAPTURE_DELIVERY_SECONDS: '15', CAPTURE_START_SECONDS: '1' };

/**
 * `npm run demo`: deploys the example app to a local AWS engine, backs a bucket up, damages it, restores it, and compares
 * every byte with what was written. Fails when anything differs.
 */
async function demo(): Promise<void> {
  const out = new DemoConsole();
  out.say('cdk-s3-backup on a local AWS engine: nothing leaves this machine, and no AWS account is needed.');
  const engine = await out.step('A local AWS engine', async (figures) => {
    const started = await startEngine();
    figures.add('endpoint', `${started.endpoint} (IAM is enforced for every function)`);
    figures.add('log', started.logFile);
    return started;
  });
  const stop = stopOnSignals(engine);
  try {
    const differences = await story(out, engine);
    if (differences > 0) throw new Error(`\n${differences} differences: the demo FAILED`);
  } finally {
    await stop();
  }
  out.say('', `Every restored byte, header, tag and grant matched. All of it took ${out.elapsed}.`);
}

async function story(out: DemoConsole, engine: Engine): Promise<number> {
  const source = await SampleBucket.create(engine, {
    name: `demo-${randomBytes(4).toString('hex')}`,
    ownership: 'BucketOwnerPreferred',
  });
  const context = { sourceBucket: source.name, importSource: 'true' };
  const world = await out.step('The example app, deployed with the CDK CLI', async (figures) => {
    await bundleFunctions();
    const outputs = await deployExample({ engine, context: { ...context, continuous: 'false' } });
    figures.add('protected bucket', source.name);
    for (const name of ['VaultBucketName', 'ScratchBucketName', 'CatalogTableName']) {
      figures.add(
        name
          .replace(/Name$/, '')
          .replace(/([a-z])([A-Z])/g, '$1 $2')
          .toLowerCase(),
        outputs[name] ?? '',
      );
    }
    const makeContinuous = () =>
      deployExample({ engine, context: { ...context, continuous: 'true', environment: JSON.stringify(shortWaits) } });
    return new DemoWorld(engine, outputs, source, makeContinuous);
  });
  try {
    const steps = new DemoSteps(out, world);
    await steps.fill();
    const differences = (await steps.run()) + (await new ContinuousSteps(out, world).run());
    await out.step(`What these jobs would cost on AWS (list prices of us-east-1, as of ${pricesAsOf})`, (figures) => {
      billTable(world.bills).forEach((line) => figures.note(line));
      figures.note('');
      figures.note(
        'GET … DELETE: requests to the protected bucket or the destination, as the jobs count them. Files: written to',
      );
      figures.note(
        'the vault and scratch buckets, counted there. Not in it: reading those, DynamoDB, Lambda, KMS and storage.',
      );
      return Promise.resolve();
    });
    out.say('', 'Recovery points expire after 35 days here. That is recorded, but this release removes nothing yet.');
    return differences;
  } finally {
    world.destroy();
  }
}

/** Ends the engine with the demo, also when it is interrupted. Answers how to end it without. */
function stopOnSignals(engine: Engine): () => Promise<void> {
  const interrupted = (): void => {
    void engine.stop().finally(() => process.exit(130));
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.once(signal, interrupted);
  return async () => {
    for (const signal of signals) process.off(signal, interrupted);
    await engine.stop();
  };
}

runMain(demo);
