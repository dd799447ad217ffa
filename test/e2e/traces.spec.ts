import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandAnswerJson } from '#contract';
import { eventually } from '../support/condition.js';
import { GrpcClient } from '../support/grpc-client.js';
import { OtlpCollector } from '../support/otlp-collector.js';
import type { ReceivedSpan } from '../support/otlp.js';
import { SplitSystem } from '../support/split.js';

const NODES = ['edge-1', 'edge-2'];
const SENT = 'send upgate.default.change';
const APPLIED = 'process upgate.default.change';

let collector: OtlpCollector;
let system: SplitSystem;
let client: GrpcClient;

beforeAll(async () => {
  collector = await OtlpCollector.start();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint };
  system = await SplitSystem.start(1, env);
  client = new GrpcClient(system.command.grpc, 'upgate.v1.CommandService', 'upgate/v1/command_service.proto');
  const agents = await Promise.all(NODES.map((node) => system.addAgent(node, env)));
  await system.send('POST', '/v1/resources', resource('chat'));
  await Promise.all(agents.map((agent) => agent.ready()));
  await system.allSame(NODES.length);
});
afterAll(async () => {
  client?.close();
  await system?.stop();
  await collector?.stop();
});

function resource(id: string) {
  return { id, cname: `${id}.test`, origin: 'http://127.0.0.1:9000', integration: 'full' };
}

/** As a caller makes it: the ids of its trace and span. */
function newTrace(sampled = true) {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${sampled ? '01' : '00'}` };
}

function put(path: string, body: object, headers: Record<string, string>): Promise<CommandAnswerJson> {
  return system.command
    .fetch(path, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
    .then((response) => response.json() as Promise<CommandAnswerJson>);
}

/** The spans of a trace when both nodes have told of their apply. */
function whole(traceId: string): Promise<ReceivedSpan[]> {
  return eventually(`the whole trace ${traceId}`, () => {
    const spans = collector.inTrace(traceId);
    return spans.filter(({ name }) => name === APPLIED).length === NODES.length && spans;
  });
}

/** The names from the first span down to this one. */
function pathTo(spans: ReceivedSpan[], span: ReceivedSpan): string[] {
  const parent = spans.find(({ spanId }) => spanId === span.parentId);
  return [...(parent ? pathTo(spans, parent) : []), `${span.service}: ${span.name}`];
}

async function overHttp(items: object[], headers: Record<string, string>): Promise<void> {
  const response = await system.command.fetch('/v1/websockets:batch', {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', ...headers },
    body: items.map((item) => JSON.stringify(item)).join('\n'),
  });
  expect(await response.text()).not.toContain('problem');
}

async function overGrpc(items: object[], metadata: Record<string, string>): Promise<void> {
  const stream = client.stream('BatchSetWebsockets', metadata);
  for (const item of items) stream.write({ item });
  stream.end();
  expect(await Array.fromAsync(stream)).toHaveLength(items.length);
}

describe('a trace', () => {
  it('goes from an HTTP request to the apply on every node', async () => {
    const { traceId, spanId, traceparent } = newTrace();
    const answer = await put('/v1/resources/chat/websockets', { enabled: false }, { traceparent });
    const spans = await whole(traceId);
    const applied = spans.filter(({ name }) => name === APPLIED);
    for (const span of applied)
      expect(pathTo(spans, span)).toEqual([
        'upgate-command: PUT /v1/resources/:id/websockets',
        'upgate-command: append',
        'upgate-projection: process log',
        `upgate-projection: ${SENT}`,
        `upgate-edge-agent: ${APPLIED}`,
      ]);
    expect(applied.map(({ attributes }) => String(attributes['upgate.node'])).toSorted()).toEqual(NODES);
    expect(applied.map(({ attributes }) => attributes['upgate.position'])).toEqual([
      answer.position,
      answer.position,
    ]);
    const request = spans.find(({ kind }) => kind === 2)!;
    expect(request.parentId).toBe(spanId);
    expect(request.attributes).toMatchObject({
      'http.request.method': 'PUT',
      'http.route': '/v1/resources/:id/websockets',
      'http.response.status_code': 200,
    });
  });

  it('goes from a gRPC call to the apply on every node', async () => {
    const { traceId, traceparent } = newTrace();
    await client.call('SetWebsockets', { id: 'chat', enabled: true }, { traceparent });
    const spans = await whole(traceId);
    const applied = spans.find(({ name }) => name === APPLIED)!;
    expect(pathTo(spans, applied)[0]).toBe('upgate-command: upgate.v1.CommandService/SetWebsockets');
    expect(spans.find(({ kind }) => kind === 2)!.attributes).toMatchObject({
      'rpc.system': 'grpc',
      'rpc.grpc.status_code': 0,
    });
  });

  it('is part of a change, or linked to one that it shares with others', async () => {
    const ids = Array.from({ length: 20 }, (_, number) => `shared-${number}`);
    await Promise.all(ids.map((id) => system.send('POST', '/v1/resources', resource(id))));
    const traces = ids.map(() => newTrace());
    await Promise.all(
      ids.map((id, number) =>
        put(
          `/v1/resources/${id}/websockets`,
          { enabled: false },
          { traceparent: traces[number]!.traceparent },
        ),
      ),
    );
    await eventually('every trace to be told of a change', () => {
      const sent = collector.spans.filter(({ name }) => name === SENT);
      const told = new Set(sent.flatMap(({ traceId, links }) => [traceId, ...links]));
      return traces.every(({ traceId }) => told.has(traceId));
    });
  });

  it.each([
    ['HTTP', 'POST /v1/websockets:batch', overHttp],
    ['gRPC', 'upgate.v1.CommandService/BatchSetWebsockets', overGrpc],
  ])('has all items of a batch over %s', async (protocol, name, send) => {
    const ids = ['a', 'b', 'c'].map((letter) => `${protocol.toLowerCase()}-${letter}`);
    for (const id of ids) await system.send('POST', '/v1/resources', resource(id));
    const { traceId, traceparent } = newTrace();
    await send(
      ids.map((id) => ({ id, enabled: false })),
      { traceparent },
    );
    const appends = await eventually('a span for each item', () => {
      const spans = collector.inTrace(traceId).filter((span) => span.name === 'append');
      return spans.length === ids.length && spans;
    });
    for (const append of appends)
      expect(pathTo(collector.inTrace(traceId), append)[0]).toBe(`upgate-command: ${name}`);
  });

  it('is not made where the caller does not sample', async () => {
    const { traceId, traceparent } = newTrace(false);
    await put('/v1/resources/chat/websockets', { enabled: true }, { traceparent });
    const next = newTrace();
    await put('/v1/resources/chat/websockets', { enabled: false }, { traceparent: next.traceparent });
    await whole(next.traceId);
    expect(collector.inTrace(traceId)).toEqual([]);
  });

  it('is begun here when the caller has none', async () => {
    const before = collector.spans.length;
    await put('/v1/resources/chat/websockets', { enabled: true }, { traceparent: 'not one' });
    await eventually('a trace of our own', () =>
      collector.spans.slice(before).some(({ name, parentId }) => name.startsWith('PUT ') && parentId === ''),
    );
  });
});
