import type { EventRow } from './rows.ts';

/** What the threads of the log say to each other. Requests are numbered; every request gets one reply. */
type Expected = number | 'none' | 'exists' | 'any';

export interface AppendRequest {
  number: number;
  stream: string;
  expected: Expected;
  events: { id: string; type: string; data: string; metadata: string }[];
}

export type ReadRequest = { number: number } & (
  | { read: 'stream'; stream: string; after: number; limit: number }
  | { read: 'all'; after: bigint; prefix: string; limit: number }
);

export type Failure = { kind: 'unavailable' | 'corrupt'; message: string };

export type AppendReply =
  | { number: number; appended: { revision: number; position: bigint } }
  | { number: number; actualRevision: number }
  | { number: number; failure: Failure };

/** Without a number: news of what another process has committed. */
export interface ReadReply {
  number?: number;
  rows?: EventRow[];
  /** How far the log had been committed when this was read. */
  head?: bigint;
  failure?: Failure;
}

/** The first message of each thread. */
export type Opened = { epoch: string; head: bigint } | { failure: Failure };

export interface ThreadData {
  file: string;
}
