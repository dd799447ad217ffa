// The main job, shown: run it while Upgate runs in another terminal.
import { once } from 'node:events';
import { stopWithParent } from '#platform';
import { startChatOrigin } from '../../chat-origin/src/chat-origin.js';
import { Api, DemoStopped } from './api.js';
import { tell } from './narrator.js';
import { HOSTNAME, play } from './story.js';

const http = process.env['UPGATE_HTTP'] ?? '127.0.0.1:8080';
const edge = process.env['UPGATE_EDGE'] ?? '127.0.0.1:8088';

stopWithParent();
const origin = await startChatOrigin(0);
tell(`A chat listens on ${origin.url}`);
try {
  await play(new Api(http), edge, origin.url);
  if (process.stdout.isTTY && !process.env['CI']) await stayForBrowsers();
} catch (error) {
  if (!(error instanceof DemoStopped)) throw error;
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await origin.stop();
}

async function stayForBrowsers(): Promise<void> {
  const port = edge.slice(edge.lastIndexOf(':'));
  console.log(`
The chat stays up: open http://${HOSTNAME}${port} in two windows, and flip the switch yourself.
  curl -X PUT http://${http}/v1/resources/chat/websockets -H 'content-type: application/json' -d '{"enabled": false}'
  curl -X DELETE http://${http}/v1/resources/chat/websockets
Ctrl-C ends it.`);
  await Promise.race((['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => once(process, signal)));
}
