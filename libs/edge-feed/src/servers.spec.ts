import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { connectFeed } from '#edge-feed';
import { eventually } from '../../../test/support/condition.js';
import { freePorts } from '../../../test/support/ports.js';

it('logs in with the user and password of the address, and never shows them', async () => {
  const [port] = await freePorts(1);
  const server = spawn(
    'nats-server',
    ['-a', '127.0.0.1', '-p', `${port}`, '--user', 'edge', '--pass', 's3cret@'],
    {
      env: { PATH: `${process.env['PATH']}:/usr/sbin` },
      stdio: 'ignore',
    },
  );
  const lines: string[] = [];
  const log = (fields: object, message: string) => void lines.push(JSON.stringify(fields) + message);
  const logger = { debug: log, info: log, warn: log, error: log };
  const right = connectFeed({ servers: [`nats://edge:s3cret%40@127.0.0.1:${port}`], name: 'right', logger });
  const wrong = connectFeed({ servers: [`nats://edge:t0psecret@127.0.0.1:${port}`], name: 'wrong', logger });
  try {
    await eventually('the connection', () => right.connected);
    await eventually('the refusal to be told', () => lines.some((line) => /authorization/i.test(line)));
    expect(wrong.connected).toBe(false);
    expect(lines.join()).not.toMatch(/s3cret|t0psecret/);
  } finally {
    await Promise.all([right.close(), wrong.close()]);
    server.kill('SIGKILL');
    await once(server, 'exit');
  }
});
