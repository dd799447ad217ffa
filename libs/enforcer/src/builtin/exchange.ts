import type { IncomingMessage, ServerResponse } from 'node:http';
import { responseHeaders } from './headers.js';
import { sendProblem, type Problem, type ProblemCode } from './problem.js';
import type { Route } from './route.js';

/** How a request was answered: it became a WebSocket, it got the origin's answer, or the edge refused it. */
export type Decision = 'upgraded' | 'answered' | ProblemCode;

/** A request with its place for an answer, and where it goes. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  route: Route;
  onDecision: (decision: Decision) => void;
}

export function refuse(exchange: Pick<Exchange, 'response' | 'onDecision'>, problem: Problem): void {
  exchange.onDecision(problem.code);
  sendProblem(exchange.response, problem);
}

/**
 * Passes the origin's answer on as it comes. If it breaks off, so does the client's connection: what is missing must
 * not look like an end.
 */
export function relayAnswer(
  exchange: Exchange,
  answer: IncomingMessage,
  { close }: { close: boolean },
): void {
  const { request, response, onDecision } = exchange;
  const headers = responseHeaders(answer);
  answer.once('error', () => request.socket.resetAndDestroy());
  try {
    response.writeHead(answer.statusCode ?? 0, close ? [...headers, 'Connection', 'close'] : headers);
  } catch {
    refuse(exchange, { code: 'origin_failed', detail: "the head of the origin's answer is not valid" });
    return void answer.resume();
  }
  onDecision('answered');
  response.flushHeaders();
  answer.pipe(response);
}
