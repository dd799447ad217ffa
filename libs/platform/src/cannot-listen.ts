import { formatAddress, type ListenAddress } from './listen-address.js';

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program uses it',
  EACCES: 'this user may not use that port',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'the host is not known',
};

/** An address that the configuration names cannot be listened on: the message names both, and why. */
export class CannotListen extends Error {
  override readonly name = 'CannotListen';
}

/** Runs `listen`, whose failure becomes a CannotListen that names the variable to change. */
export async function listening<T>(
  variable: string,
  address: ListenAddress,
  listen: () => Promise<T>,
): Promise<T> {
  try {
    return await listen();
  } catch (error) {
    const reason = REASONS[(error as NodeJS.ErrnoException).code ?? ''] ?? String(error);
    const problem = `Cannot listen on ${formatAddress(address)}: ${reason}.`;
    throw new CannotListen(`${problem} Choose another address with ${variable}.`, { cause: error });
  }
}
