import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HistoryItemJson, ProblemJson, ResourceJson } from '#contract';
import { ProjectionRig } from '../../../../test/support/projection-rig.js';

interface List<T> {
  items: T[];
  next: string | null;
}

let rig: ProjectionRig;
/** Of the last event that the set-up wrote. */
let head: bigint;

beforeAll(async () => {
  rig = await ProjectionRig.launch();
  const { log } = rig;
  await log.create('exact', { cname: 'a.wild.example', secondaryHostnames: ['b.example'] });
  await log.create('gone', { account: 'other' }, { actor: { id: 'bob', kind: 'service' } });
  await log.create('partial', { integration: 'partial', account: 'other' });
  await log.create('wild', { cname: '*.wild.example' });
  await log.disable('exact', {
    time: '2026-03-01T00:00:00.000Z',
    reason: 'abuse',
    correlationId: 'request-7',
  });
  await log.append('exact', { type: 'CommandHadNoEffect', data: { command: 'DisableWebsockets' } });
  ({ position: head } = await log.delete('gone'));
});

afterAll(() => rig.dispose());

async function list(query: string): Promise<List<ResourceJson>> {
  const { body } = await rig.get(`/v1/resources?after=${head}&${query}`);
  return body as List<ResourceJson>;
}

async function idsOf(query: string): Promise<string[]> {
  const { items } = await list(query);
  return items.map(({ id }) => id);
}

async function history(path: string): Promise<List<HistoryItemJson>> {
  const { body } = await rig.get(path);
  return body as List<HistoryItemJson>;
}

async function refusal(path: string): Promise<ProblemJson> {
  const { body, headers } = await rig.get(path);
  expect(headers.get('content-type')).toMatch('application/problem+json');
  return body as ProblemJson;
}

describe('GET /v1/resources', () => {
  it('lists the live ones by id', async () => {
    expect(await idsOf('')).toEqual(['exact', 'partial', 'wild']);
  });

  it('gives them page by page, and takes no notice of what is new before the cursor', async () => {
    const first = await list('limit=2');
    expect(first.items.map(({ id }) => id)).toEqual(['exact', 'partial']);
    head = (await rig.log.create('aaa')).position;
    const second = await list(`limit=2&cursor=${first.next}`);
    expect(second.items.map(({ id }) => id)).toEqual(['wild']);
    expect(second.next).toBeNull();
    head = (await rig.log.delete('aaa')).position;
  });

  it('filters', async () => {
    expect(await idsOf('websockets=off')).toEqual(['exact', 'partial']);
    expect(await idsOf('websockets=true')).toEqual(['wild']);
    expect(await idsOf('account=other')).toEqual(['partial']);
    expect(await idsOf('integration=full&websockets=on')).toEqual(['wild']);
  });

  it('finds who serves a hostname as an edge would', async () => {
    expect(await idsOf('hostname=A.WILD.example')).toEqual(['exact']);
    expect(await idsOf('hostname=x.y.wild.example')).toEqual(['wild']);
    expect(await idsOf('hostname=b.example&websockets=on')).toEqual([]);
    expect(await idsOf('hostname=gone.example.com')).toEqual([]);
  });

  it.each([
    ['limit=0', 'limit', 'must be a whole number from 1 to 1000'],
    ['limit=1001', 'limit', 'must be a whole number from 1 to 1000'],
    ['limit=ten', 'limit', 'must be a whole number from 1 to 1000'],
    ['websockets=maybe', 'websockets', 'must be on, off, true or false'],
    ['integration=half', 'integration', 'must be full or partial'],
    ['hostname=10.0.0.1', 'hostname', 'must be a name, not an address'],
    ['cursor=nonsense!', 'cursor', 'must be the `next` of a page before'],
    ['after=-1', 'after', 'must be a position: a decimal number such as 18, at most 9223372036854775807'],
    [
      'after=99999999999999999999',
      'after',
      'must be a position: a decimal number such as 18, at most 9223372036854775807',
    ],
    ['timeout=1h', 'timeout', 'must be a duration such as 250ms, 5s or 1m, from 0 ms to 60000 ms'],
    ['colour=red', 'colour', 'is not a known field'],
    ['limit=1&limit=2', 'limit', 'must be a whole number from 1 to 1000'],
  ])('refuses %s', async (query, field, message) => {
    expect(await refusal(`/v1/resources?${query}`)).toMatchObject({
      status: 400,
      code: 'request_invalid',
      errors: [{ field, message }],
    });
  });
});

