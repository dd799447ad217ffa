import { eventually } from './condition.js';

const SAME_READINGS = 15;

/** Waits until a count has stopped changing, and gives it. */
export async function settled(what: string, read: () => number): Promise<number> {
  let last = Number.NaN;
  let same = 0;
  await eventually(`${what} to stop changing`, () => {
    const now = read();
    same = now === last ? same + 1 : 0;
    last = now;
    return same >= SAME_READINGS;
  });
  return last;
}
