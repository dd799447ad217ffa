import { beforeEach, describe, expect, it } from 'vitest';
import type { CdnResourceCommand } from '#domain';
import { check } from './check.js';
import type { Attempt, History } from './history.js';
import { HistoryBuilder } from './history-builder.js';

const OFF: CdnResourceCommand = { type: 'SetWebsockets', enabled: false };
const ON: CdnResourceCommand = { type: 'SetWebsockets', enabled: true };

function create(id: string, cname: string): CdnResourceCommand {
  const origin = 'http://127.0.0.1:9000';
  return {
    type: 'CreateCdnResource',
    resource: { id, account: 'default', cname, secondaryHostnames: [], origin, integration: 'full' },
  };
}

let run: HistoryBuilder;
let off: Attempt;

/** Two resources; the first is created at position 1, switched off at 3, and on at 4. */
beforeEach(() => {
  run = new HistoryBuilder();
  run.send('chat', create('chat', 'chat.test'), 'key-1');
  run.send('shop', create('shop', 'shop.test'));
  off = run.send('chat', OFF, 'key-2');
  run.send('chat', ON);
  run.look('chat.test', 1n);
  run.look('chat.test', 3n);
  run.look('shop.test', 4n);
});

function rules(history: Partial<History> = {}): string[] {
  return [...new Set(check({ ...run.history(), ...history }).map(({ rule }) => rule))];
}

function answerOf({ reply }: Attempt) {
  if (!reply || !('answer' in reply)) throw new Error('it was not accepted');
  return { at: reply.at, answer: reply.answer };
}

it('finds nothing in a run without a fault', () => {
  expect(check(run.history())).toEqual([]);
});

describe('commands', () => {
  it('lost after they were acknowledged', () => {
    const events = run.events.slice(0, 3);
    expect(rules({ events, observations: [] })).toEqual(['no acknowledged command is lost']);
  });

  it('answered with the position of another event', () => {
    const { answer } = answerOf(off);
    answer.position = '2';
    expect(rules()).toContain('no acknowledged command is lost');
  });

  it('answered with what the log does not say', () => {
    const { answer } = answerOf(off);
    answer.resource.websockets.enabled = true;
    expect(rules()).toContain('an answer is what the log says');
  });

  it('applied twice under one key', () => {
    run.append('chat', { type: 'WebsocketsDisabled', data: run.events[2]!.data }, off.requestId, 'key-2');
    expect(rules()).toContain('no command is applied twice');
  });

  it('applied twice without a key', () => {
    run.append('chat', run.events[3]!, run.events[3]!.metadata.correlationId);
    expect(rules()).toContain('no command is applied twice');
  });

  it('answered otherwise when they are repeated', () => {
    const { answer, at } = answerOf(off);
    const again = { ...off, requestId: 'again', reply: { at, answer: { ...answer, changed: false } } };
    expect(rules({ attempts: [...run.attempts, again] })).toEqual(['the same key gets the same answer']);
  });

  it('refused, and applied all the same', () => {
    off.reply = { at: off.reply!.at, refused: 'contention' };
    expect(rules()).toEqual(['refused means no effect']);
  });

  it('that nobody sent', () => {
    const attempts = run.attempts.filter((attempt) => attempt !== off);
    expect(rules({ attempts })).toEqual(['the log follows from the commands']);
  });

  it('accepted at another revision than they asked for', () => {
    off.ifMatch = 7;
    expect(rules()).toEqual(['the log follows from the commands']);
  });

  it('that led to other events than they decide', () => {
    off.command = ON;
    expect(rules()).toEqual(['the log follows from the commands']);
  });
});

describe('real time', () => {
  it('an effect before what had been answered already', () => {
    off.invokedAt = 1_000;
    off.reply!.at = 1_010;
    expect(rules({ observations: [] })).toEqual(['the log respects real time']);
  });

  it('an old state read after a newer one had been answered', () => {
    const { answer } = answerOf(off);
    const stale = { at: 2_010, answer: { ...answer, changed: false } };
    const read: Attempt = { requestId: 'r', resource: 'chat', command: OFF, invokedAt: 2_000, reply: stale };
    expect(rules({ attempts: [...run.attempts, read] })).toEqual(['the log respects real time']);
  });

  it('a resource unknown after it had been created', () => {
    const reply = { at: 2_010, refused: 'resource_unknown' };
    const read: Attempt = { requestId: 'r', resource: 'chat', command: OFF, invokedAt: 2_000, reply };
    expect(rules({ attempts: [...run.attempts, read] })).toEqual(['the log respects real time']);
  });
});

it('finds a hostname with two live holders', () => {
  run.send('rival', create('rival', 'chat.test'));
  expect(rules()).toEqual(['a hostname has one live holder']);
});

describe('nodes', () => {
  it('that let a WebSocket open which the policy they had reached refuses', () => {
    run.observations.length = 0;
    run.look('chat.test', 3n);
    const outcome = 'open http://127.0.0.1:9999';
    run.observations.push({
      node: 'edge-1',
      incarnation: 1,
      at: 999,
      kind: 'handshake',
      host: 'chat.test',
      outcome,
    });
    expect(rules()).toEqual(['a node enforces only what the log says']);
  });

  it('that enforce what they had left behind', () => {
    run.look('chat.test', 3n);
    expect(rules()).toContain('a node enforces only what the log says');
  });

  it('that go back over a restart', () => {
    run.look('shop.test', 2n, 'edge-1', 2);
    expect(rules()).toEqual(['positions never go back']);
  });

  it('that may go back over a restart when their disk had failed', () => {
    for (const seen of run.observations) if (seen.kind === 'report') seen.unsaved = true;
    run.look('shop.test', 2n, 'edge-1', 2);
    expect(rules()).toEqual([]);
  });

  it('with a digest that is not of their position', () => {
    for (const seen of run.observations) if (seen.kind === 'report') seen.digest = 'f'.repeat(32);
    expect(rules()).toEqual(["a digest is the log's"]);
  });

  it('that were at a position before there was one', () => {
    for (const seen of run.observations) seen.at = 65;
    expect(rules()).toEqual(['a node enforces only what the log says']);
  });

  it('that follow another log', () => {
    for (const seen of run.observations) if (seen.kind === 'report') seen.epoch = 'another';
    expect(rules()).toEqual(['a node enforces only what the log says']);
  });
});

describe('the system', () => {
  it('that was not current in time', () => {
    const late = 'all are current within 5000 ms after healing';
    expect(rules({ recoveries: [{ round: 1, tookMs: 5_001 }] })).toEqual([late]);
    expect(rules({ recoveries: [{ round: 1, tookMs: 1, missing: 'edge-1' }] })).toEqual([late]);
  });

  it('of which a process ended by itself', () => {
    expect(rules({ deaths: ['nats ended'] })).toEqual(['a process ends only when told to']);
  });
});
