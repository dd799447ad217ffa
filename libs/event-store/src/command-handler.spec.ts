import { beforeEach, describe, expect, it } from 'vitest';
import {
  CommandHandler,
  MemoryEventStore,
  WrongRevision,
  type Decider,
  type EventStore,
  type Outcome,
} from '#event-store';
import { metadata, newEvent } from '../../../test/support/events.js';

interface Refusal {
  refused: string;
}
type Command = { add: number } | 'fail';

/** A sum that takes any number but zero changes nothing, and may not exceed 1,000,000. */
const decider: Decider<number, Command, Refusal> = {
  initial: 0,
  evolve: (sum, { type, data }) => (type === 'Added' ? sum + (data as { number: number }).number : sum),
  decide: (command, sum) => {
    if (command === 'fail' || sum + command.add > 1_000_000) return { refused: 'too_much' };
    return command.add === 0 ? [] : [{ type: 'Added', data: { number: command.add } }];
  },
  noEffect: () => ({ type: 'NothingAdded', data: {} }),
  refusals: {
    revisionMismatch: (actual) => ({ refused: `at ${actual}` }),
    idempotencyKeyReused: (key) => ({ refused: `${key} reused` }),
    contention: () => ({ refused: 'contention' }),
  },
};

describe('the command handler', () => {
  let store: EventStore;
  let handler: CommandHandler<number, Command, Refusal>;
  const another = () => new CommandHandler(store, decider);

  beforeEach(() => {
    store = new MemoryEventStore();
    handler = another();
  });

  function handle(command: Command, more: object = {}, by = handler): Promise<Outcome<number, Refusal>> {
    return by.handle({ stream: 's', command, metadata: metadata(), ...more });
  }
  const keyed = (key: string, fingerprint = 'f') => ({ idempotency: { key, fingerprint } });
  const revisionOfStream = async () => {
    let revision = 0;
    for await (const event of store.readStream('s')) revision = event.revision;
    return revision;
  };

  it('appends what was decided, and tells what came of it', async () => {
    expect(await handle({ add: 2 })).toEqual({
      outcome: 'accepted',
      changed: true,
      repeated: false,
      state: 2,
      revision: 1,
      position: 1n,
    });
    expect(await handle({ add: 3 })).toMatchObject({ state: 5, revision: 2 });
  });

  it('appends nothing for a command that changes nothing', async () => {
    await handle({ add: 1 });
    expect(await handle({ add: 0 })).toMatchObject({ changed: false, state: 1, revision: 1, position: 1n });
    expect(await revisionOfStream()).toBe(1);
  });

  it('gives a refusal as data', async () => {
    expect(await handle('fail')).toEqual({ outcome: 'refused', refusal: { refused: 'too_much' } });
  });

  it('decides on what others have appended meanwhile', async () => {
    await handle({ add: 1 });
    await handle({ add: 999_999 }, {}, another());
    expect(await handle({ add: 1 })).toMatchObject({ refusal: { refused: 'too_much' } });
    await handle({ add: -500_000 }, {}, another());
    expect(await handle({ add: 1 })).toMatchObject({ state: 500_001, revision: 4 });
  });

  it('loses no command when many run at once, from two sides', async () => {
    const other = another();
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, index) => handle({ add: 1 }, {}, index % 2 === 0 ? handler : other)),
    );
    const accepted = outcomes.filter(({ outcome }) => outcome === 'accepted').length;
    expect(await handle({ add: 0 })).toMatchObject({ state: accepted, revision: accepted });
  });

  it('refuses a command meant for another revision', async () => {
    await handle({ add: 1 });
    expect(await handle({ add: 1 }, { expectedRevision: 2 })).toMatchObject({ refusal: { refused: 'at 1' } });
    expect(await handle({ add: 1 }, { expectedRevision: 1 })).toMatchObject({ revision: 2 });
  });

  it('lets one of twenty win who expect the same revision', async () => {
    const other = another();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        handle({ add: 1 }, { expectedRevision: 0 }, index % 2 === 0 ? handler : other),
      ),
    );
    expect(outcomes.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(1);
  });

  describe('with an idempotency key', () => {
    it('gives the first answer to every retry, of any age, by whomever', async () => {
      const first = await handle({ add: 5 }, keyed('k'));
      await handle({ add: 999_995 });
      for (const by of [handler, another()]) {
        expect(await handle({ add: 5 }, keyed('k'), by)).toEqual({ ...first, repeated: true });
        expect(await handle({ add: 5 }, { ...keyed('k'), expectedRevision: 77 }, by)).toMatchObject({
          repeated: true,
        });
      }
      expect(await revisionOfStream()).toBe(2);
    });

    it('remembers a command that changed nothing, so that a late retry cannot take effect either', async () => {
      const first = await handle({ add: 0 }, keyed('k'));
      expect(first).toMatchObject({ changed: false, repeated: false, revision: 1 });
      expect(await handle({ add: 0 }, keyed('k'), another())).toEqual({ ...first, repeated: true });
    });

    it('refuses the key for another command', async () => {
      await handle({ add: 1 }, keyed('k', 'one'));
      expect(await handle({ add: 2 }, keyed('k', 'two'))).toMatchObject({ refusal: { refused: 'k reused' } });
    });

    it('does not remember a refusal', async () => {
      await handle('fail', keyed('k'));
      expect(await handle({ add: 1 }, keyed('k'))).toMatchObject({ changed: true, revision: 1 });
    });

    it('takes effect once when sent many times at once', async () => {
      const other = another();
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          handle({ add: 1 }, keyed('k'), index % 2 === 0 ? handler : other),
        ),
      );
      expect(outcomes.filter((outcome) => outcome.outcome === 'accepted' && !outcome.repeated)).toHaveLength(
        1,
      );
      expect(outcomes.every((outcome) => outcome.outcome === 'accepted' && outcome.state === 1)).toBe(true);
      expect(await revisionOfStream()).toBe(1);
    });
  });

  describe('with work to do before the append', () => {
    it('runs it on every attempt, on the state that the append expects', async () => {
      await handle({ add: 1 });
      const seen: number[] = [];
      const beforeAppend = async (state: number): Promise<Refusal | undefined> => {
        seen.push(state);
        if (seen.length === 1) await store.append('s', 'any', [newEvent('Added', { number: 10 })]);
        return undefined;
      };
      expect(await handle({ add: 1 }, { beforeAppend })).toMatchObject({ state: 12, revision: 3 });
      expect(seen).toEqual([1, 11]);
    });

    it('appends nothing when it refuses', async () => {
      const beforeAppend = async () => ({ refused: 'taken' });
      expect(await handle({ add: 1 }, { beforeAppend })).toMatchObject({ refusal: { refused: 'taken' } });
      expect(await revisionOfStream()).toBe(0);
    });
  });

  it('gives up on a stream that never stands still', async () => {
    const beforeAppend = async (): Promise<undefined> => {
      await store.append('s', 'any', [newEvent('Added', { number: 0 })]);
    };
    expect(await handle({ add: 1 }, { beforeAppend })).toMatchObject({ refusal: { refused: 'contention' } });
  });

  it('reads a long stream once, and then only what is new', async () => {
    await store.append(
      's',
      'none',
      Array.from({ length: 100_000 }, () => newEvent('Added', { number: 1 })),
    );
    const reads: number[] = [];
    const readStream = store.readStream.bind(store);
    store.readStream = async function* (stream, options) {
      let count = 0;
      for await (const event of readStream(stream, options)) {
        count += 1;
        yield event;
      }
      reads.push(count);
    };
    expect(await handle({ add: 1 })).toMatchObject({ state: 100_001 });
    expect(await handle({ add: 1 })).toMatchObject({ state: 100_002 });
    expect(await handle({ add: 0 })).toMatchObject({ state: 100_002 });
    expect(reads).toEqual([100_000, 0]);
  });

  it('lets other errors of the store through', async () => {
    store.append = () => Promise.reject(new Error('no disk'));
    await expect(handle({ add: 1 })).rejects.toThrow('no disk');
    store.append = () => Promise.reject(new WrongRevision('s', 0, 1));
    expect(await handle({ add: 1 })).toMatchObject({ refusal: { refused: 'contention' } });
  });
});
