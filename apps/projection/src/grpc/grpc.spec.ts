import { on, once } from 'node:events';
import { credentials, loadPackageDefinition, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import type { Client, ClientReadableStream, GrpcObject, ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  PROTO_ROOT,
  statusMessage,
  type WireListEdgesResponse,
  type WireWatchSettingsResponse,
} from '#contract';
import { subjectsOf } from '#edge-feed';
import { eventually } from '../../../../test/support/condition.js';
import { ProjectionRig } from '../../../../test/support/projection-rig.js';

type Unary = (
  request: object,
  metadata: Metadata,
  done: (error: ServiceError | null, answer: unknown) => void,
) => void;

let rig: ProjectionRig;
let query: Client;
let audit: Client;

beforeAll(async () => {
  rig = await ProjectionRig.launch();
  await rig.log.create('chat', { secondaryHostnames: ['*.chat.example.com'] });
  await rig.log.create('static', { integration: 'partial' });
  await rig.log.create('old');
  await rig.log.disable('chat', { reason: 'abuse' });
  await rig.log.delete('old');
  query = client('query_service.proto', 'QueryService');
  audit = client('audit_service.proto', 'AuditService');
  await call(query, 'ListResources', {}, { after: '5' });
});

afterAll(async () => {
  query.close();
  audit.close();
  await rig.dispose();
});

function client(proto: string, service: string): Client {
  const definition = loadSync(`upgate/v1/${proto}`, {
    includeDirs: [PROTO_ROOT],
    longs: String,
    enums: String,
    defaults: true,
  });
  const { v1 } = loadPackageDefinition(definition)['upgate'] as GrpcObject;
  const Service = (v1 as GrpcObject)[service] as ServiceClientConstructor;
  return new Service(rig.grpc, credentials.createInsecure());
}

function metadataOf(entries: Record<string, string>): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(entries)) metadata.set(key, value);
  return metadata;
}

function call(
  service: Client,
  method: string,
  request: object,
  metadata: Record<string, string> = {},
): Promise<unknown> {
  const send = (service as Client & Record<string, Unary>)[method]!.bind(service);
  return new Promise((resolve, reject) =>
    send(request, metadataOf(metadata), (error, answer) => (error ? reject(error) : resolve(answer))),
  );
}

function watch(request: object): ClientReadableStream<WireWatchSettingsResponse> {
  const open = (
    query as Client & Record<string, (request: object) => ClientReadableStream<WireWatchSettingsResponse>>
  )['WatchSettings']!;
  const stream = open.call(query, request);
  stream.on('error', () => undefined);
  return stream;
}

