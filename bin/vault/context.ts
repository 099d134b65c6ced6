import type { Io } from '../output/io';
import type { Clients, VaultNames } from './clients';
import { findVault } from './find-vault';

/** What a command runs with. */
export interface Context {
  readonly io: Io;
  readonly clients: Clients;
  readonly json: boolean;
  /** The vault as the user named it. */
  readonly vaultName: string;
}

/** A command's work; answers the exit code. */
export type Work = (context: Context) => Promise<number>;
/** Runs a command's work with the global options. */
export type Run = (work: Work) => Promise<void>;

export const vaultOf = ({ clients, vaultName }: Context): Promise<VaultNames> =>
  findVault(clients.directory, vaultName);

/** The result: text for people, or the one JSON document. */
export function result(context: Context, document: unknown, text: () => string): void {
  context.io.out(context.json ? JSON.stringify(document, undefined, 2) : text());
}

/** Something to read on the way to the result: stdout belongs to the document when there is one. */
export function say({ io, json }: Context, text: string): void {
  if (json) io.err(text);
  else io.out(text);
}
