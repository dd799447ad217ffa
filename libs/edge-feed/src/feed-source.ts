import type { SettingsChange } from '#settings';
import type { At } from './ordering.js';

/** All settings at a place in a log, as `encodeSnapshot` writes them. */
export interface EncodedSnapshot {
  epoch: string;
  position: bigint;
  bytes: Buffer;
}

/** What the control plane knows, for the feed to tell. */
export interface FeedSource {
  head(): At;
  /**
   * What changed above a position up to the head, each resource at most once; undefined if that is more than `limit`
   * changes, or cannot be told from this position.
   */
  changesSince(position: bigint, limit: number): SettingsChange[] | undefined;
  /** Of the head. */
  snapshot(): EncodedSnapshot | Promise<EncodedSnapshot>;
}
