import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { status, type ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FieldErrorJson, WireBatchAnswer, WireCommandAnswer } from '#contract';
import { CommandRig } from '../../../../test/support/command-rig.js';
import { GrpcClient } from '../../../../test/support/grpc-client.js';

let rig: CommandRig;
let client: GrpcClient;

beforeAll(async () => {
  rig = await CommandRig.launch();
  client = new GrpcClient(rig.grpc, 'upgate.v1.CommandService', 'upgate/v1/command_service.proto');
});
afterAll(async () => {
  client.close();
  await rig.dispose();
});

function send(
  method: string,
  request: object,
  metadata?: Record<string, string>,
): Promise<WireCommandAnswer> {
  return client.call(method, request, metadata);
}

interface Refused {
  grpc: number;
  code: string;
  details: string;
  fields: string[];
}

async function refusal(method: string, request: object, metadata?: Record<string, string>): Promise<Refused> {
  const error = await send(method, request, metadata).then(
    () => {
      throw new Error('it was accepted');
    },
    (reason: ServiceError) => reason,
  );
  const [code] = error.metadata.get('upgate-code');
  const [errors] = error.metadata.get('upgate-errors-bin');
  const fields = errors ? (JSON.parse(errors.toString()) as FieldErrorJson[]).map(({ field }) => field) : [];
  return { grpc: error.code, code: String(code), details: error.details, fields };
}

const resource = (id: string, more: object = {}) => ({
  id,
  cname: `${id}.test`,
  origin: 'http://127.0.0.1:9000',
  integration: 'INTEGRATION_FULL',
  ...more,
});

