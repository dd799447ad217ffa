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
    const read: Attempt = { ...off, requestId: 'r', invokedAt: 2_000, reply: stale };
    delete read.key;
    expect(rules({ attempts: [...run.attempts, read] })).toEqual(['the log respects real time']);
  });
});

describe('refusals', () => {
  const refused = (part: Partial<Attempt>, code: string, invokedAt = 2_000) => {
    const attempt = { ...off, requestId: 'refused', invokedAt, ...part };
    attempt.reply = { at: invokedAt + 10, refused: code };
    return rules({ attempts: [...run.attempts, attempt] });
  };
  const UNFOUNDED = ['a refusal has its reason'];

  it('of a resource as unknown, after it had been created', () => {
    expect(refused({}, 'resource_unknown')).toEqual(UNFOUNDED);
    expect(refused({}, 'resource_unknown', 1)).toEqual([]);
  });

  it('of a revision that it was at all the time', () => {
    expect(refused({ ifMatch: 3 }, 'revision_mismatch')).toEqual(UNFOUNDED);
    expect(refused({ ifMatch: 2 }, 'revision_mismatch')).toEqual([]);
    expect(refused({}, 'revision_mismatch')).toEqual(UNFOUNDED);
  });

  it('of a revision to go back to that there was', () => {
    const revert = (revision: number) => ({ command: { type: 'RevertWebsockets' as const, revision } });
    expect(refused(revert(3), 'revision_unknown')).toEqual(UNFOUNDED);
    expect(refused(revert(4), 'revision_unknown')).toEqual([]);
  });

  it('of a hostname that nobody else had then', () => {
    const command = { type: 'ChangeCdnResource' as const, change: { cname: 'shop.test' } };
    expect(refused({ command }, 'hostname_taken')).toEqual([]);
    expect(refused({ command: create('chat', 'chat.test') }, 'hostname_taken')).toEqual(UNFOUNDED);
    run.send('shop', { type: 'DeleteCdnResource' });
    expect(refused({ command }, 'hostname_taken')).toEqual(UNFOUNDED);
  });

  it('for what nothing in the log is a reason', () => {
    expect(refused({}, 'idempotency_key_reused')).toEqual(UNFOUNDED);
    expect(refused({}, 'contention')).toEqual([]);
  });
});

it('knows what a revert goes back to', () => {
  run.send('chat', { type: 'RevertWebsockets', revision: 2 });
  expect(run.events.at(-1)?.type).toBe('WebsocketsDisabled');
  expect(check(run.history())).toEqual([]);
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
      since: 998,
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

describe('answers that a command is applied', () => {
  const applied = {
    status: 'applied' as const,
    required: 1,
    applied: 1,
    refused: [],
    missing: [],
    stale: 0,
    gone: 0,
  };

  beforeEach(() => {
    const { answer } = answerOf(run.send('chat', OFF));
    answer.convergence = { ...applied, position: answer.position };
  });

  it('while a node still enforced what was before', () => {
    run.look('chat.test', 4n);
    expect(rules()).toEqual(['applied is enforced by every node']);
  });

  it('that every node keeps', () => {
    run.look('chat.test', 5n);
    expect(rules()).toEqual([]);
  });

  it('do not bind a node that was not there then, nor a look that had begun before', () => {
    run.look('shop.test', 4n, 'edge-2', 1);
    run.look('chat.test', 4n, 'edge-1', 1);
    for (const seen of run.observations.slice(-2)) seen.since = 1;
    expect(rules()).toEqual([]);
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
