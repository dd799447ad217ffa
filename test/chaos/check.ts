import { checkApplied } from './check-applied.js';
import { checkCommands } from './check-commands.js';
import { checkHostnames } from './check-hostnames.js';
import { checkNodes } from './check-nodes.js';
import { checkOrder } from './check-order.js';
import { checkRefusals } from './check-refusals.js';
import type { History, Violation } from './history.js';

export const RECOVERY_MS = 5_000;

/** Everything that a history does not keep of what Upgate promises. */
export function check(history: History): Violation[] {
  return [
    ...checkCommands(history),
    ...checkOrder(history),
    ...checkRefusals(history),
    ...checkHostnames(history),
    ...checkNodes(history),
    ...checkApplied(history),
    ...checkRecoveries(history),
    ...history.deaths.map((account) => ({ rule: 'a process ends only when told to', account })),
  ];
}

function checkRecoveries({ recoveries }: History): Violation[] {
  return recoveries
    .filter(({ tookMs, missing }) => missing !== undefined || tookMs > RECOVERY_MS)
    .map(({ round, tookMs, missing }) => ({
      rule: `all are current within ${RECOVERY_MS} ms after healing`,
      account: `round ${round}: ${missing ?? 'all were current'} after ${Math.round(tookMs)} ms`,
    }));
}
