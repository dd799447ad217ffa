import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  asCdnResourceEvent,
  evolve,
  evolveClaim,
  noRecord,
  refuse,
  unclaimed,
  type CdnResourceEvent,
  type CdnResourceState,
  type HostnameClaim,
  type HostnameClaimEvent,
  type Refused,
  type ResourceRecord,
} from '#domain';
import {
  WrongRevision,
  type DecidedEvent,
  type EventMetadata,
  type EventStore,
  type RecordedEvent,
} from '#event-store';
import type { Hostname } from '#hostname';
import { evolveResource, streamOf } from '../commands/resource-decider.js';

const ATTEMPTS = 20;
const MIN_PAUSE_MS = 5;
const PAUSE_JITTER_MS = 20;

/** The last claim of a hostname, and the revision of the hostname's stream that says so. */
interface Pointer {
  hostname: Hostname;
  claim: HostnameClaim;
  revision: number;
}

type Rival = ResourceRecord & { id: string };

/** Gives a rival that is under way a moment to finish. */
export type Pause = () => Promise<unknown>;

/**
 * One command's part in keeping every hostname with one live resource at most: see
 * docs/decisions/hostname-uniqueness.md.
 */
export class HostnameClaims {
  #letGo: Pointer[] = [];

  constructor(
    private readonly store: EventStore,
    private readonly resource: string,
    private readonly metadata: EventMetadata,
    private readonly pause: Pause = () => delay(MIN_PAUSE_MS + Math.random() * PAUSE_JITTER_MS),
  ) {}

  /**
   * Claims what the events will have the resource hold, between the load of its state and their append at exactly that
   * revision. Refuses what another live resource holds.
   */
  async claim(before: CdnResourceState, decided: readonly DecidedEvent[]): Promise<Refused | undefined> {
    const held = hostnamesOf(before);
    const toHold = hostnamesOf(decided.map(asCdnResourceEvent).reduce(evolve, before));
    const dropped = held.filter((hostname) => !toHold.includes(hostname));
    const acquired = toHold.filter((hostname) => !held.includes(hostname)).toSorted();
    this.#letGo = await Promise.all(dropped.map((hostname) => this.#pointer(hostname)));
    const refusals = await Promise.all(
      acquired.map((hostname) => this.#acquire(hostname, fieldOf(hostname, toHold))),
    );
    return refusals.find((refusal) => refusal !== undefined);
  }

  /**
   * Frees what the events have let go, once those of the last `claim` are appended. If it cannot, nothing is lost: a
   * claim of a hostname that its resource does not hold keeps nobody away.
   */
  async release(): Promise<void> {
    const own = this.#letGo.filter(({ claim }) => claimantOf(claim) === this.resource);
    await Promise.allSettled(own.map((pointer) => this.#free(pointer)));
  }

  async #acquire(hostname: Hostname, field: string): Promise<Refused | undefined> {
    let met = 0;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const pointer = await this.#pointer(hostname);
      const rival = await this.#rival(pointer);
      if (rival && hostnamesOf(rival.state).includes(hostname)) return taken(hostname, field, rival.id);
      const firstMeeting = rival !== undefined && pointer.revision !== met;
      met = pointer.revision;
      if (!firstMeeting && (await this.#fence(rival, hostname)) && (await this.#point(pointer)))
        return undefined;
      await this.pause();
    }
    return refuse('contention', `${hostname} is claimed too often: the command did not get its turn`);
  }

  /** Another resource whose claim it is, if that can come to hold the hostname: a deleted one cannot. */
  async #rival({ claim }: Pointer): Promise<Rival | undefined> {
    const id = claimantOf(claim);
    if (id === undefined || id === this.resource) return undefined;
    let record = noRecord;
    for await (const event of this.store.readStream(streamOf(id))) record = evolveResource(record, event);
    return record.state.status === 'deleted' ? undefined : { ...record, id };
  }

  /** After this no append of the rival that was decided on what it has read before can succeed. */
  async #fence(rival: Rival | undefined, hostname: Hostname): Promise<boolean> {
    if (!rival) return true;
    const data = { hostname, by: this.resource };
    return this.#append(streamOf(rival.id), rival.revision, { type: 'HostnameClaimRevoked', data });
  }

  /** Also when the claim is our own already: whoever has read the old one must come too late. */
  #point({ hostname, revision }: Pointer): Promise<boolean> {
    const data = { hostname, resource: this.resource };
    return this.#append(claimStreamOf(hostname), revision, { type: 'HostnameClaimed', data });
  }

  /** Fails if the hostname has been claimed since the pointer was read. */
  #free({ hostname, revision }: Pointer): Promise<boolean> {
    const data = { hostname, resource: this.resource };
    return this.#append(claimStreamOf(hostname), revision, { type: 'HostnameReleased', data });
  }

  async #pointer(hostname: Hostname): Promise<Pointer> {
    let claim = unclaimed;
    let revision = 0;
    for await (const event of this.store.readStream(claimStreamOf(hostname))) {
      claim = evolveClaim(claim, asClaimEvent(event));
      revision = event.revision;
    }
    return { hostname, claim, revision };
  }

  /** False: the stream has moved on since it was read. */
  async #append(
    stream: string,
    revision: number,
    event: HostnameClaimEvent | CdnResourceEvent,
  ): Promise<boolean> {
    try {
      const expected = revision === 0 ? 'none' : revision;
      await this.store.append(stream, expected, [{ ...event, id: randomUUID(), metadata: this.metadata }]);
      return true;
    } catch (error) {
      if (error instanceof WrongRevision) return false;
      throw error;
    }
  }
}

export function hostnamesOf(state: CdnResourceState): Hostname[] {
  return state.status === 'live' ? [state.resource.cname, ...state.resource.secondaryHostnames] : [];
}

function claimantOf(claim: HostnameClaim): string | undefined {
  return claim.status === 'claimed' ? claim.resource : undefined;
}

function fieldOf(hostname: Hostname, hostnames: readonly Hostname[]): string {
  const index = hostnames.indexOf(hostname);
  return index === 0 ? 'cname' : `secondaryHostnames.${index - 1}`;
}

function taken(hostname: Hostname, field: string, resource: string): Refused {
  const message = `belongs to the CDN resource ${resource}`;
  return refuse('hostname_taken', `${hostname} ${message}`, [{ field, value: hostname, message }]);
}

function claimStreamOf(hostname: Hostname): string {
  return `hostname-${hostname}`;
}

function asClaimEvent({ type, data }: RecordedEvent): HostnameClaimEvent {
  return { type, data } as HostnameClaimEvent;
}
