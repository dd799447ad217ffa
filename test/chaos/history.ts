import type { CommandAnswerJson } from '#contract';
import type { CdnResourceCommand } from '#domain';
import type { RecordedEvent } from '#event-store';

type Revert = Extract<CdnResourceCommand, { type: 'RevertWebsockets' }>;

/** A command as a client sends it: the policy that a revert goes back to is looked up by the command side. */
export type SentCommand = Exclude<CdnResourceCommand, Revert> | Omit<Revert, 'earlier'>;

/** One request for a command. Times are the runner's monotonic clock, in milliseconds. */
export interface Attempt {
  /** Unique; the log has it as the correlation id of what the request led to. */
  requestId: string;
  resource: string;
  command: SentCommand;
  via: 'http' | 'grpc';
  key?: string;
  ifMatch?: number;
  /** It asks to be answered when every live node has applied it. */
  waits: boolean;
  invokedAt: number;
  /** How it was answered; absent when nobody knows what came of it. */
  reply?: Reply;
}

export type Reply = { at: number } & ({ answer: CommandAnswerJson } | { refused: string });

/** What a node was seen to do or to say, in the order of looking: one look at a node ends before the next begins. */
export type Observation = Handshake | Report;

interface Look {
  node: string;
  /** Counts the starts of the node's process. */
  incarnation: number;
  /** When the look began and ended. */
  since: number;
  at: number;
}

export interface Handshake extends Look {
  kind: 'handshake';
  host: string;
  outcome: Outcome;
}

export interface Report extends Look {
  kind: 'report';
  /** Empty: it has no policy. */
  epoch: string;
  position: bigint;
  digest: string;
  /** It says that its disk does not have this policy. */
  unsaved: boolean;
}

/** `open <origin>`, `refused <resource> <position>` or `unknown`. */
export type Outcome = string;

export interface History {
  epoch: string;
  /** The whole log. */
  events: readonly RecordedEvent[];
  attempts: readonly Attempt[];
  observations: readonly Observation[];
  /** After each round of faults: how long it took until all were current, and what was not if it took too long. */
  recoveries: readonly Recovery[];
  /** Processes that ended without being told to. */
  deaths: readonly string[];
}

export interface Recovery {
  round: number;
  tookMs: number;
  missing?: string;
}

export interface Violation {
  rule: string;
  account: string;
}
