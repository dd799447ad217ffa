import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandAnswerJson, ConvergenceJson, ProblemJson } from '#contract';
import { eventually } from '../../../../test/support/condition.js';
import { CommandRig } from '../../../../test/support/command-rig.js';

interface Line {
  index: number;
  status: number;
  answer?: CommandAnswerJson;
  problem?: ProblemJson;
  convergence?: ConvergenceJson;
}

let rig: CommandRig;

beforeAll(async () => {
  rig = await CommandRig.launch();
  for (const id of ['one', 'two', 'three']) await rig.create(id);
});
afterAll(() => rig.dispose());

const NDJSON = { 'content-type': 'application/x-ndjson' };

async function send(
  path: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Line[]> {
  const response = await fetch(`${rig.url}${path}`, {
    method: 'POST',
    body,
    headers: { ...NDJSON, ...headers },
  });
  expect(response.status).toBe(200);
  const text = await response.text();
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
}

const lines = (...items: unknown[]) => items.map((item) => JSON.stringify(item)).join('\n');
const resource = (id: string, more: object = {}) => ({
  id,
  cname: `${id}.test`,
  origin: 'http://127.0.0.1:9000',
  integration: 'full',
  ...more,
});

/** A request whose lines the test sends one by one. */
function open(path: string): { outgoing: ClientRequest; response: Promise<IncomingMessage> } {
  const outgoing = request(`${rig.url}${path}`, { method: 'POST', headers: NDJSON, agent: false });
  const response = once(outgoing, 'response').then(([incoming]) => incoming as IncomingMessage);
  return { outgoing, response };
}

describe('a batch of switches', () => {
  it('has no revision to be at as a whole', async () => {
    const body = lines({ id: 'one', enabled: true });
    const headers = { ...NDJSON, 'if-match': '"1"' };
    const refused = await fetch(`${rig.url}/v1/websockets:batch`, { method: 'POST', body, headers });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ errors: [{ field: 'if-match', value: 1 }] });
  });

  it('is logged with the highest position of its items', async () => {
    const items = ['one', 'two', 'three'].map((id) => ({ id, enabled: true, reason: 'logged' }));
    const answers = await send('/v1/websockets:batch', lines(...items), { 'x-request-id': 'batch-1' });
    const positions = answers.map(({ answer }) => Number(answer!.position));
    const line = await eventually('the line', () =>
      rig.log.find((entry) => entry['requestId'] === 'batch-1'),
    );
    expect(line).toMatchObject({ msg: 'request', status: 200, position: String(Math.max(...positions)) });
  });

  it('answers each item by itself, in order', async () => {
    const body = `${lines(
      { id: 'one', enabled: false, reason: 'abuse' },
      { id: 'nobody', enabled: false },
      { id: 'two', enabled: 'no' },
    )}\n\nnot json\n${lines({ id: 'two', enabled: false, ifMatch: 7 }, 17, { id: 'three', enabled: false })}`;
    const answers = await send('/v1/websockets:batch', body);
    expect(answers.map(({ index, status }) => [index, status])).toEqual([
      [0, 200],
      [1, 404],
      [2, 400],
      [3, 400],
      [4, 412],
      [5, 400],
      [6, 200],
    ]);
    expect(answers[0]!.answer).toMatchObject({ changed: true, resource: { websockets: { enabled: false } } });
    expect(answers[1]!.problem).toMatchObject({ status: 404, code: 'resource_unknown' });
    expect(answers[3]!.problem!.errors![0]).toMatchObject({ value: 'not json' });
    expect((await rig.events('one')).at(-1)!.metadata.reason).toBe('abuse');
  });

  it('has items of one resource take effect in their order', async () => {
    const items = Array.from({ length: 100 }, (_, index) => ({ id: 'one', enabled: index % 2 === 0 }));
    const answers = await send('/v1/websockets:batch', lines(...items));
    expect(answers.map(({ answer }) => answer!.resource.websockets.enabled)).toEqual(
      items.map(({ enabled }) => enabled),
    );
    const revisions = answers.map(({ answer }) => answer!.revision);
    expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
  });

  it('gives each item a key of its own under the key of the batch', async () => {
    const body = lines(
      { id: 'two', enabled: false },
      { id: 'two', enabled: true },
      { id: 'three', enabled: true, idempotencyKey: 'mine' },
    );
    const first = await send('/v1/websockets:batch', body, { 'idempotency-key': 'batch' });
    const events = (await rig.events('two')).length;
    expect(await send('/v1/websockets:batch', body, { 'idempotency-key': 'batch' })).toEqual(first);
    expect(await rig.events('two')).toHaveLength(events);
    expect((await rig.events('two')).slice(-2).map(({ metadata }) => metadata.idempotency!.key)).toEqual([
      'batch/0',
      'batch/1',
    ]);
    expect((await rig.events('three')).at(-1)!.metadata.idempotency!.key).toBe('mine');
  });

  it('ends with what the edges enforce, if asked to wait', async () => {
    const body = lines({ id: 'one', enabled: false }, { id: 'nobody', enabled: false });
    const answers = await send('/v1/websockets:batch?wait=applied&timeout=10ms', body);
    expect(answers).toHaveLength(3);
    expect(answers[2]!.convergence).toMatchObject({
      position: answers[0]!.answer!.position,
      status: 'pending',
    });
  });

  it('answers an item before the next is sent, and keeps what was appended when the client goes', async () => {
    const { outgoing, response } = open('/v1/websockets:batch');
    outgoing.on('error', () => undefined);
    outgoing.write(`${JSON.stringify({ id: 'three', enabled: false })}\n`);
    const reader = createInterface({ input: await response }).on('error', () => undefined);
    const [line] = (await once(reader, 'line')) as [string];
    expect(JSON.parse(line)).toMatchObject({ index: 0, status: 200 });
    outgoing.destroy();
    expect((await rig.events('three')).at(-1)!.type).toBe('WebsocketsDisabled');
    expect((await fetch(`${rig.url}/livez`)).status).toBe(200);
  });

  it('refuses lines and items beyond the limits, and goes on', async () => {
    const long = `{"id":"one","enabled":true,"reason":"${'x'.repeat(70_000)}"}\n`;
    const [tooLong, next] = await send('/v1/websockets:batch', long + lines({ id: 'one', enabled: true }));
    expect(tooLong!.problem).toMatchObject({ status: 413, code: 'body_too_large' });
    expect(next!.status).toBe(200);
    const broken = Buffer.concat([Buffer.from('{"id":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
    expect((await send('/v1/websockets:batch', broken))[0]!.problem).toMatchObject({
      detail: 'is not JSON: it is not UTF-8',
    });
    const many = await send('/v1/websockets:batch', '1\n'.repeat(10_001));
    expect(many).toHaveLength(10_001);
    expect(many[9_999]!.status).toBe(400);
    expect(many[10_000]).toMatchObject({
      status: 413,
      problem: { detail: 'a batch has at most 10000 items' },
    });
  });
});

describe('a batch of new resources', () => {
  it('creates them, and tells of each that it cannot', async () => {
    const answers = await send(
      '/v1/resources:batch',
      lines(
        resource('b1'),
        resource('b2', { integration: 'partial' }),
        resource('b1'),
        resource('b3', { cname: 'one.test' }),
        { cname: 'b4.test' },
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 409, 409, 400]);
    expect(answers[1]!.answer!.resource.websockets.enabled).toBe(false);
    expect(answers[3]!.problem!.code).toBe('hostname_taken');
  });

  it('creates ten thousand at once', async () => {
    const ids = Array.from({ length: 10_000 }, (_, index) => `m${index}`);
    const answers = await send('/v1/resources:batch', lines(...ids.map((id) => resource(id))));
    expect(answers.map(({ answer }) => answer?.resource.id)).toEqual(ids);
  });

  it('makes the same ids when it is sent again under the same key', async () => {
    const body = lines(resource('x', { id: undefined }), resource('y', { id: undefined }));
    const first = await send('/v1/resources:batch', body, { 'idempotency-key': 'nameless' });
    expect(first.map(({ status }) => status)).toEqual([201, 201]);
    expect(await send('/v1/resources:batch', body, { 'idempotency-key': 'nameless' })).toEqual(first);
  });
});
