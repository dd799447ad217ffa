import type { ResourceJson, WebsocketsJson } from '#contract';
import type { ResourceRecord } from '#domain';
import { parseHostname } from '#hostname';
import { ApiError, invalidRequest, parsePosition, renderResource } from '#platform';
import type { Projection } from '../fold/projection.js';
import type { Moment } from '../read-model/history-rows.js';
import { decodeCursor, encodeCursor } from './cursor.js';
import { parseTime, type ListParameters } from './parameters.js';

const ID = /^[a-z0-9-]{1,64}$/;

export interface Page<T> {
  items: T[];
  /** The cursor of the next page; null: this is the last. */
  next: string | null;
}

/** The policy of a resource, and the event that made it so. */
export interface WebsocketsAt extends WebsocketsJson {
  revision: number;
  position: string;
}

/** The resources as the read model has them now, and their policies as they were. */
export class ResourceQueries {
  constructor(private readonly projection: Projection) {}

  /** Throws ApiError resource_unknown or resource_deleted. */
  get(id: string): ResourceJson {
    return renderResource(this.#live(id));
  }

  /** By id. A page holds what its filter finds when it is asked for; none is skipped or repeated between pages. */
  list({ hostname, cursor, limit, ...filter }: ListParameters): Page<ResourceJson> {
    const after = cursor === undefined ? '' : decodeCursor(cursor, ID);
    const found =
      hostname === undefined
        ? this.projection.readModel.resources.list(filter, after, limit + 1)
        : this.#serving(hostname).filter((record) => passes(record, filter) && idOf(record) > after);
    return pageOf(found.map(renderResource), limit, ({ id }) => id);
  }

  /** Throws ApiError resource_unknown or resource_deleted, also when it was so at the moment asked for. */
  websockets(id: string, at: string | undefined): WebsocketsAt {
    if (at === undefined) this.#live(id);
    const moment = at === undefined ? undefined : parseMoment(at);
    const { history } = this.projection.readModel;
    const policy = history.policyAt(id, moment);
    if (!policy?.resource)
      throw new ApiError('resource_unknown', at && `There was no CDN resource ${id} at ${at}`);
    if (!history.standingAt(id, moment)?.resource)
      throw new ApiError(
        'resource_deleted',
        `The CDN resource ${id} had been deleted at ${at ?? 'that time'}`,
      );
    const { revision, position, resource } = policy;
    return { ...resource.websockets, revision, position: position.toString() };
  }

  #live(id: string): ResourceRecord {
    const record = this.projection.readModel.resources.get(id);
    if (!record || record.state.status === 'absent') throw new ApiError('resource_unknown');
    if (record.state.status === 'deleted') throw new ApiError('resource_deleted');
    return record;
  }

  #serving(text: string): ResourceRecord[] {
    const parsed = parseHostname(text);
    if (!parsed.ok) throw invalidRequest([{ field: 'hostname', value: text, message: parsed.message }]);
    const entry = this.projection.table.match(parsed.hostname);
    return entry ? [this.#live(entry.resource)] : [];
  }
}

/** A page of the items found, which are one more than the limit if there is another page. */
export function pageOf<T>(found: T[], limit: number, keyOf: (item: T) => string): Page<T> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, next: found.length > limit && last ? encodeCursor(keyOf(last)) : null };
}

function parseMoment(at: string): Moment {
  const position = parsePosition(at);
  if (position !== undefined) return { position };
  const time = parseTime(at);
  if (time !== undefined) return { time };
  throw invalidRequest([
    {
      field: 'at',
      value: at,
      message: 'must be an ISO 8601 time, such as 2026-01-31T12:00:00Z, or a position',
    },
  ]);
}

function passes(
  { state }: ResourceRecord,
  { account, integration, websockets }: Pick<ListParameters, 'account' | 'integration' | 'websockets'>,
): boolean {
  if (state.status !== 'live') return false;
  const { resource } = state;
  return (
    (account === undefined || resource.account === account) &&
    (integration === undefined || resource.integration === integration) &&
    (websockets === undefined || resource.websockets.enabled === websockets)
  );
}

function idOf({ state }: ResourceRecord): string {
  return state.status === 'absent' ? '' : state.resource.id;
}
