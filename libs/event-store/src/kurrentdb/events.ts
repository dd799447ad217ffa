import { jsonEvent, type JSONType, type ResolvedEvent } from '@kurrent/kurrentdb-client';
import {
  StoreCorrupt,
  StoreUnavailable,
  type EventMetadata,
  type NewEvent,
  type RecordedEvent,
} from '../event-store.js';
import { NO_PLACE } from './assumptions.js';

export function toEventData({ id, type, data, metadata }: NewEvent) {
  if (!isJson(data)) throw new TypeError(`the event ${type} has no data`);
  return jsonEvent({ id, type, data, metadata: { ...metadata } });
}

function isJson(data: unknown): data is JSONType {
  return typeof data === 'string' || (typeof data === 'object' && data !== null);
}

/** Theirs counts revisions from 0, ours from 1. Throws StoreCorrupt for an event that Upgate cannot have written, StoreUnavailable for a server that is too old. */
export function fromResolved({ event }: Pick<ResolvedEvent, 'event'>): RecordedEvent {
  if (!event?.position || !event.isJson || !isMetadata(event.metadata)) {
    const place = event ? `${event.revision} of the stream ${event.streamId}` : 'a link';
    throw new StoreCorrupt(`the event ${place} is not one of Upgate's`);
  }
  if (event.position.commit >= NO_PLACE)
    throw new StoreUnavailable('KurrentDB does not tell the positions of events: 22.6 or later is needed');
  const { id, type, data, metadata, streamId, revision, position } = event;
  return {
    id,
    type,
    data,
    metadata,
    stream: streamId,
    revision: Number(revision) + 1,
    position: position.commit,
  };
}

function isMetadata(metadata: unknown): metadata is EventMetadata {
  return (
    typeof metadata === 'object' &&
    metadata !== null &&
    'schemaVersion' in metadata &&
    'commandId' in metadata
  );
}
