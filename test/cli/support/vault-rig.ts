import type { MemoryObjectStore } from '../../../lambda/adapters/memory';
import { Rig, RigOptions, SCRATCH, VAULT as VAULT_BUCKET } from '../../scenarios/support/rig';
import { cli, fakeDirectory, Outcome, VAULT, World } from './fakes';

/** Calls that a reader may make. */
const READS = new Set(['GetObject', 'HeadObject', 'ListObjectsV2']);

export interface Reading extends World {
  /** Fields of the vault's SSM parameter. */
  readonly names?: Readonly<Record<string, unknown>>;
  /** The store that the command reads with. */
  readonly store?: MemoryObjectStore;
}

/** Runs one command line on the vault of a rig, by the real use cases. Any call that is not a read of the vault bucket fails. */
export function read(
  rig: Rig,
  args: readonly string[],
  { names = {}, store, ...world }: Reading = {},
): Promise<Outcome> {
  const vault = { ...VAULT, vaultBucket: VAULT_BUCKET, scratchBucket: SCRATCH, changeLogTable: 'changes', ...names };
  const reader = store ?? rig.vaultStore;
  reader.calls.beforeCall = ({ operation, bucket }) => {
    if (!READS.has(operation) || bucket !== VAULT_BUCKET) throw new Error(`a reader called ${operation} of ${bucket}`);
  };
  const clients = {
    directory: fakeDirectory({ parameter: () => Promise.resolve(JSON.stringify({ formatVersion: 1, ...vault })) }),
    catalog: () => rig.catalog,
    changeLog: () => rig.changeLog,
    store: () => reader,
  };
  return cli(args, { clients, ...world }).finally(() => {
    reader.calls.beforeCall = undefined;
  });
}

/** Lines of stdout. */
export const lines = ({ stdout }: Outcome): string[] => (stdout === '' ? [] : stdout.split('\n'));
export const json = (outcome: Outcome): any => JSON.parse(outcome.stdout);

/** A bucket `src` that was filled and backed up. */
export async function backedUp(fill: (rig: Rig) => void, settings: RigOptions['settings'] = {}): Promise<Rig> {
  const rig = new Rig({ settings });
  rig.s3.createBucket('src', { ownership: 'ObjectWriter' });
  fill(rig);
  rig.s3.advance(10);
  await rig.backup({ bucket: 'src' });
  rig.s3.advance(10);
  return rig;
}
