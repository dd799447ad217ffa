import { isDeepStrictEqual } from 'node:util';
import {
  asCdnResourceEvent,
  evolveRecord,
  noRecord,
  type CdnResourceCommand,
  type ResourceRecord,
} from '#domain';
import type { RecordedEvent } from '#event-store';
import type { SentCommand } from './history.js';

const RESOURCE_STREAMS = 'cdnResource-';

/** An event of a resource with the resource before and after it. */
export interface Step {
  event: RecordedEvent;
  before: ResourceRecord;
  after: ResourceRecord;
}

export function resourceOf({ stream }: RecordedEvent): string | undefined {
  return stream.startsWith(RESOURCE_STREAMS) ? stream.slice(RESOURCE_STREAMS.length) : undefined;
}

/** The history of each resource: the step to revision n is at n - 1. */
export function stepsByResource(events: readonly RecordedEvent[]): Map<string, Step[]> {
  const steps = new Map<string, Step[]>();
  for (const event of events) {
    const resource = resourceOf(event);
    if (resource === undefined) continue;
    const own = steps.get(resource) ?? [];
    steps.set(resource, own);
    own.push(stepAfter(own.at(-1)?.after ?? noRecord, event));
  }
  return steps;
}

function stepAfter(before: ResourceRecord, event: RecordedEvent): Step {
  const { revision, position, metadata } = event;
  const recorded = { event: asCdnResourceEvent(event), revision, position, time: metadata.time };
  return { event, before, after: evolveRecord(before, recorded) };
}

/** The steps of a resource that one run of a command appended. A fence belongs to the command of another resource. */
export function appends(steps: readonly Step[]): Step[][] {
  const own = steps.filter(({ event }) => event.type !== 'HostnameClaimRevoked');
  return [...Map.groupBy(own, ({ event }) => event.metadata.commandId).values()];
}

/** The command with what it goes back to, if it is a revert; undefined if there is no such revision with a policy. */
export function asDecided(command: SentCommand, steps: readonly Step[]): CdnResourceCommand | undefined {
  if (command.type !== 'RevertWebsockets') return command;
  const state = steps[command.revision - 1]?.after.state;
  return state && state.status !== 'absent' ? { ...command, earlier: state.resource.websockets } : undefined;
}

export function hostnamesIn({ state }: ResourceRecord): string[] {
  return state.status === 'live' ? [state.resource.cname, ...state.resource.secondaryHostnames] : [];
}

/** Whether two values are the same JSON. */
export function sameJson(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)));
}
