import type { CommandAnswerJson } from '#contract';
import { DemoStopped, type Api } from './api.js';
import { ChatClient, handshake } from './chat-client.js';
import { tell, timed } from './narrator.js';

const ID = 'chat';
export const HOSTNAME = 'chat.localhost';
const SWITCH = `/v1/resources/${ID}/websockets`;

/** Registers the chat at `origin`, uses it through the edge, and switches its WebSockets off and on again. */
export async function play(api: Api, edge: string, origin: string): Promise<void> {
  await timed(api.register(ID, HOSTNAME, origin), applied(`${HOSTNAME} is registered`));
  await timed(api.command('DELETE', SWITCH), applied('WebSockets are at their default: on'));
  await switchOff(api, edge);
  await switchOn(api, edge);
  await timed(api.command('DELETE', SWITCH), applied('WebSockets are back at their default'));
}

async function switchOff(api: Api, edge: string): Promise<void> {
  const ann = await ChatClient.join('Ann', edge, HOSTNAME);
  const ben = await ChatClient.join('Ben', edge, HOSTNAME);
  tell(`Ann and Ben are connected through the edge, ${edge}`);
  await chat(ann, ben, 'Hello Ben!');
  await ben.leave();

  const closed = timed(
    ann.closed(),
    ({ code, reason }) => `Ann's open connection is closed: ${code} ${reason}`,
  );
  const off = { enabled: false, reason: 'demo', openConnections: { mode: 'drain', seconds: 2 } };
  await timed(
    api.command('PUT', SWITCH, off),
    applied('WebSockets are switched off, open connections drain in 2 s'),
  );
  await showRefusal(edge);
  await closed;
}

async function showRefusal(edge: string): Promise<void> {
  const outcome = await handshake(edge, HOSTNAME);
  if (!('status' in outcome))
    throw new DemoStopped('The edge accepted a connection that it should have refused');
  tell(`Ben tries again, and is refused: ${outcome.status} ${outcome.contentType}`);
  tell(outcome.body.trim());
}

async function switchOn(api: Api, edge: string): Promise<void> {
  const on = { enabled: true, reason: 'demo' };
  await timed(api.command('PUT', SWITCH, on), applied('WebSockets are switched on again'));
  const ann = await ChatClient.join('Ann', edge, HOSTNAME);
  const ben = await ChatClient.join('Ben', edge, HOSTNAME);
  await chat(ben, ann, 'Here I am again!');
  await Promise.all([ann.leave(), ben.leave()]);
}

async function chat(speaker: ChatClient, listener: ChatClient, text: string): Promise<void> {
  const heard = listener.hear();
  speaker.say(text);
  await timed(heard, (message) => `${listener.name} hears "${message}"`);
}

function applied(what: string): (answer: CommandAnswerJson) => string {
  return ({ position, convergence }) =>
    convergence
      ? `${what}: position ${position}, ${convergence.status} on ${convergence.applied} of ${convergence.required} edges`
      : `${what}: position ${position}`;
}
