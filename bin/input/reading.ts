import { isStoreError } from '../../lambda/ports/object-store';
import { type BucketState, openState } from '../../lambda/usecases/browse/state';
import { DEFAULT_SETTINGS } from '../../lambda/usecases/context';
import type { PointPorts } from '../../lambda/usecases/restore/point/point';
import { Vault } from '../../lambda/usecases/vault/vault';
import { stateText } from '../output/doubts';
import { CliError, CutOff } from '../output/errors';
import { type Context, vaultOf } from '../vault/context';
import { TempFiles } from '../vault/temp-files';
import type { StateRequest } from './state';

const RIGHTS =
  'reading needs s3:GetObject, s3:GetObjectVersion and s3:ListBucket on the vault bucket, and kms:Decrypt on its key (docs/reference/cli.md)';

/** Runs work that reads states of a bucket straight from the vault. Nothing of it stays on this machine. */
export async function readVault<T>(
  context: Context,
  requests: readonly StateRequest[],
  work: (ports: PointPorts) => Promise<T>,
): Promise<T> {
  const { clients } = context;
  const { vaultName, vaultBucket, catalogTable, changeLogTable } = await vaultOf(context);
  if (changeLogTable === undefined && requests.some(({ pointInTime }) => pointInTime !== undefined))
    throw new CliError(
      'VaultOutdated',
      `vault ${vaultName} does not publish its change log, so no instant can be read: deploy its stack again, or use a recovery point`,
    );
  const scratch = new TempFiles();
  try {
    return await work({
      vault: new Vault(clients.store(), vaultBucket),
      scratch,
      catalog: clients.catalog(catalogTable),
      changeLog: clients.changeLog(changeLogTable ?? ''),
      settings: DEFAULT_SETTINGS,
      deployment: { vaultName },
    });
  } catch (error) {
    throw explained(error);
  } finally {
    await scratch.close();
  }
}

/** The same for one state, which is named on stderr first. */
export const readState = <T>(
  context: Context,
  request: StateRequest,
  work: (ports: PointPorts, state: BucketState) => Promise<T>,
): Promise<T> =>
  readVault(context, [request], async (ports) => {
    const state = await openState(ports, request);
    context.io.err(stateText(state));
    return work(ports, state);
  });

function explained(error: unknown): unknown {
  if (error instanceof CutOff) return new CutOff(explained(error.cause));
  if (!isStoreError(error)) return error;
  if (error.code === 'access-denied') return new CliError('AccessDenied', `${error.message}: ${RIGHTS}`);
  return new CliError(error.code === 'no-such-bucket' ? 'VaultNotFound' : 'S3Error', error.message);
}
