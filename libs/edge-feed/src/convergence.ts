import type { Msg } from '@nats-io/transport-node';
import {
  convergenceAnswerMessage,
  convergenceRequestMessage,
  MAX_NODES_NAMED,
  MessageInvalid,
  type ConvergenceAnswerMessage,
  type ConvergenceJson,
} from '#contract';
import { FeedUnavailable, type FeedConnection, type FeedSubscription } from './connection.js';
import { Incoming } from './incoming.js';
import type { FeedLog } from './log.js';
import { subjectsOf } from './subjects.js';

const QUEUE = 'projection';
/** For the way there and back, but at most half of the time. */
const GRACE_MS = 500;
const MAX_ERROR_SENT = 500;

export interface ConvergenceServerOptions {
  connection: FeedConnection;
  fleet: string;
  logger: FeedLog;
  /** Waits until every live node has applied the position, or the time is over. */
  wait: (position: bigint, timeoutMs: number) => Promise<ConvergenceJson>;
}

/** Answers command processes that wait for a position to be enforced. */
export function serveConvergence({
  connection,
  fleet,
  logger,
  wait,
}: ConvergenceServerOptions): FeedSubscription {
  const incoming = new Incoming(logger);
  const answer = async (message: Msg) => {
    const request = incoming.read(convergenceRequestMessage, message);
    if (!request) return;
    const convergence = await wait(request.position, request.timeoutMs);
    message.respond(convergenceAnswerMessage.encode(toAnswer(convergence)));
  };
  return connection.subscribe(
    subjectsOf(fleet).convergence,
    (message) =>
      void answer(message).catch((error: unknown) =>
        logger.warn({ err: error }, 'a convergence request could not be answered'),
      ),
    QUEUE,
  );
}

/**
 * Asks a projection to wait for a position, up to 10 minutes, so that it has answered when the time is over; undefined
 * if none does. Throws MessageInvalid if the timeout is longer.
 */
export async function requestConvergence(
  connection: FeedConnection,
  fleet: string,
  position: bigint,
  timeoutMs: number,
): Promise<ConvergenceJson | undefined> {
  const grace = Math.min(GRACE_MS, Math.ceil(timeoutMs / 2));
  const request = convergenceRequestMessage.encode({ position, timeoutMs: timeoutMs - grace });
  const subject = subjectsOf(fleet).convergence;
  try {
    const bytes = await connection.request(subject, request, timeoutMs);
    return fromAnswer(convergenceAnswerMessage.parse(bytes));
  } catch (error) {
    if (error instanceof FeedUnavailable || error instanceof MessageInvalid) return undefined;
    throw error;
  }
}

function toAnswer(convergence: ConvergenceJson): ConvergenceAnswerMessage {
  const { position, status, applied, refused, missing, ...counts } = convergence;
  return {
    ...counts,
    position: BigInt(position),
    applied: status === 'applied',
    appliedNodes: applied,
    missing: missing.slice(0, MAX_NODES_NAMED),
    refused: refused
      .slice(0, MAX_NODES_NAMED)
      .map(({ node, error }) => ({ node, error: error.slice(0, MAX_ERROR_SENT) })),
  };
}

function fromAnswer({ position, applied, appliedNodes, ...rest }: ConvergenceAnswerMessage): ConvergenceJson {
  return {
    ...rest,
    position: position.toString(),
    status: applied ? 'applied' : 'pending',
    applied: appliedNodes,
  };
}
