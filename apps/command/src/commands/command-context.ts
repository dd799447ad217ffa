import { randomUUID } from 'node:crypto';
import type { EventMetadata } from '#event-store';
import { given } from './given.js';

/** Who sends a command and on what conditions, whatever the protocol. */
export interface CommandContext {
  actor: EventMetadata['actor'];
  requestId: string;
  /** W3C trace context. */
  traceparent: string | undefined;
  idempotencyKey: string | undefined;
  /** Refused unless the resource is at this revision. */
  expectedRevision: number | undefined;
}

/** What the log keeps of a command besides its events. */
export function metadataOf(
  { actor, requestId, traceparent }: CommandContext,
  reason: string | undefined,
): EventMetadata {
  return {
    schemaVersion: 1,
    time: new Date().toISOString(),
    actor,
    commandId: randomUUID(),
    correlationId: requestId,
    causationId: requestId,
    ...given({ reason, traceparent }),
  };
}
