import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { ApiError, toProblem } from './api-error.js';

/** Tells a client of bytes that are no HTTP request, as of any other error, and hangs up. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (socket.writable && error.code !== 'ECONNRESET') socket.write(answerTo(error));
  socket.destroySoon();
}

function answerTo({ code = '' }: NodeJS.ErrnoException): string {
  const problem = toProblem(problemOf(code));
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

function problemOf(code: string): ApiError {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new ApiError('body_too_large', 'the head of a request has at most 16 KB');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new ApiError('request_invalid', 'the request did not come to its end in time');
  return new ApiError('request_invalid', `this is not HTTP/1.1 (${code})`);
}
