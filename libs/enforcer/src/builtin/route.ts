import type { IncomingMessage } from 'node:http';
import { hostOfHeader, type Hostname } from '#hostname';
import type { SettingsEntry, SettingsTable } from '#settings';
import { hasComeBack, tokens } from './headers.js';
import type { Problem } from './problem.js';

/** Where a request goes. */
export interface Route {
  host: Hostname;
  /** The host as the client wrote it, with its port if it gave one. */
  authority: string;
  /** Origin-form, or `*`. */
  path: string;
  entry: SettingsEntry;
}

type Target = Pick<Route, 'authority' | 'path'>;

const ABSOLUTE_FORM = /^https?:\/\/(?<authority>[^/?#]*)(?<rest>[^#]*)/i;
/** What a request line can carry on: visible ASCII, and the bytes above it that some clients send bare. */
const PATH = /^[!-~\x80-\xff]+$/;

/** Finds the resource that a request is for, or why there is none. */
export function routeOf(request: IncomingMessage, table: SettingsTable): Route | Problem {
  if (hasComeBack(request))
    return { code: 'loop_detected', detail: 'an origin sends its requests back to this edge' };
  const target = codingProblem(request) ?? targetOf(request);
  if ('code' in target) return target;
  const host = hostOfHeader(target.authority);
  if (host === undefined)
    return { code: 'host_invalid', detail: `${JSON.stringify(target.authority)} is not a hostname` };
  const entry = table.match(host);
  return entry ? { ...target, host, entry } : hostUnknown(host);
}

export function hostUnknown(host: Hostname): Problem {
  return { code: 'host_unknown', detail: `no CDN resource has the host ${host}` };
}

/** The host has gone to another resource since the request was routed: asking again gets an answer from there. */
export function hostMoved(host: Hostname): Problem {
  return { code: 'host_moved', detail: `the host ${host} has just moved to another CDN resource` };
}

export function websocketsDisabled({ resource, websockets }: SettingsEntry): Problem {
  return {
    code: 'websockets_disabled',
    detail: `WebSockets are disabled for the CDN resource ${resource}`,
    policy: { resource, position: websockets.position.toString() },
    close: true,
  };
}

/** Whether a request asks for a WebSocket, alone or among other protocols (RFC 6455, 4.1: by GET over HTTP/1.1). */
export function asksForWebsocket({ method, httpVersion, headers }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    httpVersion === '1.1' &&
    tokens(headers.connection).includes('upgrade') &&
    tokens(headers.upgrade).includes('websocket')
  );
}

/** Only what was understood whole can be passed on safely. */
function codingProblem({ httpVersion, headers }: IncomingMessage): Problem | undefined {
  const coding = headers['transfer-encoding'];
  if (coding === undefined) return undefined;
  if (httpVersion !== '1.1')
    return { code: 'request_invalid', detail: 'Transfer-Encoding needs HTTP/1.1', close: true };
  const known = coding.trim().toLowerCase() === 'chunked';
  return known
    ? undefined
    : { code: 'transfer_coding_unknown', detail: 'only chunked is supported', close: true };
}

/** The authority of an absolute target overrules the Host header (RFC 9112, 3.2.2). */
function targetOf({ url = '', method, headersDistinct }: IncomingMessage): Target | Problem {
  const [host, ...others] = headersDistinct['host'] ?? [];
  if (host === undefined || others.length > 0)
    return { code: 'host_invalid', detail: 'exactly one Host header is needed', close: true };
  const absolute = ABSOLUTE_FORM.exec(url)?.groups;
  const path = absolute ? asOriginForm(absolute['rest'] ?? '', method) : url;
  const valid = PATH.test(path) && (path.startsWith('/') || (path === '*' && method === 'OPTIONS'));
  if (!valid) return { code: 'request_invalid', detail: 'the request target is not valid', close: true };
  return { authority: absolute?.['authority'] ?? host, path };
}

/** Without a path, OPTIONS asks about the server itself. */
function asOriginForm(rest: string, method: string | undefined): string {
  if (rest === '') return method === 'OPTIONS' ? '*' : '/';
  return rest.startsWith('/') ? rest : `/${rest}`;
}
