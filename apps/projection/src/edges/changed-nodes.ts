import { once } from 'node:events';
import type { EdgeRegistry } from './edge-registry.js';

/** The nodes of which there is something new, for one reader at its own pace: each once, however often it changed. */
export async function* changedNodes({ events }: EdgeRegistry, signal: AbortSignal): AsyncGenerator<string> {
  const changed = new Set<string>();
  const note = (node: string) => changed.add(node);
  events.on('changed', note);
  try {
    while (!signal.aborted) {
      for (const node of changed) {
        changed.delete(node);
        yield node;
      }
      if (changed.size === 0) await once(events, 'changed', { signal }).catch(() => undefined);
    }
  } finally {
    events.off('changed', note);
  }
}
