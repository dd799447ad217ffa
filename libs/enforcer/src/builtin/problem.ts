import { STATUS_CODES, type ServerResponse } from 'node:http';

/** Every error that the edge itself answers, with its status and title. Clients match on the codes. */
const PROBLEMS = {
  request_invalid: [400, 'The request is not valid'],
  host_invalid: [400, 'The request names no valid host'],
  websockets_disabled: [403, 'WebSockets are disabled for this host'],
  method_not_allowed: [405, 'The method is not allowed'],
  request_timeout: [408, 'The request took too long to arrive'],
  host_unknown: [421, 'No CDN resource has this host'],
  host_moved: [421, 'The host has moved to another CDN resource'],
  headers_too_large: [431, 'The request headers are too large'],
  transfer_coding_unknown: [501, 'The transfer coding is not supported'],
  origin_unreachable: [502, 'The origin cannot be reached'],
  origin_certificate_invalid: [502, 'The certificate of the origin is not valid'],
  origin_failed: [502, 'The origin gave no valid answer'],
  shutting_down: [503, 'This edge is shutting down'],
  origin_timeout: [504, 'The origin did not answer in time'],
  loop_detected: [508, 'The request goes round in a loop'],
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

/** An error for the client (RFC 9457). */
export interface Problem {
  code: ProblemCode;
  detail: string;
  /** The policy behind it, if one is. */
  policy?: { resource: string; position: string };
  /** The connection ends with it. */
  close?: boolean;
}

/** Answers with a problem. The response must not have begun. */
export function sendProblem(response: ServerResponse, problem: Problem): void {
  const body = bodyOf(problem);
  response.writeHead(PROBLEMS[problem.code][0], headersOf(problem, body));
  response.end(body);
}

/** A problem as the bytes of a whole response, for a request that could not even be parsed. */
export function problemBytes(problem: Problem): Buffer {
  const [status] = PROBLEMS[problem.code];
  const body = bodyOf(problem);
  const headers = Object.entries({ ...headersOf(problem, body), Connection: 'close' });
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...headers.map((header) => header.join(': '))];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
}

function bodyOf({ code, detail, policy }: Problem): Buffer {
  const [status, title] = PROBLEMS[code];
  return Buffer.from(
    JSON.stringify({ type: `urn:upgate:problem:${code}`, title, status, code, detail, ...policy }),
  );
}

function headersOf({ code, close }: Problem, body: Buffer): Record<string, string> {
  return {
    'Content-Type': 'application/problem+json',
    'Content-Length': String(body.length),
    'Cache-Control': 'no-store',
    ...(code === 'method_not_allowed' && { Allow: 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS' }),
    ...(close && { Connection: 'close' }),
  };
}
