import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '#platform';
import { EdgeAgentConfig } from './config.js';

const parse = (env: NodeJS.ProcessEnv) =>
  parseConfig(EdgeAgentConfig, { UPGATE_NATS: 'nats://n:4222', ...env });

describe('the configuration of an edge agent', () => {
  it('has a default for all but the NATS servers', () => {
    expect(parse({})).toMatchObject({
      edge: { host: '127.0.0.1', port: 8088 },
      agentHttp: { host: '127.0.0.1', port: 8090 },
      data: './data',
      fleet: 'default',
      node: hostname(),
      connectMs: 5_000,
      handshakeMs: 10_000,
      httpIdleMs: 60_000,
      nats: ['nats://n:4222'],
    });
  });

  it('reads lists, durations and addresses', () => {
    const config = parse({
      UPGATE_NATS: 'nats://a:1, tls://b:2',
      UPGATE_EDGE: '[::]:80',
      UPGATE_HTTP_IDLE_TIMEOUT: '2m',
    });
    expect(config).toMatchObject({
      nats: ['nats://a:1', 'tls://b:2'],
      edge: { host: '::', port: 80 },
      httpIdleMs: 120_000,
    });
  });

  it.each([
    ['UPGATE_NATS', ''],
    ['UPGATE_NATS', 'localhost:4222'],
    ['UPGATE_NATS', 'nats://a,,nats://b'],
    ['UPGATE_EDGE', '8088'],
    ['UPGATE_AGENT_HTTP', '127.0.0.1:99999'],
    ['UPGATE_FLEET', 'a.b'],
    ['UPGATE_NODE', '../other'],
    ['UPGATE_NODE', 'a/b'],
    ['UPGATE_CONNECT_TIMEOUT', '0s'],
    ['UPGATE_HANDSHAKE_TIMEOUT', 'soon'],
    ['UPGATE_LOG', 'xml'],
  ])('names %s=%j when it is wrong, and what is allowed', (variable, value) => {
    expect(() => parse({ [variable]: value })).toThrow(`${variable}=${JSON.stringify(value)}: must be `);
  });
});
