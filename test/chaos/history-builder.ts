import { randomUUID } from 'node:crypto';
import { decide } from '#domain';
import type { NewEvent, RecordedEvent } from '#event-store';
import { renderResource } from '#platform';
import type { Attempt, History, Observation, SentCommand } from './history.js';
import { asDecided, stepsByResource } from './log-view.js';
import { PolicyTimeline } from './policy-timeline.js';

const TICK_MS = 10;

/** Writes the history of a run without a fault, for specs of the checker to spoil. */
export class HistoryBuilder {
  readonly events: RecordedEvent[] = [];
  readonly attempts: Attempt[] = [];
  readonly observations: Observation[] = [];
  #now = 0;

  /** A command that is accepted, and answered before the next is sent. */
  send(resource: string, command: SentCommand, key?: string): Attempt {
    const requestId = `try-${this.attempts.length + 1}`;
    const invokedAt = this.#tick();
    const asked = asDecided(command, stepsByResource(this.events).get(resource) ?? [])!;
    const decided = decide(asked, this.#recordOf(resource)?.state ?? { status: 'absent' });
    if ('refused' in decided) throw new Error(decided.message);
    for (const event of decided) this.append(resource, event, requestId, key);
    const record = this.#recordOf(resource)!;
    const { revision, position } = record;
    const answer = {
      changed: decided.length > 0,
      revision,
      position: `${position}`,
      resource: structuredClone(renderResource(record)),
    };
    const reply = { at: this.#tick(), answer };
    const attempt = { requestId, resource, command, via: 'http' as const, waits: false, invokedAt, reply };
    this.attempts.push(key === undefined ? attempt : { ...attempt, key });
    return this.attempts.at(-1)!;
  }

  append(resource: string, event: Pick<NewEvent, 'type' | 'data'>, requestId: string, key?: string): void {
    const stream = `cdnResource-${resource}`;
    const idempotency = key === undefined ? {} : { idempotency: { key, fingerprint: key } };
    this.events.push({
      ...event,
      id: randomUUID(),
      stream,
      revision: this.events.filter((other) => other.stream === stream).length + 1,
      position: BigInt(this.events.length + 1),
      metadata: {
        schemaVersion: 1,
        time: '2026-01-01T00:00:00.000Z',
        actor: { id: 'writer', kind: 'test' },
        commandId: randomUUID(),
        correlationId: requestId,
        causationId: requestId,
        ...idempotency,
      },
    });
  }

  /** A node enforces and reports the log as it is at a position. */
  look(host: string, position: bigint, node = 'edge-1', incarnation = 1): void {
    const timeline = new PolicyTimeline(this.history(), [host]);
    const look = { node, incarnation, since: this.#tick(), at: this.#tick() };
    const outcome = timeline.outcomeAt(host, position);
    this.observations.push({ ...look, kind: 'handshake', host, outcome });
    const digest = timeline.digestAt(position);
    this.observations.push({ ...look, kind: 'report', epoch: 'log', position, digest, unsaved: false });
  }

  history(): History {
    const { events, attempts, observations } = this;
    return {
      epoch: 'log',
      events,
      attempts,
      observations,
      recoveries: [{ round: 1, tookMs: 10 }],
      deaths: [],
    };
  }

  #recordOf(resource: string) {
    return stepsByResource(this.events).get(resource)?.at(-1)?.after;
  }

  #tick(): number {
    this.#now += TICK_MS;
    return this.#now;
  }
}
