import { randomUUID } from 'node:crypto';
import { defaultWebsockets, type CdnResource, type CdnResourceEvent } from '#domain';
import type { Appended, EventMetadata, EventStore } from '#event-store';

/** Writes resources' events to a log, as the command side would. */
export class ResourceLog {
  constructor(private readonly store: EventStore) {}

  create(
    id: string,
    resource: Partial<CdnResource> = {},
    metadata?: Partial<EventMetadata>,
  ): Promise<Appended> {
    return this.append(id, { type: 'CdnResourceCreated', data: aResource(id, resource) }, metadata);
  }

  enable(id: string, metadata?: Partial<EventMetadata>): Promise<Appended> {
    return this.append(id, { type: 'WebsocketsEnabled', data: policy(true) }, metadata);
  }

  disable(id: string, metadata?: Partial<EventMetadata>): Promise<Appended> {
    return this.append(id, { type: 'WebsocketsDisabled', data: policy(false) }, metadata);
  }

  delete(id: string, metadata?: Partial<EventMetadata>): Promise<Appended> {
    return this.append(id, { type: 'CdnResourceDeleted', data: {} }, metadata);
  }

  append(id: string, event: CdnResourceEvent, metadata?: Partial<EventMetadata>): Promise<Appended> {
    const full = aMetadata(metadata);
    return this.store.append(`cdnResource-${id}`, 'any', [{ ...event, id: randomUUID(), metadata: full }]);
  }
}

export function aResource(id: string, resource: Partial<CdnResource> = {}): CdnResource {
  const { integration = 'full' } = resource;
  return {
    id,
    account: 'default',
    cname: `${id}.example.com`,
    secondaryHostnames: [],
    origin: 'http://127.0.0.1:9000',
    integration,
    websockets: defaultWebsockets(integration),
    ...resource,
  };
}

export function aMetadata(metadata: Partial<EventMetadata> = {}): EventMetadata {
  return {
    schemaVersion: 1,
    time: new Date().toISOString(),
    actor: { id: 'alice', kind: 'user', address: '127.0.0.1' },
    commandId: randomUUID(),
    correlationId: 'request-1',
    causationId: 'request-1',
    ...metadata,
  };
}

function policy(enabled: boolean): CdnResource['websockets'] {
  return { enabled, source: 'explicit', openConnections: { mode: 'drain', seconds: 30 } };
}
