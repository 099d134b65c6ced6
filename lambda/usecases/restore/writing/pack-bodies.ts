import type { PutOp } from '../../../core/restore/outcome';
import { sha256Hex } from '../../../core/values/hash';
import type { Vault } from '../../vault/vault';
import { runInOrder } from '../../work/pool';

/** Neighbouring bodies of a pack are read by one GET: up to this many bytes, over gaps of at most this many. */
const READ_BYTES = 8 * 1024 * 1024;
const GAP_BYTES = 64 * 1024;
const READ_CONCURRENCY = 8;

interface Extent {
  readonly file: PutOp['file'];
  readonly start: number;
  end: number;
  readonly ops: PutOp[];
}

/** Bodies by their place in the vault. */
export class BodyMap {
  private readonly bodies = new Map<string, Uint8Array>();
  get(op: PutOp): Uint8Array | undefined {
    return this.bodies.get(placeOf(op));
  }
  set(op: PutOp, body: Uint8Array): void {
    this.bodies.set(placeOf(op), body);
  }
}
const placeOf = (op: PutOp): string => `${String(op.offset)} ${String(op.length)} ${op.file.name}`;

/** One body on its own; undefined when it is damaged. */
export const readBody = async (vault: Vault, op: PutOp): Promise<Uint8Array | undefined> =>
  (await readBodies(vault, [op])).get(op);

/** Bodies of packed objects, read together. A body whose SHA-256 is not the recorded one is left out: it is damaged. */
export async function readBodies(vault: Vault, ops: readonly PutOp[]): Promise<BodyMap> {
  const bodies = new BodyMap();
  const keep = (op: PutOp, body: Uint8Array): void => {
    if (sha256Hex(body) === op.sha256) bodies.set(op, body);
  };
  for (const op of ops) if (op.length === 0) keep(op, new Uint8Array());
  const extents = joinExtents(ops.filter((op) => op.length > 0));
  await runInOrder(
    extents,
    READ_CONCURRENCY,
    () => true,
    async (extent) => {
      const bytes = await vault.readPart(extent.file, { offset: extent.start, length: extent.end - extent.start });
      if (!bytes) return;
      for (const op of extent.ops)
        keep(op, bytes.subarray(op.offset - extent.start, op.offset - extent.start + op.length));
    },
  );
  return bodies;
}

function joinExtents(ops: readonly PutOp[]): Extent[] {
  const sorted = [...ops].sort(
    (a, b) => (a.file.name < b.file.name ? -1 : a.file.name > b.file.name ? 1 : 0) || a.offset - b.offset,
  );
  const extents: Extent[] = [];
  for (const op of sorted) {
    const last = extents.at(-1);
    const end = op.offset + op.length;
    if (
      last &&
      last.file.name === op.file.name &&
      last.file.versionId === op.file.versionId &&
      op.offset - last.end <= GAP_BYTES &&
      end - last.start <= READ_BYTES
    ) {
      last.end = Math.max(last.end, end);
      last.ops.push(op);
    } else extents.push({ file: op.file, start: op.offset, end, ops: [op] });
  }
  return extents;
}
