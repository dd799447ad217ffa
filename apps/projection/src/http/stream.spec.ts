import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ProjectionRig } from '../../../../test/support/projection-rig.js';

interface StreamEvent {
  event: string;
  id: string;
  data: {
    position: string;
    digest?: string;
    changes: { id: string; revision?: number; deleted?: boolean }[];
  };
}

let rig: ProjectionRig;
const readers: AbortController[] = [];

beforeAll(async () => {
  rig = await ProjectionRig.launch();
});

afterEach(() => {
  for (const reader of readers.splice(0)) reader.abort();
});

afterAll(() => rig.dispose());

/** The events of the stream, as they come. */
async function open(
  query = '',
  headers: Record<string, string> = {},
): Promise<AsyncGenerator<StreamEvent, void>> {
  const reader = new AbortController();
  readers.push(reader);
  const response = await rig.fetch(`/v1/stream${query}`, { headers, signal: reader.signal });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch('text/event-stream');
  return parse(response.body!);
}

async function* parse(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent, void> {
  let text = '';
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop()!;
    for (const block of blocks) if (!block.startsWith(':')) yield eventOf(block);
  }
}

function eventOf(block: string): StreamEvent {
  const [, event = ''] = /^event: (.*)$/m.exec(block) ?? [];
  const [, id = ''] = /^id: (.*)$/m.exec(block) ?? [];
  const [, data = ''] = /^data: (.*)$/m.exec(block) ?? [];
  return { event, id, data: JSON.parse(data) as StreamEvent['data'] };
}

/** The next event of a stream that has one. */
async function next(stream: AsyncGenerator<StreamEvent, void>): Promise<StreamEvent> {
  const { value } = await stream.next();
  if (!value) throw new Error('the stream has ended');
  return value;
}

/** The events up to the one of the position, each resource as it was last told. */
async function upTo(
  position: bigint,
  stream: AsyncGenerator<StreamEvent, void>,
): Promise<Map<string, number | 'deleted'>> {
  const seen = new Map<string, number | 'deleted'>();
  for await (const { data } of stream) {
    for (const { id, revision, deleted } of data.changes) seen.set(id, deleted ? 'deleted' : revision!);
    if (BigInt(data.position) >= position) break;
  }
  return seen;
}

describe('HEAD /v1/stream', () => {
  it('is answered as GET, without the events', async () => {
    const response = await rig.fetch('/v1/stream', { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch('text/event-stream');
    expect(await response.text()).toBe('');
  });
});

describe('GET /v1/stream', () => {
  it('tells of what changes from now on', async () => {
    const before = await rig.log.create('old');
    await rig.get(`/v1/resources?after=${before.position}`);
    const stream = await open();
    const { position } = await rig.log.create('new');
    const told = await next(stream);
    expect(told).toMatchObject({
      event: 'change',
      id: position.toString(),
      data: { position: position.toString(), changes: [{ id: 'new', revision: 1 }] },
    });
    expect(told.data.digest).toMatch(/^[0-9a-f]{32}$/);
  });

  it('goes on where a reader was, without a gap, removals included', async () => {
    const { position: start } = await rig.log.create('a');
    await rig.log.disable('a');
    await rig.log.create('b');
    const { position: end } = await rig.log.delete('b');
    for (const [query, headers] of [
      [`?after=${start}`, {}],
      ['', { 'Last-Event-ID': start.toString() }],
      ['?after=0', { 'Last-Event-ID': start.toString() }],
    ] as const) {
      const seen = await upTo(end, await open(query, headers));
      expect(seen).toEqual(
        new Map<string, number | 'deleted'>([
          ['a', 2],
          ['b', 'deleted'],
        ]),
      );
    }
  });

  it('loses nothing while a thousand resources come and readers come and go', async () => {
    const { position: start } = await rig.log.create('first');
    const ids = Array.from({ length: 1000 }, (_, index) => `many-${index}`);
    const written = Promise.all(ids.map((id) => rig.log.create(id)));
    const early = await open(`?after=${start}`);
    const { data } = await next(early);
    await early.return();
    const appended = await written;
    const end = appended.map(({ position }) => position).reduce((one, other) => (one > other ? one : other));
    const seen = await upTo(end, await open(`?after=${data.position}`));
    const all = new Set([...data.changes.map(({ id }) => id), ...seen.keys()]);
    expect(ids.filter((id) => !all.has(id))).toEqual([]);
  });

  it('keeps nothing back from a reader that was slow', async () => {
    const { position: start } = await rig.log.create('before');
    const stream = await open(`?after=${start}`);
    const ids = Array.from({ length: 3000 }, (_, index) => `slow-${index}`);
    await Promise.all(ids.map((id) => rig.log.create(id)));
    await rig.log.delete('slow-0');
    const seen = await upTo(await rig.store.head(), stream);
    expect(seen.get('slow-0')).toBe('deleted');
    expect(ids.filter((id) => !seen.has(id))).toEqual([]);
  });

  it('refuses a position that is none', async () => {
    expect((await rig.get('/v1/stream?after=x')).body).toMatchObject({ errors: [{ field: 'after' }] });
    const answer = await rig.fetch('/v1/stream', { headers: { 'Last-Event-ID': 'x' } });
    expect(await answer.json()).toMatchObject({ errors: [{ field: 'Last-Event-ID' }] });
  });

  it('ends when the program stops', async () => {
    const stream = await open();
    await rig.stop();
    expect(await stream.next()).toMatchObject({ done: true });
    await rig.start();
  });
});
