import {
  asCdnResourceEvent,
  decide,
  evolveRecord,
  noRecord,
  refuse,
  type CdnResourceCommand,
  type Refused,
  type ResourceRecord,
} from '#domain';
import type { Decider, RecordedEvent } from '#event-store';

/** CDN resources as the command handler sees them. */
export const resourceDecider: Decider<ResourceRecord, CdnResourceCommand, Refused> = {
  initial: noRecord,
  evolve: evolveResource,
  decide: (command, { state }) => decide(command, state),
  noEffect: ({ type }) => ({ type: 'CommandHadNoEffect', data: { command: type } }),
  refusals: {
    revisionMismatch: (actual) => refuse('revision_mismatch', `the CDN resource is at revision ${actual}`),
    idempotencyKeyReused: (key) =>
      refuse('idempotency_key_reused', `the idempotency key ${key} belongs to another command`),
    contention: () =>
      refuse('contention', 'the CDN resource changes too fast: the command did not get its turn'),
  },
};

export function evolveResource(record: ResourceRecord, recorded: RecordedEvent): ResourceRecord {
  const { revision, position, metadata } = recorded;
  return evolveRecord(record, {
    event: asCdnResourceEvent(recorded),
    revision,
    position,
    time: metadata.time,
  });
}

export function streamOf(resource: string): string {
  return `cdnResource-${resource}`;
}
