import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandAnswerJson, ProblemJson } from '#contract';
import { CommandRig, type HttpAnswer } from '../../../../test/support/command-rig.js';

let rig: CommandRig;

beforeAll(async () => {
  rig = await CommandRig.launch();
});
afterAll(() => rig.dispose());

const origin = 'http://127.0.0.1:9000';

function put(
  id: string,
  body: object,
  headers?: Record<string, string>,
): Promise<HttpAnswer<CommandAnswerJson>> {
  return rig.call('PUT', `/v1/resources/${id}/websockets`, body, headers);
}

async function problem(
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
): Promise<ProblemJson> {
  const answer = await rig.call<ProblemJson>(method, path, body, headers);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(answer.body.status).toBe(answer.status);
  return answer.body;
}

describe('creating a resource', () => {
  it('gives it its default, and says where it is', async () => {
    const resource = {
      id: 'first',
      cname: 'Chat.Example.COM.',
      secondaryHostnames: ['*.chat.example.com', 'bücher.example'],
      origin: 'https://Origin.example:443',
      integration: 'partial',
    };
    const { status, headers, body } = await rig.call('POST', '/v1/resources', resource);
    expect(status).toBe(201);
    expect(headers.get('location')).toBe('/v1/resources/first');
    expect(headers.get('etag')).toBe('"1"');
    expect(headers.get('upgate-position')).toBe(body.position);
    expect(body).toEqual({
      changed: true,
      revision: 1,
      position: body.position,
      resource: {
        id: 'first',
        account: 'default',
        cname: 'chat.example.com',
        secondaryHostnames: ['*.chat.example.com', 'xn--bcher-kva.example'],
        origin: 'https://origin.example',
        integration: 'partial',
        websockets: { enabled: false, source: 'default', openConnections: { mode: 'drain', seconds: 30 } },
        revision: 1,
        position: body.position,
        createdAt: body.resource.createdAt,
        updatedAt: body.resource.createdAt,
      },
    });
  });

  it('takes an explicit choice in place of the default', async () => {
    const websockets = { enabled: true, openConnections: { mode: 'close' } };
    const { revision, resource } = await rig.create('chosen', { integration: 'partial', websockets });
    expect(resource.websockets).toEqual({ ...websockets, source: 'explicit' });
    expect(revision).toBe(2);
  });

  it('makes an id where none is given', async () => {
    const { body } = await rig.call('POST', '/v1/resources', {
      cname: 'nameless.test',
      origin,
      integration: 'full',
    });
    expect(body.resource.id).toMatch(/^[a-z0-9-]{1,64}$/);
  });

  it('makes the same id for the same idempotency key, so that a retry finds the resource', async () => {
    const send = (cname: string) =>
      rig.call(
        'POST',
        '/v1/resources',
        { cname, origin, integration: 'full' },
        { 'idempotency-key': 'create-1' },
      );
    const first = await send('keyed.test');
    const again = await send('keyed.test');
    expect(again.status).toBe(201);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect((await send('other.test')).body).toMatchObject({ code: 'idempotency_key_reused', status: 422 });
  });

  it.each<[string, object, string, string]>([
    ['an id with capitals', { id: 'Chat' }, 'request_invalid', 'id'],
    ['an id that is too long', { id: 'x'.repeat(65) }, 'request_invalid', 'id'],
    ['no cname', { cname: undefined }, 'request_invalid', 'cname'],
    ['an integration that is none', { integration: 'whole' }, 'request_invalid', 'integration'],
    ['hostnames that are no list', { secondaryHostnames: 'a.test' }, 'request_invalid', 'secondaryHostnames'],
    ['null', { reason: null }, 'request_invalid', 'reason'],
    ['a switch that is text', { websockets: { enabled: 'true' } }, 'request_invalid', 'websockets.enabled'],
    [
      'seconds without drain',
      { websockets: { enabled: true, openConnections: { mode: 'keep', seconds: 1 } } },
      'request_invalid',
      'websockets.openConnections.seconds',
    ],
    ['an unknown field', { colour: 'red' }, 'request_invalid', 'colour'],
    ['an empty account', { account: '' }, 'request_invalid', 'account'],
    ['an address as a hostname', { cname: '10.0.0.1' }, 'hostname_invalid', 'cname'],
    [
      'a port in a hostname',
      { secondaryHostnames: ['a.test:80'] },
      'hostname_invalid',
      'secondaryHostnames.0',
    ],
    ['a hostname twice', { secondaryHostnames: ['BAD.test'] }, 'hostname_repeated', 'secondaryHostnames.0'],
    ['half a surrogate pair in the account', { account: 'a\ud800' }, 'request_invalid', 'account'],
    ['half a surrogate pair in the reason', { reason: '\udfff' }, 'request_invalid', 'reason'],
    ['the port 0 of an origin', { origin: 'http://a.test:0' }, 'origin_invalid', 'origin'],
    ['a path in the origin', { origin: 'http://a.test/path' }, 'origin_invalid', 'origin'],
  ])('refuses %s, naming the field', async (_what, part, code, field) => {
    const resource = { id: 'bad', cname: 'bad.test', origin, integration: 'full', ...part };
    const refused = await problem('POST', '/v1/resources', resource);
    expect(refused).toMatchObject({ status: 400, code });
    expect(refused.errors?.map((error) => error.field)).toContain(field);
  });

  it.each<[string, object, object]>([
    ['nothing', { cname: undefined }, { field: 'cname', value: null, message: 'must be a string' }],
    [
      'null',
      { websockets: { enabled: true, openConnections: null } },
      { field: 'websockets.openConnections', value: null, message: 'must be an object' },
    ],
    [
      'a long list',
      { secondaryHostnames: Array.from({ length: 501 }, (_, index) => `${index}.test`) },
      { value: expect.stringMatching(/^.{200}…$/) as string },
    ],
  ])('tells of %s one thing, and shows no more of it than its beginning', async (_what, part, error) => {
    const resource = { id: 'bad', cname: 'bad.test', origin, integration: 'full', ...part };
    expect((await problem('POST', '/v1/resources', resource)).errors).toEqual([
      expect.objectContaining(error),
    ]);
  });

  it('refuses an id or a hostname that another has, until it is deleted', async () => {
    await rig.create('owner', { secondaryHostnames: ['shared.test'] });
    const resource = (id: string) => ({ id, cname: 'shared.test', origin, integration: 'full' });
    expect(await problem('POST', '/v1/resources', resource('owner'))).toMatchObject({
      status: 409,
      code: 'resource_exists',
    });
    expect(await problem('POST', '/v1/resources', resource('heir'))).toMatchObject({
      status: 409,
      code: 'hostname_taken',
      errors: [{ field: 'cname', value: 'shared.test', message: 'belongs to the CDN resource owner' }],
    });
    await rig.call('DELETE', '/v1/resources/owner');
    expect(await problem('POST', '/v1/resources', resource('owner'))).toMatchObject({
      status: 410,
      code: 'resource_deleted',
    });
    expect((await rig.call('POST', '/v1/resources', resource('heir'))).status).toBe(201);
  });
});

