import { runningEngine } from './service/engine';
import { configuredPort } from './service/ports';
import { runMain } from './support/run-main';

/** `npm run local:down`: ends the background engine and forgets its state. */
async function down(): Promise<void> {
  const port = configuredPort();
  const engine = await runningEngine(port);
  if (engine === undefined) {
    console.log(`no local AWS engine is running on port ${String(port)}`);
    return;
  }
  await engine.stop();
  console.log(`the local AWS engine on port ${String(port)} has ended`);
}

runMain(down);
