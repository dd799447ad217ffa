import type { HistoryItemJson } from '#contract';
import { ApiError } from '#platform';
import type { HistoryFilter } from '../read-model/history-rows.js';
import type { ReadModel } from '../read-model/read-model.js';
import { decodeCursor } from './cursor.js';
import type { AuditParameters, PageParameters } from './parameters.js';
import { pageOf, type Page } from './resource-queries.js';

const POSITION = /^\d{1,19}$/;

/** Who did what, when, from where, why, and what it changed; newest first. */
export class HistoryQueries {
  constructor(private readonly readModel: ReadModel) {}

  /** Of one resource, a deleted one too. Throws ApiError resource_unknown. */
  ofResource(resource: string, page: PageParameters): Page<HistoryItemJson> {
    if (!this.readModel.history.standingAt(resource)) throw new ApiError('resource_unknown');
    return this.#page({ resource }, page);
  }

  /** Of all resources. */
  audit({ actor, type, from, to, resource, ...page }: AuditParameters): Page<HistoryItemJson> {
    return this.#page({ actor, type, from, to, resource }, page);
  }

  #page(
    filter: HistoryFilter,
    { cursor, limit }: Pick<PageParameters, 'cursor' | 'limit'>,
  ): Page<HistoryItemJson> {
    const before = cursor === undefined ? undefined : BigInt(decodeCursor(cursor, POSITION));
    const found = this.readModel.history.list(filter, before, limit + 1);
    return pageOf(found, limit, ({ position }) => position);
  }
}
