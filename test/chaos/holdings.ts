import { hostnamesIn, type Step } from './log-view.js';

/** A resource holds a hostname from one position on, up to another one. */
interface Holding {
  resource: string;
  from: bigint;
  to: bigint | undefined;
}

/** Which resource held which hostname at what positions of the log. */
export class Holdings {
  readonly #holdings = new Map<string, Holding[]>();

  constructor(steps: ReadonlyMap<string, readonly Step[]>) {
    for (const [resource, own] of steps) for (const step of own) this.#follow(resource, step);
  }

  /** Whether another resource held one of the hostnames at one of the positions. */
  others(resource: string, hostnames: readonly string[], least: bigint, most: bigint): boolean {
    return hostnames
      .flatMap((hostname) => this.#holdings.get(hostname) ?? [])
      .some(
        (held) =>
          held.resource !== resource && held.from <= most && (held.to === undefined || held.to > least),
      );
  }

  #follow(resource: string, { before, after, event: { position } }: Step): void {
    const [old, now] = [hostnamesIn(before), hostnamesIn(after)];
    for (const hostname of old.filter((one) => !now.includes(one)))
      this.#of(hostname).findLast((held) => held.resource === resource)!.to = position;
    for (const hostname of now.filter((one) => !old.includes(one)))
      this.#of(hostname).push({ resource, from: position, to: undefined });
  }

  #of(hostname: string): Holding[] {
    const found = this.#holdings.get(hostname) ?? [];
    this.#holdings.set(hostname, found);
    return found;
  }
}
