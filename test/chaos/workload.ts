import type { OpenConnections } from '#domain';
import type { Attempt, SentCommand } from './history.js';
import type { Random } from './random.js';

/** A command as a writer means it; its retries are the same operation. */
export interface Operation {
  resource: string;
  command: SentCommand;
  key?: string;
  /** Sent with `If-Match`: the revision that the writer saw last. */
  conditional: boolean;
}

/** What a writer does next: something new, or once more what it did before, over the one interface or the other. */
export type Step = { pauseMs: number } & Pick<Attempt, 'via' | 'waits'> &
  ({ operation: Operation } | { retry: number });

const SLOTS = 4;
const ERA = 40;
/** For so many eras what was made is still meddled with, and deleted, so that hostnames come free again. */
const ERAS_REMEMBERED = 4;
const MAX_PAUSE_MS = 60;
/** That a revert asks for: not every resource comes so far. */
const MAX_REVISION = 12;
const LETTERS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const HOSTNAMES = [...LETTERS.map((letter) => `${letter}.test`), 'x.wild.test', '*.wild.test'];
/** What handshakes ask for: every hostname, and some that only the wildcard matches. */
export const HOSTS = [...HOSTNAMES.filter((hostname) => !hostname.startsWith('*')), 'y.wild.test'];
const FATES: OpenConnections[] = [{ mode: 'keep' }, { mode: 'close' }, { mode: 'drain', seconds: 1 }];

/** The commands of one writer. They depend on the seed alone, and collide with those of the other writers. */
export class Workload {
  #count = 0;

  constructor(
    private readonly writer: string,
    private readonly random: Random,
    private readonly origins: readonly string[],
  ) {}

  next(): Step {
    const { random } = this;
    const pauseMs = random.below(MAX_PAUSE_MS);
    const how = { pauseMs, via: random.pick(['http', 'grpc'] as const), waits: random.chance(0.1) };
    if (this.#count > 0 && random.chance(0.08)) return { ...how, retry: random.below(this.#count) };
    const era = Math.floor(this.#count / ERA);
    this.#count += 1;
    const past = era > 0 && random.chance(0.4);
    const age = past ? random.between(1, Math.min(era, ERAS_REMEMBERED)) : 0;
    const resource = `site-${era - age}-${random.below(SLOTS)}`;
    const command =
      past && random.chance(0.5) ? { type: 'DeleteCdnResource' as const } : this.#command(resource);
    const key = random.chance(0.7) ? { key: `${this.writer}-${this.#count}` } : {};
    return { ...how, operation: { resource, command, ...key, conditional: random.chance(0.15) } };
  }

  #command(id: string): SentCommand {
    const { random } = this;
    const dice = random.below(100);
    if (dice < 22) return { type: 'CreateCdnResource', resource: this.#newResource(id) };
    if (dice < 64) return this.#switch();
    if (dice < 72) return { type: 'RevertWebsockets', revision: random.between(1, MAX_REVISION) };
    if (dice < 82) return { type: 'ResetWebsockets' };
    if (dice < 92) return { type: 'ChangeCdnResource', change: this.#hostnames() };
    if (dice < 97) return { type: 'ChangeCdnResource', change: { origin: random.pick(this.origins) } };
    return { type: 'DeleteCdnResource' };
  }

  #newResource(id: string) {
    const integration = this.random.pick(['full', 'partial'] as const);
    return {
      id,
      account: 'default',
      ...this.#hostnames(),
      origin: this.random.pick(this.origins),
      integration,
    };
  }

  #hostnames(): { cname: string; secondaryHostnames: string[] } {
    const first = this.random.below(HOSTNAMES.length);
    const second = (first + this.random.between(1, HOSTNAMES.length - 1)) % HOSTNAMES.length;
    return {
      cname: HOSTNAMES[first]!,
      secondaryHostnames: this.random.chance(0.4) ? [HOSTNAMES[second]!] : [],
    };
  }

  #switch(): SentCommand {
    const enabled = this.random.chance(0.5);
    return { type: 'SetWebsockets', enabled, openConnections: this.random.pick(FATES) };
  }
}
