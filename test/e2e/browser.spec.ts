import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Origin } from '../support/origin.js';
import { Upgate } from '../support/upgate.js';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

describe('a browser', () => {
  let upgate: Upgate;
  let origin: Origin;
  let browser: Browser;

  beforeAll(async () => {
    [upgate, origin, browser] = await Promise.all([
      Upgate.start(),
      Origin.start(),
      chromium.launch({
        executablePath: CHROMIUM,
        args: [
          '--no-sandbox',
          '--disable-gpu',
          '--disable-quic',
          '--disable-background-networking',
          '--disable-sync',
        ],
      }),
    ]);
  });
  afterAll(async () => {
    await Promise.all([upgate?.remove(), origin?.stop(), browser?.close()]);
  });

  it('talks through the edge, is told politely that it ends, and is refused afterwards', async () => {
    await upgate.createResource({
      id: 'web',
      cname: 'web.localhost',
      origin: origin.url,
      integration: 'full',
    });
    const page = await browser.newPage();
    await page.goto(`http://web.localhost:${upgate.edge.split(':')[1]}/`);
    expect(await page.textContent('body')).toContain('"url":"/"');
    const open = () =>
      page.evaluate<string>(`new Promise((resolve) => {
        const socket = new WebSocket('ws://' + location.host + '/');
        socket.onmessage = ({ data }) => resolve('message ' + data);
        socket.onclose = ({ code }) => resolve('closed ' + code);
        globalThis.lastClose = new Promise((done) => socket.addEventListener('close', ({ code }) => done(code)));
      })`);
    expect(await open()).toBe('message welcome to origin');
    const off = { enabled: false, openConnections: { mode: 'close' } };
    await upgate.command('PUT', '/v1/resources/web/websockets', off);
    expect(await page.evaluate('lastClose')).toBe(1008);
    expect(await open()).toBe('closed 1006');
    await upgate.command('DELETE', '/v1/resources/web/websockets');
    expect(await open()).toBe('message welcome to origin');
  });
});
