import { noRecord, type WebsocketsPolicy } from '#domain';
import type { EventStore } from '#event-store';
import { ApiError } from '#platform';
import { evolveResource, streamOf } from './resource-decider.js';

/** The policy in force right after a revision. Throws ApiError resource_unknown or revision_unknown. */
export async function earlierPolicy(
  store: EventStore,
  resource: string,
  revision: number,
): Promise<WebsocketsPolicy> {
  let record = noRecord;
  for await (const event of store.readStream(streamOf(resource), { limit: revision })) {
    record = evolveResource(record, event);
  }
  if (record.revision === 0) throw new ApiError('resource_unknown');
  if (record.revision < revision || record.state.status === 'absent') {
    throw new ApiError('revision_unknown', `the CDN resource has no policy at a revision ${revision}`);
  }
  return record.state.resource.websockets;
}
