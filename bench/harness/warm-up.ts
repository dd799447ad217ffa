import { RawHttp } from './raw-http.js';

/** V8 goes on compiling what a program does for some 20,000 commands, on the processors that are measured. */
export const WARM_UP = 20_000;
/** The same, where many commands are sent at once. */
export const WARM_UP_MS = 8_000;

/** Switches WebSockets of `r-0` off and on, one command at a time; resolves with the position of the last. */
export async function warmUp(port: number): Promise<bigint> {
  const http = await RawHttp.connect(port);
  for (let i = 0; i < WARM_UP; i += 1) {
    const body = JSON.stringify({ enabled: i % 2 === 1, reason: 'bench' });
    await http.request('PUT', '/v1/resources/r-0/websockets', body);
  }
  http.close();
  return BigInt((JSON.parse(http.body) as { position: string }).position);
}