describe('the switch', () => {
  it('goes on, off and back to the default', async () => {
    await rig.create('switch');
    const off = await put('switch', { enabled: false, openConnections: { mode: 'drain' } });
    expect(off.status).toBe(200);
    expect(off.body).toMatchObject({
      changed: true,
      revision: 2,
      resource: {
        websockets: { enabled: false, source: 'explicit', openConnections: { mode: 'drain', seconds: 30 } },
      },
    });
    const reset = await rig.call('DELETE', '/v1/resources/switch/websockets?reason=enough');
    expect(reset.body.resource.websockets).toMatchObject({ enabled: true, source: 'default' });
    expect((await rig.events('switch')).at(-1)!.metadata.reason).toBe('enough');
  });

  it('says when nothing changed, and records nothing', async () => {
    const { position } = (await put('switch', { enabled: true })).body;
    const again = await put('switch', { enabled: true });
    expect(again.body).toMatchObject({ changed: false, revision: 4, position });
    expect(again.headers.get('etag')).toBe('"4"');
    expect(await rig.events('switch')).toHaveLength(4);
  });

  it('reverts to what was in force at a revision', async () => {
    const revert = (revision: number) =>
      rig.call<CommandAnswerJson & ProblemJson>('POST', '/v1/resources/switch/websockets:revert', {
        revision,
      });
    const { status, body } = await revert(2);
    expect(status).toBe(200);
    expect(body.resource.websockets).toMatchObject({ enabled: false, source: 'explicit' });
    expect((await rig.events('switch')).at(-1)!.metadata.reason).toBe('revert to revision 2');
    expect((await revert(99)).body).toMatchObject({ status: 404, code: 'revision_unknown' });
    expect((await revert(0)).body).toMatchObject({ status: 400, code: 'request_invalid' });
  });

  it('keeps who, from where, why and in which request', async () => {
    const headers = {
      'upgate-actor': 'Alice Example',
      'upgate-actor-kind': 'service',
      'x-request-id': 'request-7',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    };
    const { headers: answered } = await put('switch', { enabled: true, reason: 'all clear' }, headers);
    expect(answered.get('x-request-id')).toBe('request-7');
    expect((await rig.events('switch')).at(-1)!.metadata).toMatchObject({
      actor: { id: 'Alice Example', kind: 'service', address: '127.0.0.1' },
      reason: 'all clear',
      correlationId: 'request-7',
      causationId: 'request-7',
      traceparent: headers.traceparent,
    });
  });

  it('does not take two actors for one', async () => {
    const headers = { 'content-type': 'application/json', 'upgate-actor': ['al', 'bob'] };
    const sent = request(`${rig.url}/v1/resources/switch/websockets`, { method: 'PUT', headers });
    sent.end(JSON.stringify({ enabled: true }));
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    expect(answer.statusCode).toBe(400);
    expect(await json(answer)).toMatchObject({ errors: [{ field: 'upgate-actor' }] });
    for (const enabled of [false, true]) await put('switch', { enabled }, { 'upgate-actor': 'Doe, Jane' });
    expect((await rig.events('switch')).at(-1)!.metadata.actor.id).toBe('Doe, Jane');
  });

  it('takes the word of the gateway for where an actor is', async () => {
    await put('switch', { enabled: false }, { 'upgate-actor-address': '2001:db8::7' });
    await put('switch', { enabled: true }, { 'upgate-actor-address': '192.0.2.7' });
    const [one, other] = (await rig.events('switch')).slice(-2);
    expect(one!.metadata.actor).toMatchObject({ id: 'anonymous', address: '2001:db8::7' });
    expect(other!.metadata.actor.address).toBe('192.0.2.7');
  });

  it.each<[string, unknown, string]>([
    ['nothing', {}, 'enabled'],
    ['text for a switch', { enabled: 'false' }, 'enabled'],
    ['a number for a switch', { enabled: 0 }, 'enabled'],
    ['an unknown mode', { enabled: true, openConnections: { mode: 'kill' } }, 'openConnections.mode'],
    ['a list of modes', { enabled: true, openConnections: [] }, 'openConnections'],
    [
      'seconds with keep',
      { enabled: true, openConnections: { mode: 'keep', seconds: 5 } },
      'openConnections.seconds',
    ],
    [
      'negative seconds',
      { enabled: true, openConnections: { mode: 'drain', seconds: -1 } },
      'openConnections.seconds',
    ],
    [
      'half a second',
      { enabled: true, openConnections: { mode: 'drain', seconds: 0.5 } },
      'openConnections.seconds',
    ],
    [
      'more than a day',
      { enabled: true, openConnections: { mode: 'drain', seconds: 86_401 } },
      'openConnections.seconds',
    ],
    ['a reason of a novel', { enabled: true, reason: 'x'.repeat(1001) }, 'reason'],
    ['an unknown field', { enabled: true, enable: true }, 'enable'],
    ['a list', [], ''],
  ])('refuses %s', async (_what, body, field) => {
    const refused = await problem('PUT', '/v1/resources/switch/websockets', body);
    expect(refused).toMatchObject({ status: 400, code: 'request_invalid' });
    expect(refused.errors?.map((error) => error.field)).toContain(field);
  });
});

