import type { Logger } from 'pino';
import type { At, EncodedSnapshot, FeedSource } from '#edge-feed';
import { encodeSnapshot, type SettingsChange } from '#settings';
import type { Projection } from './fold/projection.js';

/** More than so many take a moment, so that the log says when it begins. */
const MANY_RESOURCES = 100_000;

/** What the feed tells the edges of the settings. */
export class SettingsSource implements FeedSource {
  constructor(
    private readonly projection: Projection,
    private readonly logger: Logger,
  ) {}

  head(): At {
    return this.projection.head;
  }

  changesSince(position: bigint, limit: number): SettingsChange[] | undefined {
    const rows = this.projection.readModel.resources.changedSince(position, limit + 1);
    return rows.length > limit ? undefined : rows.map(({ change }) => change);
  }

  async snapshot(): Promise<EncodedSnapshot> {
    const { head, table } = this.projection;
    const { epoch, position } = head;
    const resources = table.size;
    const begun = performance.now();
    if (resources > MANY_RESOURCES) this.logger.info({ position, resources }, 'a snapshot is being built');
    const bytes = await encodeSnapshot(epoch, position, table);
    const ms = Math.round(performance.now() - begun);
    this.logger.info({ position, resources, bytes: bytes.length, ms }, 'a snapshot was built');
    return { epoch, position, bytes };
  }
}
