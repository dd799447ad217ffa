import type { CdnResourceCommand, Refused, ResourceRecord } from '#domain';
import { CommandHandler, type CommandRequest, type EventStore, type Outcome } from '#event-store';
import { HostnameClaims, type Pause } from '../hostnames/hostname-claims.js';
import { resourceDecider, streamOf } from './resource-decider.js';

type ResourceRequest = Pick<
  CommandRequest<ResourceRecord, CdnResourceCommand, Refused>,
  'command' | 'metadata' | 'idempotency' | 'expectedRevision'
>;

/** Carries out commands on the streams of resources, claiming and releasing hostnames on the way. */
export class ResourceWriter {
  readonly #handler: CommandHandler<ResourceRecord, CdnResourceCommand, Refused>;

  constructor(
    private readonly store: EventStore,
    private readonly pause?: Pause,
  ) {
    this.#handler = new CommandHandler(store, resourceDecider);
  }

  async write(id: string, request: ResourceRequest): Promise<Outcome<ResourceRecord, Refused>> {
    const claims = new HostnameClaims(this.store, id, request.metadata, this.pause);
    const outcome = await this.#handler.handle({
      ...request,
      stream: streamOf(id),
      beforeAppend: ({ state }, events) => claims.claim(state, events),
    });
    if (outcome.outcome === 'accepted' && outcome.changed && !outcome.repeated) await claims.release();
    return outcome;
  }
}