describe('changing a resource', () => {
  it('changes what is given and leaves the rest', async () => {
    await rig.create('changing');
    const change = {
      secondaryHostnames: ['more.changing.test'],
      origin: 'http://127.0.0.1:9001',
      reason: 'moved',
    };
    const { body } = await rig.call('PATCH', '/v1/resources/changing', change);
    expect(body).toMatchObject({ changed: true, revision: 3 });
    expect(body.resource).toMatchObject({
      cname: 'changing.test',
      secondaryHostnames: ['more.changing.test'],
      origin: 'http://127.0.0.1:9001',
    });
    expect((await rig.call('PATCH', '/v1/resources/changing', {})).body.changed).toBe(false);
  });

  it('does not change account or integration', async () => {
    const refused = await problem('PATCH', '/v1/resources/changing', { integration: 'partial' });
    expect(refused).toMatchObject({ code: 'request_invalid', errors: [{ field: 'integration' }] });
  });
});

describe('deleting a resource', () => {
  it('answers with the last state, and from then on nothing can be done to it', async () => {
    await rig.create('mortal');
    expect(await problem('DELETE', '/v1/resources/mortal', { reason: 'over' })).toMatchObject({
      status: 400,
    });
    const deleted = await rig.call('DELETE', '/v1/resources/mortal?reason=over');
    expect(deleted.status).toBe(200);
    expect(deleted.body).toMatchObject({
      changed: true,
      revision: 2,
      resource: { id: 'mortal', revision: 2 },
    });
    for (const [method, path, body] of [
      ['PUT', '/v1/resources/mortal/websockets', { enabled: true }],
      ['PATCH', '/v1/resources/mortal', {}],
      ['DELETE', '/v1/resources/mortal', undefined],
    ] as const) {
      expect(await problem(method, path, body)).toMatchObject({ status: 410, code: 'resource_deleted' });
    }
  });

  it('is not possible where there is none', async () => {
    for (const [method, path, body] of [
      ['PUT', '/v1/resources/nobody/websockets', { enabled: true }],
      ['DELETE', '/v1/resources/nobody/websockets', undefined],
      ['POST', '/v1/resources/nobody/websockets:revert', { revision: 1 }],
      ['PATCH', '/v1/resources/nobody', { origin }],
      ['DELETE', '/v1/resources/nobody', undefined],
    ] as const) {
      expect(await problem(method, path, body, { 'if-match': '"1"' })).toMatchObject({
        status: 404,
        code: 'resource_unknown',
      });
    }
  });
});

