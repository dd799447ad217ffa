import { asCdnResourceEvent } from '#domain';
import { parseHostname, type Hostname } from '#hostname';
import { EMPTY_DIGEST, foldSettings, SettingsTable } from '#settings';
import type { History, Outcome } from './history.js';
import { resourceOf } from './log-view.js';

/** A value from a position on. */
interface From<T> {
  position: bigint;
  value: T;
}

/** What the log would have every node do, at each of its positions. */
export class PolicyTimeline {
  readonly #digests: From<string>[] = [{ position: 0n, value: EMPTY_DIGEST }];
  readonly #outcomes: Map<string, From<Outcome>[]>;
  readonly #invoked: { position: bigint; invokedAt: number }[];

  constructor({ events, attempts }: History, hosts: Iterable<string>) {
    this.#outcomes = new Map(Array.from(hosts, (host) => [host, [{ position: 0n, value: 'unknown' }]]));
    const sent = new Map(attempts.map(({ requestId, invokedAt }) => [requestId, invokedAt]));
    this.#invoked = events.map(({ position, metadata }) => ({
      position,
      invokedAt: sent.get(metadata.correlationId) ?? 0,
    }));
    this.#fold(events);
  }

  digestAt(position: bigint): string {
    return valueAt(this.#digests, position);
  }

  /** The first position from `floor` on at which a handshake must have this outcome. */
  earliest(host: string, outcome: Outcome, floor: bigint): bigint | undefined {
    const changes = this.#outcomes.get(host)!;
    if (valueAt(changes, floor) === outcome) return floor;
    return changes.find(({ position, value }) => position > floor && value === outcome)?.position;
  }

  outcomeAt(host: string, position: bigint): Outcome {
    return valueAt(this.#outcomes.get(host)!, position);
  }

  /** The first position that cannot have been in the log at this time: nobody had sent its command. */
  unreachable(at: number): bigint | undefined {
    return this.#invoked.find(({ invokedAt }) => invokedAt > at)?.position;
  }

  #fold(events: History['events']): void {
    const table = new SettingsTable();
    for (const recorded of events) {
      const resource = resourceOf(recorded);
      if (resource === undefined) continue;
      const { revision, position, metadata } = recorded;
      const event = asCdnResourceEvent(recorded);
      const change = foldSettings(table.get(resource), resource, {
        event,
        revision,
        position,
        time: metadata.time,
      });
      if (!change) continue;
      table.apply([change]);
      note(this.#digests, position, table.digest);
      for (const [host, changes] of this.#outcomes) note(changes, position, outcomeOf(table, host));
    }
  }
}

function outcomeOf(table: SettingsTable, host: string): Outcome {
  const entry = table.match(hostnameOf(host));
  if (!entry) return 'unknown';
  const { resource, origin, websockets } = entry;
  return websockets.enabled ? `open ${origin}` : `refused ${resource} ${websockets.position}`;
}

function hostnameOf(host: string): Hostname {
  const parsed = parseHostname(host);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.hostname;
}

function note<T>(changes: From<T>[], position: bigint, value: T): void {
  if (changes.at(-1)!.value !== value) changes.push({ position, value });
}

function valueAt<T>(changes: readonly From<T>[], position: bigint): T {
  return changes.findLast((change) => change.position <= position)!.value;
}
