/** Watchers of one key at a peer, each with a connection of its own, as nodes have. */
export interface Watchers {
  /** Resolves when all of them watch. */
  start(argument: { url: string; count: number }): Promise<void>;
  /** Waits until every watcher has seen so many puts; when each saw its last one. */
  received(argument: { messages: number }): Promise<number[]>;
}

export const BUCKET = 'bench';
export const KEY = 'settings';
