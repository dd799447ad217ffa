import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Program } from '../../test/support/program.js';
import { monotonic } from './monotonic.js';

const EVERY_MS = 2;
const PATIENCE_MS = 60_000;
const HANDSHAKE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

/** Tries handshakes at a node until it refuses one by its policy; when that was, of the monotonic clock. */
export async function firstRefusal(agent: Program, port: number, host: string): Promise<number> {
  const deadline = monotonic() + PATIENCE_MS;
  while (agent.running && monotonic() < deadline) {
    if ((await statusOf(port, host)) === 403) return monotonic();
    await delay(EVERY_MS);
  }
  throw new Error(`the node enforces nothing for ${host}:\n${agent.said}`);
}

/** Undefined if nobody answers. */
function statusOf(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    request({ host: '127.0.0.1', port, headers: { host, ...HANDSHAKE }, agent: false })
      .on('response', (response) => resolve(response.resume().statusCode))
      .on('error', () => resolve(undefined))
      .end();
  });
}