describe('an idempotency key', () => {
  it('gives a retry the first answer to the byte, whatever happened since, also after a restart', async () => {
    await rig.create('retried');
    const send = async () => {
      const response = await fetch(`${rig.url}/v1/resources/retried/websockets`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'off-1', 'if-match': '"1"' },
        body: JSON.stringify({ enabled: false }),
      });
      return { replayed: response.headers.get('idempotency-replayed'), text: await response.text() };
    };
    const first = await send();
    expect(first.replayed).toBeNull();
    await put('retried', { enabled: true });
    expect(await send()).toEqual({ replayed: 'true', text: first.text });
    await rig.call('DELETE', '/v1/resources/retried');
    await rig.stop();
    await rig.start();
    expect(await send()).toEqual({ replayed: 'true', text: first.text });
    expect(await rig.events('retried')).toHaveLength(4);
  });

  it('remembers a command that changed nothing', async () => {
    await rig.create('idle');
    const noop = () =>
      put('idle', { enabled: true, openConnections: { mode: 'drain' } }, { 'idempotency-key': 'k' });
    await rig.call('DELETE', '/v1/resources/idle/websockets');
    await put('idle', { enabled: true });
    const first = await noop();
    expect(first.body.changed).toBe(false);
    await put('idle', { enabled: false });
    const again = await noop();
    expect(again.body).toEqual(first.body);
    expect((await rig.events('idle')).at(-1)!.type).toBe('WebsocketsDisabled');
  });

  it('belongs to one command', async () => {
    await rig.create('reused');
    const key = { 'idempotency-key': 'one' };
    await put('reused', { enabled: false }, key);
    expect((await put('reused', { enabled: true }, key)).body).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    });
  });

  it('lets one of many concurrent retries take effect, and answers all alike', async () => {
    await rig.create('hasty');
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => put('hasty', { enabled: false }, { 'idempotency-key': 'once' })),
    );
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('idempotency-replayed') === null)).toHaveLength(1);
    expect(await rig.events('hasty')).toHaveLength(2);
  });
});

describe('If-Match', () => {
  it('lets one of those win who read the same revision', async () => {
    await rig.create('contended');
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        put(
          'contended',
          { enabled: false, openConnections: { mode: 'drain', seconds: index } },
          { 'if-match': '"1"' },
        ),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(9);
    const lost = answers.find(({ status }) => status === 412)!;
    expect(lost.body).toMatchObject({
      code: 'revision_mismatch',
      detail: 'the CDN resource is at revision 2',
    });
  });

  it('takes a bare revision, and * for any', async () => {
    await rig.create('matched');
    expect((await put('matched', { enabled: false }, { 'if-match': '1' })).status).toBe(200);
    expect((await put('matched', { enabled: true }, { 'if-match': '*' })).status).toBe(200);
  });
});

