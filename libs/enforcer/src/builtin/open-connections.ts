import type { SettingsEntry, SettingsTable, TableDiff } from '#settings';
import { resourceOf } from '../active-policy-diff.js';
import type { CloseReason } from './close-frame.js';
import type { OpenConnection } from './open-connection.js';

type WebsocketsPolicy = SettingsEntry['websockets'];

/** All open WebSockets, and what changes of the settings make of them. */
export class OpenConnections {
  readonly #all = new Set<OpenConnection>();
  readonly #byResource = new Map<string, Set<OpenConnection>>();

  get size(): number {
    return this.#all.size;
  }

  add(connection: OpenConnection): void {
    this.#all.add(connection);
    const same = this.#byResource.get(connection.resource);
    if (same) same.add(connection);
    else this.#byResource.set(connection.resource, new Set([connection]));
  }

  remove(connection: OpenConnection): void {
    connection.cancel();
    this.#all.delete(connection);
    const same = this.#byResource.get(connection.resource);
    same?.delete(connection);
    if (same?.size === 0) this.#byResource.delete(connection.resource);
  }

  close(reason: CloseReason): void {
    for (const connection of this.#all) connection.close(reason);
  }

  /**
   * Lets every connection that is no longer allowed meet the fate stated by the policy that ended its right: the one
   * that switched WebSockets off, or the last one of the resource that is gone or has lost the host. A fate is met
   * once for each policy, so changes of anything else touch nothing.
   */
  apply(diffs: readonly TableDiff[], table: SettingsTable): void {
    const before = new Map(diffs.map((diff) => [resourceOf(diff), diff.before]));
    judge(this.#concerned(diffs), table, (resource) => before.get(resource) ?? table.get(resource));
  }

  /** The same, when one table takes the place of another. */
  replace(before: SettingsTable, table: SettingsTable): void {
    judge(this.#all, table, (resource) => before.get(resource));
  }
  /** A hostname that comes or goes can concern any connection: an exact one takes hosts from a wildcard. */
  #concerned(diffs: readonly TableDiff[]): Iterable<OpenConnection> {
    if (diffs.some(hostnamesDiffer)) return this.#all;
    return diffs.flatMap((diff) => [...(this.#byResource.get(resourceOf(diff)) ?? [])]);
  }
}

function hostnamesDiffer({ before, after }: TableDiff): boolean {
  return before?.hostnames.join() !== after?.hostnames.join();
}

/** `formerly` gives the entry that a resource had before. */
function judge(
  connections: Iterable<OpenConnection>,
  table: SettingsTable,
  formerly: (resource: string) => SettingsEntry | undefined,
): void {
  const doomed = new Map<bigint, { policy: WebsocketsPolicy; connections: OpenConnection[] }>();
  for (const connection of connections) {
    const policy = endOf(connection, table, formerly);
    if (!policy) continue;
    const group = doomed.get(policy.position);
    if (group) group.connections.push(connection);
    else doomed.set(policy.position, { policy, connections: [connection] });
  }
  for (const group of doomed.values()) doom(group.connections, group.policy);
}

/** The policy that ends the right of a connection, unless it has met that fate before. */
function endOf(
  connection: OpenConnection,
  table: SettingsTable,
  formerly: (resource: string) => SettingsEntry | undefined,
): WebsocketsPolicy | undefined {
  const { resource, host, fate } = connection;
  const now = table.match(host);
  if (now?.resource !== resource) return fate === undefined ? formerly(resource)?.websockets : undefined;
  const { websockets } = now;
  if (websockets.enabled) connection.allow();
  return websockets.enabled || websockets.position === fate ? undefined : websockets;
}

function doom(connections: readonly OpenConnection[], { openConnections, position }: WebsocketsPolicy): void {
  const closeAfterMs = (index: number): number | undefined => {
    if (openConnections.mode === 'keep') return undefined;
    if (openConnections.mode === 'close') return 0;
    return (index * openConnections.seconds * 1_000) / connections.length;
  };
  for (const [index, connection] of connections.entries()) connection.meet(position, closeAfterMs(index));
}
