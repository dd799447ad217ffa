import { RawHttp } from './raw-http.js';
import { switchWebsockets } from './switch-websockets.js';

/** V8 goes on compiling what a program does for some 20,000 commands, on the processors that are measured. */
export const WARM_UP = 20_000;
/** The same, where many commands are sent at once. */
export const WARM_UP_MS = 8_000;

/** Sends commands one at a time; resolves with the position of the last. */
export async function warmUp(port: number): Promise<bigint> {
  const http = await RawHttp.connect(port);
  let position = 0n;
  for (let i = 0; i < WARM_UP; i += 1) position = await switchWebsockets(http, i % 2 === 1);
  http.close();
  return position;
}
