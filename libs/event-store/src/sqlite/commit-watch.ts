import { watch, type FSWatcher } from 'node:fs';
import { markOf } from './high-water-mark.ts';

const POLL_MS = 15;

/**
 * Calls back soon after a commit by whichever process of this machine, and now and then without one. Every process
 * raises the log's mark when it has committed, which is seen at once where the system can watch a file; the poll finds
 * what that misses. Returns what stops it.
 */
export function watchForCommits(logFile: string, onMayHaveGrown: () => void): () => void {
  let mark: FSWatcher | undefined;
  const unwatch = (): void => {
    mark?.close();
    mark = undefined;
  };
  const poll = setInterval(() => {
    mark ??= watchMark(logFile, onMayHaveGrown, unwatch);
    onMayHaveGrown();
  }, POLL_MS);
  return () => {
    clearInterval(poll);
    unwatch();
  };
}

/** Undefined while there is no mark. `onGone`: the mark was replaced, or cannot be watched any more. */
function watchMark(logFile: string, onRaised: () => void, onGone: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(markOf(logFile), (event) => (event === 'rename' ? onGone() : onRaised()));
    return watcher.on('error', onGone);
  } catch {
    return undefined;
  }
}
