import type { RawHttp } from './raw-http.js';

/** Switches the WebSockets of `r-0` on or off; resolves with the position of the change. Throws if it changed nothing. */
export async function switchWebsockets(http: RawHttp, enabled: boolean): Promise<bigint> {
  const body = JSON.stringify({ enabled, reason: 'bench' });
  const status = await http.request('PUT', '/v1/resources/r-0/websockets', body);
  const { changed, position } = JSON.parse(http.body) as { changed?: boolean; position: string };
  if (status !== 200 || changed !== true) throw new Error(`${status}: ${http.body}`);
  return BigInt(position);
}
