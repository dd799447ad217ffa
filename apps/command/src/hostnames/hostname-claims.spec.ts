import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as tick } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { noRecord, type CdnResourceCommand, type ResourceRecord } from '#domain';
import { MemoryEventStore, SqliteEventStore, type EventStore } from '#event-store';
import { aMetadata } from '../../../../test/support/resource-log.js';
import { Steps, StepStore } from '../../../../test/support/step-store.js';
import { evolveResource } from '../commands/resource-decider.js';
import { ResourceWriter } from '../commands/resource-writer.js';
import { hostnamesOf } from './hostname-claims.js';

interface Sent {
  id: string;
  command: CdnResourceCommand;
  key?: string;
}

/** `accepted`, or why not. */
async function send(writer: ResourceWriter, { id, command, key }: Sent): Promise<string> {
  const idempotency = key === undefined ? {} : { idempotency: { key, fingerprint: 'same' } };
  const outcome = await writer.write(id, { command, metadata: aMetadata(), ...idempotency });
  return outcome.outcome === 'refused' ? outcome.refusal.refused : 'accepted';
}

function create(id: string, cname: string, key?: string): Sent {
  const resource = {
    id,
    account: 'default',
    cname,
    secondaryHostnames: [],
    origin: 'http://o.test',
    integration: 'full' as const,
  };
  return { id, command: { type: 'CreateCdnResource', resource }, ...(key !== undefined && { key }) };
}

function move(id: string, cname: string): Sent {
  return { id, command: { type: 'ChangeCdnResource', change: { cname } } };
}

function remove(id: string): Sent {
  return { id, command: { type: 'DeleteCdnResource' } };
}

/** Who holds which hostname at the end. Throws if two ever held the same at a time. */
async function holders(store: EventStore): Promise<Map<string, string>> {
  const records = new Map<string, ResourceRecord>();
  let held = new Map<string, string>();
  for await (const event of store.readAll({ prefix: 'cdnResource-' })) {
    records.set(event.stream, evolveResource(records.get(event.stream) ?? noRecord, event));
    held = holdersIn(records);
  }
  return held;
}

function holdersIn(records: Map<string, ResourceRecord>): Map<string, string> {
  const held = new Map<string, string>();
  const all = [...records].flatMap(([stream, { state }]) =>
    hostnamesOf(state).map((name) => [name, stream] as const),
  );
  for (const [hostname, stream] of all) {
    if (held.has(hostname)) throw new Error(`${held.get(hostname)} and ${stream} hold ${hostname}`);
    held.set(hostname, stream);
  }
  return held;
}

interface Life {
  sends: Sent[];
  /** Steps. */
  diesAfter?: number;
}

/** The steps are in order already. */
const noPause = () => Promise.resolve();

/** Which of the waiting processes goes on at a step: an index. */
type Choose = (waiting: readonly number[], step: number) => number;

/** Runs processes side by side on one log, each step of the way in the order chosen. */
async function interleave(store: EventStore, lives: Life[], choose: Choose): Promise<void> {
  const steps = new Steps();
  let running = lives.length;
  const stores = lives.map(({ sends, diesAfter = Infinity }, process) => {
    const own = new StepStore(store, steps, process, diesAfter);
    const live = async () => {
      const writer = new ResourceWriter(own, noPause);
      for (const sent of sends) await send(writer, sent);
      running -= 1;
    };
    void live();
    return own;
  });
  const dead = () => stores.filter((own) => own.dead).length;
  for (let step = 0; steps.waiting.length > 0 || running > dead(); await tick()) {
    if (steps.waiting.length > 0) steps.release(choose(steps.waiting, step++));
  }
}

const ID = fc.constantFrom('r0', 'r1', 'r2');
const HOSTNAME = fc.constantFrom('a.test', 'b.test');
const SENT = fc.oneof(
  fc.tuple(ID, HOSTNAME).map(([id, cname]) => create(id, cname)),
  fc.tuple(ID, HOSTNAME).map(([id, cname]) => move(id, cname)),
  ID.map(remove),
);
const LIFE = fc.record({
  sends: fc.array(SENT, { minLength: 1, maxLength: 4 }),
  diesAfter: fc.oneof(fc.constant(Infinity), fc.nat(30)),
});

describe('a hostname', () => {
  it('has one live holder at most, whatever the order of steps and whoever dies, and is never stuck', async () => {
    const lives = fc.array(LIFE, { minLength: 2, maxLength: 4 });
    const choices = fc.array(fc.nat(7), { minLength: 50, maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(lives, choices, async (lived, chosen) => {
        const store = new MemoryEventStore();
        await interleave(store, lived, ({ length }, step) => chosen[step % chosen.length]! % length);
        const held = await holders(store);
        const writer = new ResourceWriter(store, noPause);
        for (const hostname of ['a.test', 'b.test']) {
          const expected = held.has(hostname) ? 'hostname_taken' : 'accepted';
          expect(await send(writer, create(`late-${hostname[0]}`, hostname))).toBe(expected);
        }
        await holders(store);
      }),
      { numRuns: 500 },
    );
  });

  it('has one live holder at most, when another overtakes at any step after a death at any step', async () => {
    for (let diesAfter = 0; diesAfter < 10; diesAfter += 1) {
      for (let overtaken = 0; overtaken < 20; overtaken += 1) {
        const store = new MemoryEventStore();
        await interleave(store, [{ sends: [create('r0', 'a.test')], diesAfter }], () => 0);
        const rivals = [{ sends: [create('r1', 'a.test')] }, { sends: [create('r0', 'a.test')] }];
        await interleave(store, rivals, (waiting, step) =>
          Math.max(0, waiting.indexOf(step < overtaken ? 0 : 1)),
        );
        expect((await holders(store)).size).toBe(1);
      }
    }
  });

  it('is given to one of twenty who ask at once, in two processes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'upgate-claims-'));
    const file = join(folder, 'events.sqlite');
    const stores = [await SqliteEventStore.open({ file }), await SqliteEventStore.open({ file })];
    onTestFinished(async () => {
      await Promise.all(stores.map((store) => store.close()));
      await rm(folder, { recursive: true });
    });
    const writers = stores.map((store) => new ResourceWriter(store));
    const asked = Array.from({ length: 20 }, (_, index) =>
      send(writers[index % 2]!, create(`rival-${index}`, 'wanted.test')),
    );
    const answers = (await Promise.all(asked)).toSorted();
    expect(answers).toEqual(['accepted', ...Array<string>(19).fill('hostname_taken')]);
    await holders(stores[0]!);
  });

  it('is free when its resource is deleted, or has another hostname', async () => {
    const writer = new ResourceWriter(new MemoryEventStore());
    expect(await send(writer, create('one', 'a.test'))).toBe('accepted');
    expect(await send(writer, create('two', 'a.test'))).toBe('hostname_taken');
    expect(await send(writer, move('one', 'b.test'))).toBe('accepted');
    expect(await send(writer, create('two', 'a.test'))).toBe('accepted');
    expect(await send(writer, remove('one'))).toBe('accepted');
    expect(await send(writer, move('two', 'b.test'))).toBe('accepted');
  });

  it('is had by a retry of a create that died at any step', async () => {
    for (let diesAfter = 0; diesAfter < 8; diesAfter += 1) {
      const store = new MemoryEventStore();
      await interleave(store, [{ sends: [create('one', 'a.test', 'key')], diesAfter }], () => 0);
      expect(await send(new ResourceWriter(store), create('one', 'a.test', 'key'))).toBe('accepted');
      expect([...(await holders(store))]).toEqual([['a.test', 'cdnResource-one']]);
    }
  });
});
