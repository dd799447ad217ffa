import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  WrongRevision,
  type Appended,
  type EventMetadata,
  type EventStore,
  type NewEvent,
  type RecordedEvent,
} from './event-store.js';
import { KeyedLock } from './keyed-lock.js';
import { StreamStates, type StreamState } from './stream-states.js';

const ATTEMPTS = 20;
const MAX_PAUSE_MS = 20;

export interface DecidedEvent {
  type: string;
  data: unknown;
}

/** The domain as the handler sees it. `Refusal` is whatever the domain answers in place of events. */
export interface Decider<State, Command, Refusal> {
  initial: State;
  evolve(state: State, event: RecordedEvent): State;
  decide(command: Command, state: State): readonly DecidedEvent[] | Refusal;
  /** Remembers a command with an idempotency key that changed nothing; must leave the state as it is. */
  noEffect(command: Command): DecidedEvent;
  refusals: {
    revisionMismatch(actual: number): Refusal;
    idempotencyKeyReused(key: string): Refusal;
    contention(): Refusal;
  };
}

export interface CommandRequest<State, Command, Refusal> {
  stream: string;
  command: Command;
  metadata: Omit<EventMetadata, 'idempotency'>;
  /** The fingerprint tells a retry from another command under the same key. */
  idempotency?: { key: string; fingerprint: string };
  /** Refused unless the stream is at this revision. */
  expectedRevision?: number;
  /**
   * Runs on every attempt after the state was loaded at the revision that the append will expect, before the append.
   * What it answers refuses the command.
   */
  beforeAppend?: (state: State, events: readonly DecidedEvent[]) => Promise<Refusal | undefined>;
}

export type Outcome<State, Refusal> =
  | {
      outcome: 'accepted';
      changed: boolean;
      /** The same command under the same key was accepted before: this is what it was answered then. */
      repeated: boolean;
      state: State;
      revision: number;
      /** Of the stream's last event; 0n if it has none. */
      position: bigint;
    }
  | { outcome: 'refused'; refusal: Refusal };

/** Loads, decides and appends: again if the stream has changed meanwhile, until it holds or is refused. */
export class CommandHandler<State, Command, Refusal extends object> {
  readonly #streams: StreamStates<State>;
  readonly #turns = new KeyedLock();

  constructor(
    private readonly store: EventStore,
    private readonly decider: Decider<State, Command, Refusal>,
  ) {
    this.#streams = new StreamStates(store, decider.initial, (state, event) => decider.evolve(state, event));
  }

  /** Commands for one stream take turns. Throws what the store throws, but for WrongRevision. */
  handle(request: CommandRequest<State, Command, Refusal>): Promise<Outcome<State, Refusal>> {
    return this.#turns.run(request.stream, () => this.#handle(request));
  }

  /** The first attempt may decide on a state kept from before: if it appends, the append proves it right. */
  async #handle(request: CommandRequest<State, Command, Refusal>): Promise<Outcome<State, Refusal>> {
    const kept = this.#streams.kept(request.stream);
    const keptRevision = kept?.revision ?? 0;
    const first = kept && (await this.#attempt(request, kept));
    if (first?.outcome === 'accepted' && (first.revision > keptRevision || first.repeated)) return first;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const outcome = await this.#attempt(request, await this.#streams.read(request.stream));
      if (outcome) return outcome;
      await delay(Math.random() * MAX_PAUSE_MS);
    }
    return refused(this.decider.refusals.contention());
  }

  /** Undefined: the stream has moved on, so decide again. */
  async #attempt(
    request: CommandRequest<State, Command, Refusal>,
    loaded: StreamState<State>,
  ): Promise<Outcome<State, Refusal> | undefined> {
    const earlier = await this.#earlierAnswer(request, loaded);
    if (earlier) return earlier;
    const { expectedRevision, command, idempotency, beforeAppend } = request;
    const decided = this.decider.decide(command, loaded.state);
    if (!isEvents(decided)) return refused(decided);
    if (expectedRevision !== undefined && expectedRevision !== loaded.revision) {
      return refused(this.decider.refusals.revisionMismatch(loaded.revision));
    }
    const changed = decided.length > 0;
    if (!changed && !idempotency) return accepted(loaded, false);
    const events = changed ? decided : [this.decider.noEffect(command)];
    const refusal = await beforeAppend?.(loaded.state, events);
    if (refusal) return refused(refusal);
    const after = await this.#append(request, loaded, events);
    return after && accepted(after, changed);
  }

  /** The answer to the same key before. A key is never forgotten: the stream itself holds it. */
  async #earlierAnswer(
    { stream, command, idempotency }: CommandRequest<State, Command, Refusal>,
    { commands }: StreamState<State>,
  ): Promise<Outcome<State, Refusal> | undefined> {
    const earlier = idempotency && commands.get(idempotency.key);
    if (!earlier) return undefined;
    if (earlier.fingerprint !== idempotency.fingerprint) {
      return refused(this.decider.refusals.idempotencyKeyReused(idempotency.key));
    }
    const changed = earlier.type !== this.decider.noEffect(command).type;
    return { ...accepted(await this.#streams.readAt(stream, earlier.revision), changed), repeated: true };
  }

  async #append(
    { stream, metadata, idempotency }: CommandRequest<State, Command, Refusal>,
    loaded: StreamState<State>,
    decided: readonly DecidedEvent[],
  ): Promise<StreamState<State> | undefined> {
    const envelope: EventMetadata = { ...metadata, ...(idempotency && { idempotency }) };
    const events: NewEvent[] = decided.map((event) => ({ ...event, id: randomUUID(), metadata: envelope }));
    const appended = await this.#tryAppend(stream, loaded.revision, events);
    return appended && this.#streams.advance(stream, loaded, recordedAs(stream, events, appended));
  }

  async #tryAppend(stream: string, revision: number, events: NewEvent[]): Promise<Appended | undefined> {
    try {
      return await this.store.append(stream, revision === 0 ? 'none' : revision, events);
    } catch (error) {
      if (error instanceof WrongRevision) return undefined;
      throw error;
    }
  }
}

/** Only the last event's position is known; it is the one that an answer gives. */
function recordedAs(
  stream: string,
  events: readonly NewEvent[],
  { revision, position }: Appended,
): RecordedEvent[] {
  const before = revision - events.length;
  return events.map((event, index) => ({ ...event, stream, revision: before + index + 1, position }));
}

function isEvents(decided: object): decided is readonly DecidedEvent[] {
  return Array.isArray(decided);
}

function refused<Refusal>(refusal: Refusal): { outcome: 'refused'; refusal: Refusal } {
  return { outcome: 'refused', refusal };
}

function accepted<State>({ state, revision, position }: StreamState<State>, changed: boolean) {
  return { outcome: 'accepted' as const, changed, repeated: false, state, revision, position };
}