describe('QueryService', () => {
  it('gives a resource', async () => {
    expect(await call(query, 'GetResource', { id: 'chat' })).toMatchObject({
      id: 'chat',
      integration: 'INTEGRATION_FULL',
      secondaryHostnames: ['*.chat.example.com'],
      websockets: {
        enabled: false,
        source: 'POLICY_SOURCE_EXPLICIT',
        openConnections: { mode: 'OPEN_CONNECTIONS_MODE_DRAIN', seconds: 30 },
      },
      revision: '2',
      position: '4',
    });
  });

  it('lists with filters and pages', async () => {
    const list = async (request: object) => {
      const { items, next } = (await call(query, 'ListResources', request)) as {
        items: { id: string }[];
        next: string;
      };
      return { ids: items.map(({ id }) => id), next };
    };
    expect(await list({})).toEqual({ ids: ['chat', 'static'], next: '' });
    expect((await list({ integration: 'INTEGRATION_PARTIAL' })).ids).toEqual(['static']);
    expect((await list({ websockets: true })).ids).toEqual([]);
    expect((await list({ hostname: 'x.chat.example.com' })).ids).toEqual(['chat']);
    const { next } = await list({ limit: 1 });
    expect((await list({ limit: 1, cursor: next })).ids).toEqual(['static']);
  });

  it('gives the policy of any moment', async () => {
    expect(await call(query, 'GetWebsockets', { id: 'chat', at: '1' })).toMatchObject({
      websockets: { enabled: true },
      revision: '1',
      position: '1',
    });
  });

  it('refuses with the codes of the table', async () => {
    await expect(call(query, 'GetResource', { id: 'nobody' })).rejects.toMatchObject({
      code: status.NOT_FOUND,
    });
    await expect(call(query, 'GetResource', { id: 'old' })).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
    });
    const error = await call(query, 'ListResources', { limit: 5000 }).catch(
      (reason: unknown) => reason as ServiceError,
    );
    const { code, details, metadata } = error as ServiceError;
    expect(code).toBe(status.INVALID_ARGUMENT);
    expect(details).toMatch('limit must be a whole number from 1 to 1000');
    expect(metadata.get('upgate-code')).toEqual(['request_invalid']);
    await expect(call(query, 'GetConvergence', { position: `${2n ** 63n}` })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
    await expect(call(query, 'ListEdges', {}, { after: '1000000', timeout: '1ms' })).rejects.toMatchObject({
      code: status.UNAVAILABLE,
    });
  });

  it('knows the edges and waits for them', async () => {
    expect(await call(query, 'ListEdges', {})).toEqual({ items: [] });
    expect(await call(query, 'GetConvergence', { position: '1', timeout: '1ms' })).toMatchObject({
      status: 'CONVERGENCE_STATUS_PENDING',
      required: 0,
    });
  });

  it('shows how far an edge is behind', async () => {
    const connection = rig.connect('edge-1');
    const { fleet } = rig.config;
    const description = { node: 'edge-1', region: 'eu', ring: 'one', version: '1.2.3', enforcer: 'none' };
    const nothing = { epoch: '', position: 0n, digest: '0'.repeat(32), openConnections: 0, error: '' };
    const identity = { instance: 'one', home: '' };
    const report = statusMessage.encode({ ...description, ...identity, ...nothing, leaving: false });
    const [edge] = await eventually('the edge to be listed', async () => {
      connection.publish(subjectsOf(fleet).status('edge-1'), report);
      const { items } = (await call(query, 'ListEdges', {})) as WireListEdgesResponse;
      return items.length > 0 && items;
    });
    const { items: history } = (await rig.get('/v1/audit')).body as { items: unknown[] };
    expect(edge).toMatchObject({
      verdict: 'VERDICT_BEHIND',
      lag: { changes: String(history.length), seconds: expect.any(Number) as number },
    });
    await connection.close();
    await rig.fetch('/v1/edges/edge-1', { method: 'DELETE' });
  });

  it('streams every resource first, then what changes', async () => {
    const stream = watch({});
    const changes = on(stream, 'data');
    const next = async () => (await changes.next()).value as [WireWatchSettingsResponse];
    const [first] = await next();
    expect(first.changed.map(({ id }) => id).toSorted()).toEqual(['chat', 'static']);
    expect(first.removed).toEqual([]);
    expect(first.digest).toMatch(/^[0-9a-f]{32}$/);
    const { position } = await rig.log.delete('static');
    const [second] = await next();
    expect(second).toMatchObject({ position: position.toString(), changed: [], removed: ['static'] });
    stream.cancel();
  });

  it('streams what changed after a position', async () => {
    const stream = watch({ after: '3' });
    const [first] = (await once(stream, 'data')) as [WireWatchSettingsResponse];
    expect(first.changed.map(({ id }) => id)).toEqual(['chat']);
    expect(first.removed).toEqual(expect.arrayContaining(['old']));
    stream.cancel();
  });

  it('streams resources with many long hostnames in messages that a client takes', async () => {
    const label = 'x'.repeat(60);
    const ids = Array.from({ length: 40 }, (_, index) => `large-${index}`);
    const secondaryHostnames = (id: string) =>
      Array.from({ length: 500 }, (_, index) => `${id}-${index}.${label}.${label}.test`);
    await Promise.all(ids.map((id) => rig.log.create(id, { secondaryHostnames: secondaryHostnames(id) })));
    const seen = new Set<string>();
    for await (const change of watch({}) as AsyncIterable<WireWatchSettingsResponse>) {
      for (const { id } of change.changed) seen.add(id);
      if (ids.every((id) => seen.has(id))) break;
    }
    expect([...seen]).toEqual(expect.arrayContaining(ids));
  });

  it('loses nothing for a slow reader', async () => {
    const ids = Array.from({ length: 3000 }, (_, index) => `slow-${index}`);
    const stream = watch({});
    stream.pause();
    const appended = await Promise.all(ids.map((id) => rig.log.create(id)));
    const end = appended.map(({ position }) => position).reduce((one, other) => (one > other ? one : other));
    const seen = new Set<string>();
    for await (const change of stream as AsyncIterable<WireWatchSettingsResponse>) {
      for (const { id } of change.changed) seen.add(id);
      if (BigInt(change.position) >= end) break;
    }
    expect(ids.filter((id) => !seen.has(id))).toEqual([]);
  });
});

describe('AuditService', () => {
  it('gives the history of one resource and of all', async () => {
    expect(await call(audit, 'ListHistory', { resource: 'chat' })).toMatchObject({
      items: [
        { type: 'WebsocketsDisabled', reason: 'abuse', before: { revision: '1' }, after: { revision: '2' } },
        { type: 'CdnResourceCreated', after: { revision: '1' } },
      ],
      next: '',
    });
    expect(await call(audit, 'ListAudit', { type: 'CdnResourceDeleted', resource: 'old' })).toMatchObject({
      items: [
        {
          resource: 'old',
          before: { revision: '1' },
          actor: { id: 'alice', kind: 'user', address: '127.0.0.1' },
        },
      ],
    });
    await expect(call(audit, 'ListHistory', { resource: 'nobody' })).rejects.toMatchObject({
      code: status.NOT_FOUND,
    });
  });
});
