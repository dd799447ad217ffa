import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';

/** Headers in the order and case they came, name and value alternating, repeated ones repeated. */
export type RawHeaders = string[];

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** Set for each request anew, from what came and what is known of the connection. */
const SET_ON_REQUESTS = new Set([
  'host',
  'content-length',
  'expect',
  'via',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
]);
const SET_ON_RESPONSES = new Set(['content-length', 'via']);
const METHODS_WITHOUT_BODY = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);
/** Of this process alone, so that a request that comes back is known. */
const VIA = `1.1 upgate-${randomBytes(4).toString('hex')}`;

/** The headers of a request as the origin gets them. It sees the host that the client asked for. */
export function requestHeaders(request: IncomingMessage, authority: string): RawHeaders {
  return [
    'Host',
    authority,
    ...endToEnd(request.rawHeaders, SET_ON_REQUESTS),
    ...provenance(request, authority),
    ...requestFraming(request),
    ...(expectsContinue(request) ? ['Expect', '100-continue'] : []),
  ];
}

/** The headers of a request for a WebSocket as the origin gets them: whatever else it offered, only that is asked. */
export function upgradeHeaders(request: IncomingMessage, authority: string): RawHeaders {
  return [
    'Host',
    authority,
    'Connection',
    'Upgrade',
    'Upgrade',
    'websocket',
    ...endToEnd(request.rawHeaders, SET_ON_REQUESTS),
    ...provenance(request, authority),
  ];
}

/** The headers of an answer as the client gets them. */
export function responseHeaders(answer: IncomingMessage): RawHeaders {
  const via = [...(answer.headersDistinct['via'] ?? []), VIA].join(', ');
  return [...endToEnd(answer.rawHeaders, SET_ON_RESPONSES), 'Via', via, ...responseFraming(answer)];
}

/** What is meant for the far end, `besides` left out. */
export function endToEnd(
  rawHeaders: readonly string[],
  besides: ReadonlySet<string> = new Set(),
): RawHeaders {
  const listed = connectionOptions(rawHeaders);
  const kept: RawHeaders = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase();
    if (HOP_BY_HOP.has(name) || listed.has(name) || besides.has(name)) continue;
    kept.push(rawHeaders[at]!, rawHeaders[at + 1]!);
  }
  return kept;
}

/** The members of a comma-separated header, in lower case. */
export function tokens(value: string | undefined): string[] {
  return (value ?? '').split(',').map((token) => token.trim().toLowerCase());
}

/** Whether the client waits for leave to send the body. */
export function expectsContinue({ httpVersion, headers }: IncomingMessage): boolean {
  return httpVersion === '1.1' && headers.expect?.toLowerCase() === '100-continue';
}

/** Whether the request has been here before (RFC 9110, 7.6.3). */
export function hasComeBack({ headers }: IncomingMessage): boolean {
  return headers.via?.includes(VIA) ?? false;
}

export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function connectionOptions(rawHeaders: readonly string[]): Set<string> {
  const listed = new Set<string>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (rawHeaders[at]!.toLowerCase() !== 'connection') continue;
    for (const token of tokens(rawHeaders[at + 1])) listed.add(token);
  }
  return listed;
}

/** Who asked, for which host and how (RFC 7239 and its forerunners), after what earlier proxies said. */
function provenance(request: IncomingMessage, authority: string): RawHeaders {
  const address = (request.socket.remoteAddress ?? 'unknown').replace(/^::ffff:(?=\d+\.)/, '');
  const node = isIPv6(address) ? `"[${address}]"` : address;
  const host = authority.includes(':') ? `"${authority}"` : authority;
  const appended = (name: string, value: string) =>
    [...(request.headersDistinct[name] ?? []), value].join(', ');
  return [
    'X-Forwarded-For',
    appended('x-forwarded-for', address),
    'X-Forwarded-Host',
    authority,
    'X-Forwarded-Proto',
    'http',
    'Forwarded',
    appended('forwarded', `for=${node};host=${host};proto=http`),
    'Via',
    appended('via', VIA),
  ];
}

/** As the parser understood it, whatever else the headers may say, so that both ends see the same body. */
function requestFraming({ method = 'GET', headers }: IncomingMessage): RawHeaders {
  if (headers['transfer-encoding'] !== undefined) return ['Transfer-Encoding', 'chunked'];
  const length = headers['content-length'] ?? (METHODS_WITHOUT_BODY.has(method) ? undefined : '0');
  return length === undefined ? [] : ['Content-Length', length];
}

function responseFraming({ statusCode, headers }: IncomingMessage): RawHeaders {
  const length = headers['content-length'];
  const none = length === undefined || headers['transfer-encoding'] !== undefined || statusCode === 204;
  return none ? [] : ['Content-Length', length];
}
