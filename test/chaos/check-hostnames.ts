import type { RecordedEvent } from '#event-store';
import type { History, Violation } from './history.js';
import { hostnamesIn, stepsByResource } from './log-view.js';

/** At no position of the log do two live resources hold one hostname. */
export function checkHostnames({ events }: History): Violation[] {
  const holders = new Map<string, string>();
  const steps = [...stepsByResource(events)].flatMap(([resource, own]) =>
    own.map((step) => ({ resource, ...step })),
  );
  const inLogOrder = steps.toSorted((a, b) => Number(a.event.position - b.event.position));
  return inLogOrder.flatMap(({ resource, event, before, after }) => {
    for (const hostname of hostnamesIn(before))
      if (holders.get(hostname) === resource) holders.delete(hostname);
    return hostnamesIn(after).flatMap((hostname) => take(holders, hostname, resource, event));
  });
}

function take(
  holders: Map<string, string>,
  hostname: string,
  resource: string,
  { position, type }: RecordedEvent,
): Violation[] {
  const holder = holders.get(hostname);
  holders.set(hostname, resource);
  if (holder === undefined) return [];
  const account = `${hostname} is held by ${holder}, and ${resource} takes it (${type}, position ${position})`;
  return [{ rule: 'a hostname has one live holder', account }];
}
