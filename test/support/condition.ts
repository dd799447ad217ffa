import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits until the probe gives something other than undefined or false. Throws with the last error at the deadline. The
 * last probe begins after the deadline, so that one attempt that hangs, or a machine that stood still, is not the end.
 */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 15_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown = 'never true';
  for (let late = false; !late;) {
    late = performance.now() >= deadline;
    try {
      const found = await probe();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      last = error;
    }
    await delay(20);
  }
  throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`, { cause: last });
}
