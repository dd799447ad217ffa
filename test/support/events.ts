import { randomUUID } from 'node:crypto';
import type { EventMetadata, NewEvent } from '#event-store';

export function metadata(): EventMetadata {
  return {
    schemaVersion: 1,
    time: '2026-01-01T00:00:00.000Z',
    actor: { id: 'alice', kind: 'user' },
    commandId: randomUUID(),
    correlationId: 'c',
    causationId: 'c',
  };
}

export function newEvent(type = 'Happened', data: unknown = {}): NewEvent {
  return { id: randomUUID(), type, data, metadata: metadata() };
}
