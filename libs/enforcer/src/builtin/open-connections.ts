import type { SettingsEntry, SettingsTable, TableDiff } from '#settings';
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
    const before = new Map(diffs.map((diff) => [diff.resource, diff.before]));
    const doomed = new Map<WebsocketsPolicy, OpenConnection[]>();
    for (const connection of this.#concerned(diffs)) {
      const { resource, host, fate } = connection;
      const now = table.match(host);
      const stays = now?.resource === resource;
      if (stays && now.websockets.enabled) connection.allow();
      else if (stays && now.websockets.position !== fate) put(doomed, now.websockets, connection);
      else if (!stays && fate === undefined)
        put(doomed, (before.get(resource) ?? table.get(resource))?.websockets, connection);
    }
    for (const [policy, connections] of doomed) doom(connections, policy);
  }

  /** A hostname that comes or goes can concern any connection: an exact one takes hosts from a wildcard. */
  #concerned(diffs: readonly TableDiff[]): Iterable<OpenConnection> {
    if (diffs.some(hostnamesDiffer)) return this.#all;
    return diffs.flatMap(({ resource }) => [...(this.#byResource.get(resource) ?? [])]);
  }
}

function hostnamesDiffer({ before, after }: TableDiff): boolean {
  return before?.hostnames.join() !== after?.hostnames.join();
}

function put(
  doomed: Map<WebsocketsPolicy, OpenConnection[]>,
  policy: WebsocketsPolicy | undefined,
  connection: OpenConnection,
): void {
  if (policy === undefined) return;
  const group = doomed.get(policy);
  if (group) group.push(connection);
  else doomed.set(policy, [connection]);
}

function doom(connections: readonly OpenConnection[], { openConnections, position }: WebsocketsPolicy): void {
  const closeAfterMs = (index: number): number | undefined => {
    if (openConnections.mode === 'keep') return undefined;
    if (openConnections.mode === 'close') return 0;
    return (index * openConnections.seconds * 1_000) / connections.length;
  };
  for (const [index, connection] of connections.entries()) connection.meet(position, closeAfterMs(index));
}
