import { describe, expect, it } from 'vitest';
import { ConfigInvalid, parseConfig } from '#platform';
import { CommandConfig } from './config.js';

const problemOf = (env: NodeJS.ProcessEnv): string => {
  try {
    parseConfig(CommandConfig, env);
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.message;
    throw error;
  }
  throw new Error('it is valid');
};

describe('the configuration of the write side', () => {
  it('has a default for everything', () => {
    expect(parseConfig(CommandConfig, {})).toMatchObject({
      http: { host: '127.0.0.1', port: 8080 },
      grpc: { host: '127.0.0.1', port: 50051 },
      data: './data',
      store: 'sqlite',
      fleet: 'default',
    });
  });

  it.each([
    'sqlite',
    'kurrentdb://127.0.0.1:2113?tls=false',
    'kurrentdb://upgate:s%3Acret@one:2113,two:2113,three:2113?tlsCAFile=/ca.crt',
    'kurrentdb+discover://upgate:secret@log.example.com:2113',
    'esdb://[::1]:2113',
    'esdb+discover://log.example.com',
  ])('takes %s as the event log', (UPGATE_STORE) => {
    expect(parseConfig(CommandConfig, { UPGATE_STORE }).store).toBe(UPGATE_STORE);
  });

  it.each(['SQLITE', 'mysql://host', 'kurrentdb://', 'kurrentdb:host', 'esdb+srv://host', 'kurrentdb://a b'])(
    'names UPGATE_STORE=%j and what is allowed',
    (UPGATE_STORE) => {
      expect(problemOf({ UPGATE_STORE })).toContain(
        `UPGATE_STORE=${JSON.stringify(UPGATE_STORE)}: must be sqlite, or an address such as kurrentdb://`,
      );
    },
  );

  it('never shows a password', () => {
    const problem = problemOf({
      UPGATE_STORE: 'kurrentdb://upgate:top@secret@host:nowhere/x',
      UPGATE_NATS: 'nats://a:hidden@one:1,http://b:hidden@two:2',
    });
    expect(problem).toContain('UPGATE_STORE="kurrentdb://***@host:nowhere/x"');
    expect(problem).not.toMatch(/secret|top|hidden/);
  });
});