describe('a command over gRPC', () => {
  it('is logged in a line with its request id, status and position, and without what else it carried', async () => {
    const id = { 'x-request-id': 'call-1', authorization: 'Bearer secret' };
    const { position } = await send('CreateResource', resource('logged'), id);
    await refusal('SetWebsockets', { id: 'nobody', enabled: true }, { 'x-request-id': 'call-2' });
    const method = (name: string) => `/upgate.v1.CommandService/${name}`;
    const line = (requestId: string) => rig.log.filter((entry) => entry['requestId'] === requestId);
    expect(line('call-1')).toMatchObject([
      { msg: 'call', method: method('CreateResource'), status: 'OK', position, remote: '127.0.0.1' },
    ]);
    expect(line('call-2')).toMatchObject([{ method: method('SetWebsockets'), status: 'NOT_FOUND' }]);
    expect((await rig.events('logged')).at(-1)!.metadata.correlationId).toBe('call-1');
    expect(JSON.stringify(rig.log)).not.toContain('secret');
  });

  it('does all that one over HTTP does', async () => {
    const created = await send('CreateResource', resource('chat', { integration: 'INTEGRATION_PARTIAL' }));
    expect(created).toMatchObject({
      changed: true,
      revision: '1',
      resource: {
        id: 'chat',
        account: 'default',
        integration: 'INTEGRATION_PARTIAL',
        websockets: {
          enabled: false,
          source: 'POLICY_SOURCE_DEFAULT',
          openConnections: { mode: 'OPEN_CONNECTIONS_MODE_DRAIN', seconds: 30 },
        },
      },
    });
    const openConnections = { mode: 'OPEN_CONNECTIONS_MODE_CLOSE' };
    const on = await send('SetWebsockets', { id: 'chat', enabled: true, openConnections, reason: 'chat' });
    expect(on.resource!.websockets).toMatchObject({ enabled: true, openConnections });
    const secondaryHostnames = { hostnames: ['more.chat.test'] };
    const changed = await send('ChangeResource', { id: 'chat', secondaryHostnames });
    expect(changed.resource!.secondaryHostnames).toEqual(['more.chat.test']);
    expect(changed.resource!.cname).toBe('chat.test');
    const bare = await send('ChangeResource', { id: 'chat', secondaryHostnames: {} });
    expect(bare.resource!.secondaryHostnames).toEqual([]);
    const reset = await send('ResetWebsockets', { id: 'chat' });
    expect(reset.resource!.websockets!.enabled).toBe(false);
    const reverted = await send('RevertWebsockets', { id: 'chat', revision: 2 });
    expect(reverted.resource!.websockets!.enabled).toBe(true);
    const deleted = await send('DeleteResource', { id: 'chat', reason: 'over' });
    expect(deleted).toMatchObject({ changed: true, revision: '7' });
    expect((await rig.events('chat')).map(({ type }) => type)).toEqual([
      'CdnResourceCreated',
      'WebsocketsEnabled',
      'CdnResourceHostnamesChanged',
      'CdnResourceHostnamesChanged',
      'WebsocketsResetToDefault',
      'WebsocketsEnabled',
      'CdnResourceDeleted',
    ]);
  });

  it('reads from its metadata what HTTP has in headers', async () => {
    await send('CreateResource', resource('meta'));
    const metadata = {
      'idempotency-key': 'key-1',
      'if-match': '1',
      'upgate-actor': 'alice',
      'upgate-actor-address': '192.0.2.7',
      'x-request-id': 'request-9',
      wait: 'applied',
      timeout: '10ms',
    };
    const first = await send('SetWebsockets', { id: 'meta', enabled: false }, metadata);
    expect(first.convergence).toMatchObject({
      status: 'CONVERGENCE_STATUS_PENDING',
      position: first.position,
    });
    expect(await send('SetWebsockets', { id: 'meta', enabled: false }, metadata)).toEqual(first);
    expect(client.lastMetadata.get('idempotency-replayed')).toEqual(['true']);
    const [, event] = await rig.events('meta');
    expect(event!.metadata).toMatchObject({
      actor: { id: 'alice', kind: 'user', address: '192.0.2.7' },
      correlationId: 'request-9',
    });
  });

  it('shares its idempotency keys with HTTP', async () => {
    await send('CreateResource', resource('shared'));
    const key = { 'idempotency-key': 'both' };
    const overGrpc = await send('SetWebsockets', { id: 'shared', enabled: false }, key);
    const overHttp = await rig.call('PUT', '/v1/resources/shared/websockets', { enabled: false }, key);
    expect(overHttp.headers.get('idempotency-replayed')).toBe('true');
    expect(overHttp.body.position).toBe(overGrpc.position);
  });

  it.each<[string, string, object, Record<string, string>, number, string, string[]]>([
    [
      'no integration',
      'CreateResource',
      resource('bad', { integration: undefined }),
      {},
      status.INVALID_ARGUMENT,
      'request_invalid',
      ['integration'],
    ],
    [
      'no cname',
      'CreateResource',
      resource('bad', { cname: '' }),
      {},
      status.INVALID_ARGUMENT,
      'hostname_invalid',
      ['cname'],
    ],
    [
      'an empty id',
      'CreateResource',
      resource('', { cname: 'bad.test' }),
      {},
      status.INVALID_ARGUMENT,
      'request_invalid',
      ['id'],
    ],
    [
      'an empty cname',
      'ChangeResource',
      { id: 'meta', cname: '' },
      {},
      status.INVALID_ARGUMENT,
      'hostname_invalid',
      ['cname'],
    ],
    [
      'no switch',
      'SetWebsockets',
      { id: 'meta' },
      {},
      status.INVALID_ARGUMENT,
      'request_invalid',
      ['enabled'],
    ],
    [
      'no mode',
      'SetWebsockets',
      { id: 'meta', enabled: true, openConnections: {} },
      {},
      status.INVALID_ARGUMENT,
      'request_invalid',
      ['openConnections.mode'],
    ],
    [
      'a bad revision',
      'ResetWebsockets',
      { id: 'meta' },
      { 'if-match': 'x' },
      status.INVALID_ARGUMENT,
      'request_invalid',
      ['if-match'],
    ],
    [
      'a bad wait',
      'ResetWebsockets',
      { id: 'meta' },
      { wait: 'x' },
      status.INVALID_ARGUMENT,
      'request_invalid',
      ['wait'],
    ],
    [
      'another revision',
      'ResetWebsockets',
      { id: 'meta' },
      { 'if-match': '"9"' },
      status.FAILED_PRECONDITION,
      'revision_mismatch',
      [],
    ],
    ['no id', 'SetWebsockets', { enabled: true }, {}, status.INVALID_ARGUMENT, 'request_invalid', ['id']],
    ['an unknown resource', 'DeleteResource', { id: 'nobody' }, {}, status.NOT_FOUND, 'resource_unknown', []],
    [
      'a deleted resource',
      'ResetWebsockets',
      { id: 'chat' },
      {},
      status.FAILED_PRECONDITION,
      'resource_deleted',
      [],
    ],
    [
      'a taken hostname',
      'CreateResource',
      resource('thief', { cname: 'meta.test' }),
      {},
      status.ALREADY_EXISTS,
      'hostname_taken',
      ['cname'],
    ],
  ])('is refused with code and fields: %s', async (_what, method, request, metadata, grpc, code, fields) => {
    expect(await refusal(method, request, metadata)).toMatchObject({ grpc, code, fields });
  });
});

