import type { FeedChange } from './messages.js';
import type { At } from './ordering.js';

/** `drifted`: applied as told, the digest would not be the one that the message names. Nothing was changed then. */
export type Outcome = 'applied' | 'drifted' | { refused: string };

/** What a node does with what the feed brings. Called one at a time; nothing is changed unless it answers 'applied'. */
export interface FeedHandler {
  /** What is applied. Epoch '', position 0n and the digest of nothing: no policy yet. */
  at(): At;
  /** `previous` is where the node stands, `changes` only what is new to it. */
  applyChange(change: FeedChange): Promise<Outcome>;
  /** As `encodeSnapshot` wrote it; never below the node's position in the same epoch. */
  applySnapshot(bytes: Buffer): Promise<Outcome>;
}
