import { join, resolve } from 'node:path';

/** Root of this repository; the local scripts work from any current directory. */
export const repositoryRoot = resolve(__dirname, '..', '..');

/** Everything the local scripts write; ignored by git, safe to delete while no engine runs. */
export const stateRoot = join(repositoryRoot, '.local');

export const venvFolder = join(stateRoot, 'venv');

/** Outputs of the example app as `npm run local:deploy` left them. */
export const outputsFile = join(stateRoot, 'outputs.json');

/** State of the engine on one port: two engines share nothing but the installed packages. */
export function engineFolder(port: number): string {
  return join(stateRoot, `engine-${String(port)}`);
}
