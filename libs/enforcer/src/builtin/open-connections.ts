import { isDeepStrictEqual } from 'node:util';
import { isRemoval, type ConnectionsPolicy, type SettingsTable, type TableDiff } from '#settings';
import type { CloseReason } from './close-frame.js';
import type { OpenConnection } from './open-connection.js';

/** Over which connections are drained whose resource is gone, when its last word on them is not known. */
const UNKNOWN_DRAIN_SECONDS = 30;

/** The last policy of a resource that is gone. */
type LastOf = (resource: string) => ConnectionsPolicy | undefined;

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
   * Lets every connection that is no longer allowed meet the fate that the policy of its resource states, or the last
   * one of a resource that is gone. A policy is obeyed once, so changes of anything else touch nothing.
   */
  apply(diffs: readonly TableDiff[], table: SettingsTable): void {
    const gone = new Map(diffs.map((diff) => [diff.change.resource, lastPolicy(diff)]));
    judge(this.#concerned(diffs), table, (resource) => gone.get(resource));
  }

  /** The same, when one table takes the place of another, which does not tell what the resources said that are gone. */
  replace(before: SettingsTable, table: SettingsTable): void {
    judge(this.#all, table, (resource) => unlessKept(before.get(resource)?.websockets));
  }

  /** A hostname that comes or goes can concern any connection: an exact one takes hosts from a wildcard. */
  #concerned(diffs: readonly TableDiff[]): Iterable<OpenConnection> {
    if (diffs.some(hostnamesDiffer)) return this.#all;
    return diffs.flatMap(({ change }) => [...(this.#byResource.get(change.resource) ?? [])]);
  }
}

function hostnamesDiffer({ before, change }: TableDiff): boolean {
  return isRemoval(change) || before?.hostnames.join() !== change.hostnames.join();
}

function lastPolicy({ before, change }: TableDiff): ConnectionsPolicy | undefined {
  return change.websockets ?? unlessKept(before?.websockets);
}

/** For a policy that another may have followed: connections are not kept for ever on a word that was taken back. */
function unlessKept(policy: ConnectionsPolicy | undefined): ConnectionsPolicy | undefined {
  return policy?.openConnections.mode === 'keep'
    ? { ...policy, openConnections: { mode: 'drain', seconds: UNKNOWN_DRAIN_SECONDS } }
    : policy;
}

function judge(connections: Iterable<OpenConnection>, table: SettingsTable, lastOf: LastOf): void {
  const doomed = new Map<string, { policy: ConnectionsPolicy; connections: OpenConnection[] }>();
  for (const connection of connections) {
    const policy = endOf(connection, table, lastOf);
    if (!policy) continue;
    const group = doomed.get(connection.resource);
    if (group) group.connections.push(connection);
    else doomed.set(connection.resource, { policy, connections: [connection] });
  }
  for (const group of doomed.values()) doom(group.connections, group.policy);
}

/** The policy that ends the right of a connection, unless it is obeyed already. */
function endOf(
  connection: OpenConnection,
  table: SettingsTable,
  lastOf: LastOf,
): ConnectionsPolicy | undefined {
  const { resource, host, obeyed } = connection;
  const ruling = table.match(host);
  const isOurs = ruling?.resource === resource;
  const policy = isOurs ? ruling.websockets : table.get(resource)?.websockets;
  if (!policy) return unlessObeyed(connection, lastOf(resource));
  if (!policy.enabled) return unlessObeyed(connection, policy);
  if (!isOurs) return obeyed ? undefined : policy;
  connection.allow();
  return undefined;
}

function unlessObeyed(
  { obeyed }: OpenConnection,
  policy: ConnectionsPolicy | undefined,
): ConnectionsPolicy | undefined {
  return policy && obeyed && isSame(policy, obeyed) ? undefined : policy;
}

/** The same position may be of another log. */
function isSame(one: ConnectionsPolicy, other: ConnectionsPolicy): boolean {
  return one.position === other.position && isDeepStrictEqual(one.openConnections, other.openConnections);
}

function doom(connections: readonly OpenConnection[], policy: ConnectionsPolicy): void {
  const { openConnections } = policy;
  const closeAfterMs = (index: number): number | undefined => {
    if (openConnections.mode === 'keep') return undefined;
    if (openConnections.mode === 'close') return 0;
    return (index * openConnections.seconds * 1_000) / connections.length;
  };
  for (const [index, connection] of connections.entries()) connection.obey(policy, closeAfterMs(index));
}
