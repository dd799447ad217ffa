import type { ExpectedRevision } from '../event-store.ts';
import type { EventRow } from './rows.ts';

/** What the threads of the log and its owner say to each other. Every request is numbered and gets one reply. */
export type Numbered<T> = { number: number } & T;

export interface AppendRequest {
  stream: string;
  expected: ExpectedRevision;
  events: { id: string; type: string; data: string; metadata: string }[];
}

export type AppendReply = { appended: { revision: number; position: bigint } } | { actualRevision: number };

export type ReadRequest =
  | { read: 'head' }
  | { read: 'stream'; stream: string; after: number; limit: number }
  /** With `wait`, it is answered as soon as the log has grown above `after`, by whichever process. */
  | { read: 'all'; after: bigint; prefix: string; limit: number; wait: boolean };

/** `head`: how far the log had been committed when the rows were read. */
export type ReadReply = { rows: EventRow[]; head: bigint };

export type Failed = { failure: { kind: 'unavailable' | 'corrupt'; message: string } };

export interface FromThread<Reply> {
  replies: Numbered<Reply | Failed>[];
  /** What the transaction wrote. */
  commit?: Commit;
}

/** What one transaction wrote, for metrics. */
export interface Commit {
  appends: number;
  events: number;
}

/** What a thread says first, before it takes requests. */
export type Opened = { epoch: string } | Failed;

/** What it may say before that, while it verifies a long log. */
export interface Verified {
  verified: bigint;
  of: bigint;
}

/** Requests that came together, or that the thread is to close the log and end. */
export type ToThread<Request> = Numbered<Request>[] | 'close';

export interface ThreadData {
  file: string;
}
