import type { At, EncodedSnapshot, FeedSource } from '#edge-feed';
import { encodeSnapshot, type SettingsChange } from '#settings';
import type { Projection } from './fold/projection.js';

/** What the feed tells the edges of the settings. */
export class SettingsSource implements FeedSource {
  constructor(private readonly projection: Projection) {}

  head(): At {
    return this.projection.head;
  }

  changesSince(position: bigint, limit: number): SettingsChange[] | undefined {
    const rows = this.projection.readModel.resources.changedSince(position, limit + 1);
    return rows.length > limit ? undefined : rows.map(({ change }) => change);
  }

  async snapshot(): Promise<EncodedSnapshot> {
    const { epoch, position } = this.projection.head;
    return { epoch, position, bytes: await encodeSnapshot(epoch, position, this.projection.table) };
  }
}