describe('a batch over gRPC', () => {
  it('answers each item in order, while the next is still to come', async () => {
    const stream = client.stream('BatchCreateResources', { 'idempotency-key': 'b' });
    const answers = stream.iterator();
    const next = async () => ((await answers.next()) as { value: WireBatchAnswer }).value;
    stream.write({ item: resource('g1') });
    expect(await next()).toMatchObject({ index: 0, answer: { changed: true, resource: { id: 'g1' } } });
    stream.write({ item: resource('g1', { cname: 'other.test' }) });
    expect(await next()).toMatchObject({ index: 1, problem: { status: 409, code: 'resource_exists' } });
    stream.write({});
    const { problem } = await next();
    expect(JSON.parse(problem!.errors)).toContainEqual(expect.objectContaining({ field: 'cname' }));
    stream.end();
    expect(await answers.next()).toMatchObject({ done: true });
  });

  it('switches many, and waits for the edges at the end if asked to', async () => {
    await send('CreateResource', resource('g2'));
    const stream = client.stream('BatchSetWebsockets', { wait: 'applied', timeout: '10ms' });
    for (let index = 0; index < 600; index += 1)
      stream.write({ item: { id: 'g2', enabled: index % 2 === 0 } });
    stream.write({ item: { id: 'g2', enabled: true }, ifMatch: 7 });
    stream.end();
    const answers = (await Array.fromAsync(stream)) as WireBatchAnswer[];
    expect(answers.slice(0, 600).map(({ answer }) => answer!.revision)).toEqual(
      Array.from({ length: 600 }, (_, index) => String(index + 2)),
    );
    expect(answers[600]!.problem).toMatchObject({ status: 412, code: 'revision_mismatch' });
    expect(answers[601]!.convergence).toMatchObject({ position: answers[599]!.answer!.position });
  });

  it('is refused as a whole for bad metadata', async () => {
    const stream = client.stream('BatchSetWebsockets', { wait: 'x' });
    const [error] = (await once(stream, 'error')) as [ServiceError];
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it('harms nothing when it is cancelled', async () => {
    const stream = client.stream('BatchSetWebsockets');
    stream.write({ item: { id: 'g2', enabled: true } });
    await once(stream, 'data');
    stream.cancel();
    await once(stream, 'error');
    expect(await send('SetWebsockets', { id: 'g2', enabled: false })).toMatchObject({ changed: true });
  });
});

describe('the server', () => {
  it('says that it is healthy', async () => {
    const root = dirname(createRequire(import.meta.url).resolve('grpc-health-check/package.json'));
    const health = new GrpcClient(rig.grpc, 'grpc.health.v1.Health', 'proto/health/v1/health.proto', root);
    expect(await health.call('Check', {})).toEqual({ status: 'SERVING' });
    expect(await health.call('Check', { service: 'upgate.v1.CommandService' })).toEqual({
      status: 'SERVING',
    });
    health.close();
  });

  it('describes itself', async () => {
    const root = dirname(createRequire(import.meta.url).resolve('@grpc/reflection/package.json'));
    const proto = 'build/proto/grpc/reflection/v1/reflection.proto';
    const reflection = new GrpcClient(rig.grpc, 'grpc.reflection.v1.ServerReflection', proto, root);
    const stream = reflection.stream('ServerReflectionInfo').on('error', () => undefined);
    stream.write({ listServices: '' });
    const [answer] = (await once(stream, 'data')) as [
      { listServicesResponse: { service: { name: string }[] } },
    ];
    expect(answer.listServicesResponse.service.map(({ name }) => name)).toContain('upgate.v1.CommandService');
    stream.end();
    reflection.close();
  });
});
