/** The place of an event in the whole log: grows, never repeats, means nothing else. 0n is before every event. */
export type Position = bigint;

/** What a writer believes about a stream: a revision it has read, or whether the stream exists at all. */
export type ExpectedRevision = number | 'none' | 'exists' | 'any';

/** JSON only. The store gives it back as it was written. */
export interface EventMetadata {
  /** Of the event's data. */
  schemaVersion: number;
  /** ISO 8601, UTC, from the writer's clock: for people, never for ordering. */
  time: string;
  actor: { id: string; kind: string; address?: string };
  reason?: string;
  commandId: string;
  /** Set on every event of a command that bore a key. */
  idempotency?: { key: string; fingerprint: string };
  correlationId: string;
  causationId: string;
  /** W3C trace context: where in a trace the event was appended. */
  traceparent?: string;
  tracestate?: string;
}

export interface NewEvent {
  /** UUID, unique in the log. */
  id: string;
  type: string;
  data: unknown;
  metadata: EventMetadata;
}

export interface RecordedEvent extends NewEvent {
  stream: string;
  /** Counts the events of the stream from 1. */
  revision: number;
  position: Position;
}

export interface Appended {
  /** Of the last event appended. */
  revision: number;
  position: Position;
}

/** What a subscription yields: events in order, and a mark each time it has reached the end of the log. */
export type SubscriptionItem =
  | { kind: 'event'; event: RecordedEvent }
  /** Every matching event at or before `position` has been yielded. */
  | { kind: 'caught-up'; position: Position };

export interface EventStore {
  /** A random id made when the log was first created: another epoch is another log. */
  epoch(): Promise<string>;

  /** The position of the last event in the log. */
  head(): Promise<Position>;

  /**
   * Appends all events or none; they are on disk when this resolves.
   * Throws WrongRevision if the stream is not as expected, StoreUnavailable if the log cannot be written now.
   */
  append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<Appended>;

  /** The events of one stream in order, those above the revision `after` (0: all); none if there is no such stream. */
  readStream(stream: string, options?: { after?: number; limit?: number }): AsyncIterable<RecordedEvent>;

  /** The events of all streams whose name starts with `prefix`, in log order, those above the position `after`. */
  readAll(options?: { after?: Position; prefix?: string }): AsyncIterable<RecordedEvent>;

  /**
   * The same, and then on as events are appended, by whichever process. Items come in batches, as they were read.
   * Ends when the signal is aborted.
   */
  subscribe(options: {
    after: Position;
    prefix?: string;
    signal: AbortSignal;
  }): AsyncIterable<readonly SubscriptionItem[]>;

  close(): Promise<void>;
}

/** The stream is not at the revision that the writer expected: read it again and decide again. */
export class WrongRevision extends Error {
  override readonly name = 'WrongRevision';
  constructor(
    readonly stream: string,
    readonly expected: ExpectedRevision,
    /** 0: there is no such stream. */
    readonly actual: number,
  ) {
    super(`the stream ${stream} is at revision ${actual}, expected ${expected}`);
  }
}

/** The log cannot be read or written now: a full disk, a lock that is held too long. Trying later may help. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** The log's file is damaged, or shorter than it has been. Only a person can mend this. */
export class StoreCorrupt extends Error {
  override readonly name = 'StoreCorrupt';
}
