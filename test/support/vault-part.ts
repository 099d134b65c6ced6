import type { Row } from '../../lambda/core/history/row';
import type { Rig } from '../scenarios/support/rig';

/** The body that a row points to. */
export async function readPart(rig: Rig, { file, offset = 0, length = 0 }: Row): Promise<string | undefined> {
  const bytes = file && (await rig.ports.vault.readPart(file, { offset, length }));
  return bytes && Buffer.from(bytes).toString();
}
