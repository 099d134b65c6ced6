import { awsEnvironment } from './service/aws-env';
import { runningEngine, startEngine, type Engine } from './service/engine';
import { configuredPort } from './service/ports';
import { runMain } from './support/run-main';

/** `npm run local:up`: the engine in the background, its state kept until `local:down`. */
async function up(): Promise<void> {
  const port = configuredPort();
  const running = await runningEngine(port);
  if (running !== undefined) {
    report(running, 'is already running');
    return;
  }
  report(await startEngine({ port, background: true }), 'is running');
}

function report(engine: Engine, state: string): void {
  console.log(
    `# The local AWS engine ${state} on ${engine.endpoint} (pid ${String(engine.pid)}, log ${engine.logFile}).`,
  );
  for (const [name, value] of Object.entries(awsEnvironment(engine))) console.log(`export ${name}=${value}`);
}

runMain(up);