describe('headers and parameters', () => {
  beforeAll(() => rig.create('strict'));

  it.each([
    ['if-match', 'W/"1"'],
    ['if-match', '"one"'],
    ['if-match', '"1", "2"'],
    ['idempotency-key', 'two words'],
    ['idempotency-key', 'x'.repeat(256)],
    ['upgate-actor', 'x'.repeat(256)],
    ['upgate-actor-kind', 'User!'],
    ['upgate-actor-address', 'here'],
  ])('that are bad are refused by name: %s: %s', async (name, value) => {
    const refused = await problem(
      'PUT',
      '/v1/resources/strict/websockets',
      { enabled: true },
      { [name]: value },
    );
    expect(refused).toMatchObject({
      status: 400,
      code: 'request_invalid',
      errors: [{ field: name }],
    });
  });

  it.each([
    ['wait=later', 'wait'],
    ['wait=applied&timeout=61s', 'timeout'],
    ['wait=applied&timeout=5', 'timeout'],
    ['dry=true', 'dry'],
    ['if-match=1', 'if-match'],
  ])('that are bad are refused by name: ?%s', async (query, field) => {
    const refused = await problem('PUT', `/v1/resources/strict/websockets?${query}`, { enabled: true });
    expect(refused).toMatchObject({ status: 400, code: 'request_invalid', errors: [{ field }] });
  });
});

describe('wait=applied', () => {
  it('is honest where nobody knows of any edge', async () => {
    await rig.create('waiting');
    const { body } = await rig.call('DELETE', '/v1/resources/waiting?wait=applied&timeout=10ms');
    expect(body.convergence).toEqual({
      position: body.position,
      status: 'pending',
      required: 0,
      applied: 0,
      refused: [],
      missing: [],
      stale: 0,
      gone: 0,
    });
  });
});

describe('what is no command', () => {
  it.each<[string, string, RequestInit, number, string]>([
    [
      'JSON that is none',
      '/v1/resources',
      { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } },
      400,
      'request_invalid',
    ],
    [
      'a form',
      '/v1/resources',
      { method: 'POST', body: new URLSearchParams('a=b') },
      415,
      'media_type_unsupported',
    ],
    ['text', '/v1/resources', { method: 'POST', body: 'text' }, 415, 'media_type_unsupported'],
    [
      'a batch for one',
      '/v1/resources',
      { method: 'POST', body: '{}', headers: { 'content-type': 'application/x-ndjson' } },
      415,
      'media_type_unsupported',
    ],
    [
      'one for a batch',
      '/v1/resources:batch',
      { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } },
      415,
      'media_type_unsupported',
    ],
    [
      'too much',
      '/v1/resources',
      {
        method: 'POST',
        body: JSON.stringify({ id: 'x'.repeat(2 ** 20) }),
        headers: { 'content-type': 'application/json' },
      },
      413,
      'body_too_large',
    ],
    ['a path to nowhere', '/v1/nothing', {}, 404, 'route_unknown'],
    [
      'a method that is not allowed',
      '/v1/resources/a/websockets',
      { method: 'POST' },
      405,
      'method_not_allowed',
    ],
  ])('is told so: %s', async (_what, path, init, status, code) => {
    const response = await fetch(`${rig.url}${path}`, init);
    expect(await response.json()).toMatchObject({
      status,
      code,
      requestId: response.headers.get('x-request-id'),
    });
  });

  it('names the methods that there are', async () => {
    const response = await fetch(`${rig.url}/v1/resources/a/websockets`, { method: 'POST' });
    expect(response.headers.get('allow')).toBe('PUT, DELETE');
  });
});

describe('concurrent commands to one resource', () => {
  it('take effect one after the other, none lost', async () => {
    await rig.create('busy');
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        put('busy', { enabled: false, openConnections: { mode: 'drain', seconds: index + 1 } }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
    const revisions = answers.map(({ body }) => body.revision).toSorted((a, b) => a - b);
    expect(revisions).toEqual(Array.from({ length: 50 }, (_, index) => index + 2));
  });
});