describe('one resource', () => {
  it('is given with its revision as ETag and the position of the read model', async () => {
    const { status, headers, body } = await rig.get(`/v1/resources/exact?after=${head}`);
    expect(status).toBe(200);
    expect(headers.get('etag')).toBe('"3"');
    expect(BigInt(headers.get('upgate-position')!)).toBeGreaterThanOrEqual(head);
    expect(body).toMatchObject({
      id: 'exact',
      revision: 3,
      position: '6',
      websockets: { enabled: false, source: 'explicit', openConnections: { mode: 'drain', seconds: 30 } },
      updatedAt: '2026-03-01T00:00:00.000Z',
    });
  });

  it('is unknown, or deleted', async () => {
    expect(await refusal('/v1/resources/nobody')).toMatchObject({ status: 404, code: 'resource_unknown' });
    expect(await refusal('/v1/resources/gone')).toMatchObject({ status: 410, code: 'resource_deleted' });
  });

  it('has the policy of any moment', async () => {
    expect((await rig.get('/v1/resources/exact/websockets')).body).toEqual({
      enabled: false,
      source: 'explicit',
      openConnections: { mode: 'drain', seconds: 30 },
      revision: 2,
      position: '5',
    });
    const { body } = await rig.get('/v1/resources/exact/websockets?at=4');
    expect(body).toMatchObject({ enabled: true, source: 'default', revision: 1, position: '1' });
    const { body: then } = await rig.get('/v1/resources/exact/websockets?at=2026-03-01T00:00:00Z');
    expect(then).toMatchObject({ enabled: false });
    expect((await rig.get('/v1/resources/gone/websockets?at=2')).body).toMatchObject({ enabled: true });
    expect(await refusal('/v1/resources/wild/websockets?at=3')).toMatchObject({ code: 'resource_unknown' });
    expect(await refusal(`/v1/resources/gone/websockets?at=${head}`)).toMatchObject({
      code: 'resource_deleted',
    });
    for (const at of ['noon', '2026-11-31', '2026-02-30T00:00:00Z'])
      expect(await refusal(`/v1/resources/exact/websockets?at=${at}`)).toMatchObject({
        errors: [{ field: 'at' }],
      });
    expect(await refusal('/v1/resources/exact/websockets?at=99999999&timeout=1ms')).toMatchObject({
      code: 'read_model_behind',
    });
  });

  it('has a history, newest first, also when it is deleted', async () => {
    const exact = await history('/v1/resources/exact/history');
    expect(exact.items.map(({ type }) => type)).toEqual([
      'CommandHadNoEffect',
      'WebsocketsDisabled',
      'CdnResourceCreated',
    ]);
    expect(exact.items[1]).toMatchObject({
      position: '5',
      revision: 2,
      resource: 'exact',
      reason: 'abuse',
      requestId: 'request-7',
      actor: { id: 'alice', kind: 'user', address: '127.0.0.1' },
      before: { revision: 1, websockets: { enabled: true } },
      after: { revision: 2, websockets: { enabled: false } },
    });
    const gone = await history('/v1/resources/gone/history');
    expect(gone.items.map(({ type, after }) => [type, after === null])).toEqual([
      ['CdnResourceDeleted', true],
      ['CdnResourceCreated', false],
    ]);
    expect(await refusal('/v1/resources/nobody/history')).toMatchObject({ code: 'resource_unknown' });
  });
});

describe('GET /v1/audit', () => {
  const audit = (query: string) => history(`/v1/audit?${query}`);

  it('filters by actor, type, time and resource', async () => {
    expect((await audit('actor=bob')).items.map(({ resource }) => resource)).toEqual(['gone']);
    expect((await audit('type=WebsocketsDisabled')).items).toHaveLength(1);
    expect((await audit('to=2026-03-01T00:00:00.001Z&from=2026-03-01')).items).toHaveLength(1);
    expect((await audit('to=2026-03-01')).items).toHaveLength(0);
    expect((await audit('resource=exact&limit=1')).items).toHaveLength(1);
  });

  it('gives every event once, page by page', async () => {
    const positions: string[] = [];
    for (let next: string | null = ''; next !== null;) {
      const page: List<HistoryItemJson> = await audit(`limit=2${next && `&cursor=${next}`}`);
      positions.push(...page.items.map(({ position }) => position));
      ({ next } = page);
    }
    expect(positions).toEqual((await audit('')).items.map(({ position }) => position));
  });

  it('refuses a time that is none', async () => {
    expect(await refusal('/v1/audit?from=2026-03-01T00:00:00')).toMatchObject({
      errors: [{ field: 'from' }],
    });
    expect(await refusal('/v1/audit?from=yesterday')).toMatchObject({
      errors: [{ field: 'from', value: 'yesterday' }],
    });
  });
});

describe('?after=', () => {
  it('answers once the read model is there', async () => {
    const { position } = await rig.log.create('fresh');
    const { body } = await rig.get(`/v1/resources/fresh?after=${position}`);
    expect(body).toMatchObject({ id: 'fresh', position: position.toString() });
  });

  it('gives up at the end of the time', async () => {
    const far = await refusal('/v1/resources?after=1000000&timeout=1ms');
    expect(far).toMatchObject({ status: 503, code: 'read_model_behind' });
  });
});

describe('health', () => {
  it('is ready and measured once it has caught up', async () => {
    expect((await rig.get('/readyz')).body).toEqual({ status: 'ok' });
    const metrics = await (await rig.fetch('/metrics')).text();
    expect(metrics).toMatch(/upgate_projection_lag_positions 0/);
    expect(metrics).toMatch(/upgate_projection_events_folded_total \d+/);
  });
});

describe('GET /docs-json', () => {
  it('describes every route with its answer and its errors', async () => {
    const { body } = await rig.get('/docs-json');
    const { paths } = body as { paths: Record<string, Record<string, { responses: object }>> };
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { responses }]) => ({
        route: `${method.toUpperCase()} ${path}`,
        statuses: Object.keys(responses),
      })),
    );
    expect(routes.map(({ route }) => route).toSorted()).toEqual([
      'DELETE /v1/edges/{node}',
      'GET /v1/audit',
      'GET /v1/convergence/{position}',
      'GET /v1/edges',
      'GET /v1/resources',
      'GET /v1/resources/{id}',
      'GET /v1/resources/{id}/history',
      'GET /v1/resources/{id}/websockets',
      'GET /v1/stream',
    ]);
    for (const { route, statuses } of routes) {
      expect(
        statuses.filter((status) => status.startsWith('2')),
        route,
      ).toHaveLength(1);
      expect(statuses, route).toContain('500');
    }
  });
});
